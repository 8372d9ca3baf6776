// Files on their way to the server: one after another, each with how far it is, a way to stop it, and what went wrong.
// They go to the API as they are; the list of what is there comes by the page's line.
import { say } from "./say.js";
import { NOT_REACHED } from "./trouble.js";

const SHOWN_MS = 3_000; // at most, between the end of a file and the line that tells of it

/** Sends `files` to where the form `add` says. `ended` is called with the documents that were added. */
export function sendFiles(add, files, ended = () => {}) {
  for (const file of files) waiting.push({ add, file, row: showRow(file), ended });
  if (!busy) next();
}

/** Says whether files are on their way. */
export const isSending = () => busy;

/** Lists what could not be added and was not dismissed: names, and what was wrong. */
export const failures = () => [...document.querySelectorAll("#uploads .failed")]
  .map((row) => [row.querySelector(".name").textContent, row.querySelector(".said").textContent]);

/** Shows what `failures` gave. */
export function showFailures(failed) {
  for (const [name, words] of failed) fail(showRow({ name }), words);
}

const waiting = [];
let busy = false;
let added = []; // since nothing was on its way

function next() {
  const job = waiting.shift();
  busy = job !== undefined;
  if (!job) return;
  send(job).then((document) => {
    if (document) added.push(document);
    if (!waiting.length) {
      const all = added;
      added = [];
      if (all.length) {
        say(all.length === 1 ? `${all[0].name} was added.` : `${all.length} documents were added.`);
        job.ended(all);
      }
    }
    next();
  });
}

function send({ add, file, row }) {
  const most = Number(add.dataset.most);
  if (most && file.size > most) return fail(row, `is larger than ${add.dataset.mostSaid}, which is as much as one may have.`);
  const address = new URL("/api/documents", location.href);
  const place = new URL(add.action).searchParams.get("conversation_id");
  if (place) address.searchParams.set("conversation_id", place === "new" ? added[0]?.conversation_id ?? place : place);
  address.searchParams.set("name", file.name || `Pasted ${new Date().toLocaleString()}.txt`);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest(); // fetch cannot tell how much has been sent
    const stop = () => request.abort();
    row.stop.addEventListener("click", stop);
    request.upload.addEventListener("progress", ({ loaded, total }) => show(row, total ? loaded / total : 0));
    request.upload.addEventListener("load", () => show(row, 1));
    request.addEventListener("abort", () => { row.element.remove(); resolve(null); });
    request.addEventListener("error", () => resolve(fail(row, NOT_REACHED)));
    request.addEventListener("load", () => {
      const answer = read(request.responseText);
      if (request.status !== 201) return resolve(fail(row, answer?.error?.message ?? "The server could not take it now."));
      leave(row, answer.id);
      return resolve(answer);
    });
    request.open("POST", address.pathname + address.search);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.send(file);
  });
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // somebody in between answered
  }
}

// ── its row ──

function showRow(file) {
  const element = document.createElement("li");
  const name = piece("span", "name", file.name);
  name.dir = "auto";
  const said = piece("span", "said", "waits…");
  const stop = piece("button", "button plain", "Stop");
  stop.type = "button";
  stop.setAttribute("aria-label", `Stop ${file.name}`);
  element.append(name, said, stop);
  document.getElementById("uploads").append(element);
  stop.addEventListener("click", () => {
    const at = waiting.findIndex((job) => job.row.element === element);
    if (at < 0) return;
    waiting.splice(at, 1);
    element.remove();
  });
  return { element, said, stop, bar: null };
}

function show(row, share) {
  if (!row.bar) {
    row.bar = document.createElement("progress");
    row.bar.setAttribute("aria-label", "Sent so far");
    row.said.before(row.bar);
  }
  row.bar.value = share;
  row.said.textContent = share < 1 ? `${Math.floor(share * 100)} %` : "is looked at…";
}

function fail(row, words) {
  const name = row.element.querySelector(".name").textContent;
  row.element.className = "failed";
  row.bar?.remove();
  row.said.textContent = words;
  const close = piece("button", "button plain", "Dismiss");
  close.type = "button";
  close.setAttribute("aria-label", `Dismiss: ${name}`);
  close.addEventListener("click", () => row.element.remove());
  row.stop.replaceWith(close);
  say(`${name}: ${words}`);
  return null;
}

/** Goes when the page shows the document itself, so that nothing jumps. */
function leave(row, id) {
  row.stop.remove();
  row.said.textContent = "is added…";
  const there = () => document.getElementById(`d-${id}`) || document.getElementById(`s-${id}`);
  const go = () => { watch.disconnect(); clearTimeout(late); row.element.remove(); };
  const watch = new MutationObserver(() => there() && go());
  const late = setTimeout(go, SHOWN_MS);
  watch.observe(document.body, { childList: true, subtree: true });
  if (there()) go();
}

function piece(tag, name, text) {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  return element;
}
