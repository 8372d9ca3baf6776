// Colours a code block when it is complete. A worker reads the code, so that no code can hold up the page; what comes
// back is places and kinds, out of which spans are made: the text stays what it is, and is never read as HTML.
import { dressAll, Kept } from "./blocks.js";

const MOST = 20_000; // characters: a longer block stays plain
const PATIENCE_MS = 3_000; // then the worker is hung up on some code, and a new one takes its place
const WAITS = 6; // in which the patience is counted: a machine that stood still for long has waited once
const kept = new Kept();
let worker = null;

/** Colours the finished code blocks of `transcript`, now and as they come. */
export function colourCode(transcript) {
  if (window.Worker) dressAll(transcript, "pre:not(:has(.mark)) > code[class^='language-']", { known, dress });
}

function known(code) {
  if (code.firstElementChild || code.textContent.length > MOST) return true;
  const pieces = kept.get(nameOf(code));
  if (pieces) put(code, pieces);
  return Boolean(pieces);
}

async function dress(code) {
  const name = nameOf(code);
  const pieces = await read(code.className.slice("language-".length), code.textContent);
  kept.set(name, pieces);
  if (code.isConnected && nameOf(code) === name) put(code, pieces);
}

function nameOf(code) { return `${code.className} ${code.textContent}`; }

/** Starts a worker; `begun` says whether it came, for a slow line is not the fault of some code. */
function hire() {
  const one = new Worker(new URL("./colour_worker.js", import.meta.url), { type: "module" });
  one.begun = new Promise((resolve) => {
    one.onmessage = () => resolve(true);
    one.onerror = () => resolve(false);
  });
  return one;
}

/** Gives [length, kind] pairs for the whole text; none when the language is not known. */
async function read(language, text) {
  worker ??= hire();
  const mine = worker;
  if (!await mine.begun) {
    if (worker === mine) worker = null;
    return [];
  }
  return new Promise((resolve) => {
    let waits = 0;
    const done = (pieces) => { clearInterval(timer); resolve(pieces); };
    const giveUp = () => {
      mine.terminate();
      if (worker === mine) worker = null;
      done([]);
    };
    const timer = setInterval(() => { if (++waits === WAITS) giveUp(); }, PATIENCE_MS / WAITS);
    mine.onmessage = ({ data }) => done(data);
    mine.onerror = giveUp;
    mine.postMessage([language, text]);
  });
}

function put(code, pieces) {
  if (!pieces.length || isSelected(code)) return;
  const text = code.textContent, coloured = document.createDocumentFragment();
  let at = 0;
  for (const [length, kind] of pieces) {
    const piece = text.slice(at, at += length);
    if (!kind) { coloured.append(piece); continue; }
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = piece;
    coloured.append(span);
  }
  if (at === text.length) code.replaceChildren(coloured);
}

/** Says whether the reader has selected some of it: that must not be taken away. It is coloured after the next change. */
function isSelected(code) {
  const selection = getSelection();
  return !selection.isCollapsed && selection.rangeCount > 0 && selection.getRangeAt(0).intersectsNode(code);
}
