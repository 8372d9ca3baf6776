// What a number in an answer stands for, on a card beside it: for who points at it, comes to it with the keyboard, or
// presses it. The passage is asked for only then. Without this, and in a new tab, the same link leads to a page.
import { dressAll } from "./blocks.js";

const HOVER_MS = 250; // passing over is no question
const LEAVE_MS = 250; // the way from the number to the card
const PATIENCE_MS = 200; // a card that opens with its text does not change its size
const KEPT = 60; // passages of finished answers
const GAP = 8; // px
const SHEET = matchMedia("(max-width: 40rem)"); // there the card is the screen's lower part
const NOT_THERE = "This source is not there any more.";
const NOT_READ = "This source could not be read. Try again in a moment.";

const card = Object.assign(document.createElement("div"), { id: "source", className: "source-card", popover: "auto", tabIndex: -1 });
card.setAttribute("role", "dialog");
card.ariaLabel = "Source";
const kept = new Map();
let shown = null, isHeld = false; // the number whose card is open; whether it stays until it is sent away
let wanted = null; // what is about to be shown
let pressed = null; // the number whose card was open when the pointer went down on it
let timer = 0;

/** Opens cards for the numbers and the sources of `transcript`, and gives the numbers names that can be read out. */
export function showSources(transcript) {
  document.body.append(card);
  transcript.addEventListener("pointerover", ({ target, pointerType }) => {
    const number = target.closest(".chip[href]");
    if (!number || pointerType !== "mouse" || isHeld) return;
    clearTimeout(timer);
    if (number !== shown) timer = setTimeout(open, HOVER_MS, number);
  });
  transcript.addEventListener("pointerout", ({ target }) => { if (target.closest(".chip")) leave(); });
  card.addEventListener("pointerenter", () => clearTimeout(timer));
  card.addEventListener("pointerleave", leave);
  transcript.addEventListener("focusin", ({ target }) => { if (target.matches(".chip[href]:focus-visible") && target !== shown) open(target); });
  for (const part of [transcript, card]) part.addEventListener("focusout", lose);
  transcript.addEventListener("pointerdown", ({ target }) => { pressed = isHeld && target.closest(".chip, .cited") === shown ? shown : null; });
  transcript.addEventListener("click", (event) => {
    const number = event.target.closest(".chip[href], .cited");
    if (!number || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (event.detail && pressed === number) close(); // pressed a second time; a key goes into the card
    else open(number, { hold: true, enter: !event.detail });
  });
  card.addEventListener("toggle", () => { if (!card.matches(":popover-open")) forget(); });
  addEventListener("resize", () => { if (shown?.isConnected) place(); else close(); });
  nameChips(transcript);
}

/** Gives each chip the name that the list below its answer has for its number. */
function nameChips(transcript) {
  dressAll(transcript, ".text .chip[href]", {
    known(chip) {
      if (shown && !shown.isConnected) close(); // swapped away: the pointer will never leave it
      const list = chip.closest(".message").querySelector(":scope > .sources");
      const name = list?.querySelector(`[data-n="${CSS.escape(chip.dataset.n)}"]`)?.ariaLabel;
      if (name && chip.ariaLabel !== name) chip.ariaLabel = name;
      return true;
    },
    dress() {},
  });
}

/** Opens the card of a number. `hold`: until it is sent away. `enter`: the keyboard goes into it. */
async function open(number, { hold = false, enter = false } = {}) {
  clearTimeout(timer);
  if (!hold && document.querySelector(":popover-open:not(#source), dialog[open]")) return; // a glance closes nothing
  const mine = wanted = { number };
  const passage = read(number);
  if (number !== shown) {
    const soon = new Promise((resolve) => { setTimeout(resolve, PATIENCE_MS, null); });
    const content = await Promise.race([passage, soon]);
    if (wanted !== mine || !number.isConnected) return;
    fill(number, content);
    shown?.classList.remove("open");
    shown = number;
    shown.classList.add("open");
    if (!card.matches(":popover-open")) card.showPopover({ source: number });
    place();
    if (!content) passage.then((late) => {
      if (shown !== number) return;
      fill(number, late);
      place();
    });
  }
  isHeld = hold;
  if (enter) card.focus();
}

/** Shows a passage, or while it is on its way whose it will be. */
function fill(number, content) {
  card.replaceChildren(content ?? words("Reading…"));
  card.ariaBusy = content ? null : "true";
  const name = card.querySelector("[data-name]")?.dataset.name ?? `Source ${number.dataset.n}`;
  card.ariaLabel = name;
  if (number.matches(".chip")) number.ariaLabel = name;
  card.scrollTop = 0;
  const mark = card.querySelector("mark"), text = mark?.parentElement;
  if (mark) text.scrollTop = mark.offsetTop - text.offsetTop - text.clientHeight / 3; // the words that count
}

/** Puts the card below its number, or above it where there is more room; on a small screen style sheets do. */
function place() {
  for (const side of ["left", "top", "max-height"]) card.style.removeProperty(side);
  if (SHEET.matches) return;
  const at = shown.getClientRects()[0] ?? shown.getBoundingClientRect(), { width, height } = card.getBoundingClientRect();
  const below = innerHeight - at.bottom - 2 * GAP, above = at.top - 2 * GAP;
  const isBelow = height <= below || below >= above, room = Math.max(isBelow ? below : above, 160);
  const left = Math.min(Math.max(at.left + at.width / 2 - width / 2, GAP), innerWidth - width - 2 * GAP);
  const top = isBelow ? at.bottom + GAP : at.top - GAP - Math.min(height, room);
  card.style.left = `${left + scrollX}px`; // of the document, not of the window: it goes along with the text
  card.style.top = `${top + scrollY}px`;
  card.style.maxHeight = `${room}px`;
}

function leave() {
  clearTimeout(timer);
  timer = setTimeout(() => { if (!isHeld && !shown?.matches(":focus-visible")) close(); }, LEAVE_MS);
}

/** The keyboard goes elsewhere: so does the card, but for one that the pointer holds. */
function lose({ currentTarget, relatedTarget }) {
  if (!shown || relatedTarget === shown || card.contains(relatedTarget)) return;
  if (currentTarget === card ? relatedTarget : !isHeld) close();
}

function close() {
  wanted = null;
  if (card.matches(":popover-open")) card.hidePopover();
}

/** It was closed, here or by Escape or a press elsewhere: the keyboard goes back to where it came from. */
function forget() {
  clearTimeout(timer);
  const number = shown, isLost = !document.activeElement || document.activeElement === document.body;
  if (isHeld && isLost && number?.isConnected) number.focus({ preventScroll: true }); // `shown` still: it does not open again
  number?.classList.remove("open");
  shown = null;
  isHeld = false;
}

/** Gives a promise of what the card shows. */
async function read(number) {
  const message = number.closest("[data-message]"), isLive = message.querySelector(":scope > .state.live");
  const address = `${location.pathname}/messages/${message.dataset.message}/sources/${number.dataset.n}`;
  if (!kept.has(address) || isLive) { // while an answer grows, nobody knows yet which sentence it rests on
    const answer = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok) return words(answer?.status === 404 ? NOT_THERE : NOT_READ);
    kept.set(address, await answer.text());
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  }
  const html = kept.get(address);
  if (isLive) kept.delete(address);
  const made = document.createElement("template");
  made.innerHTML = html; // written and escaped by the server, as all that htmx swaps
  return made.content;
}

function words(text) { return Object.assign(document.createElement("p"), { className: "source-note", textContent: text }); }
