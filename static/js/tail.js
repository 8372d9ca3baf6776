// The live tail: on the page that asked, every token as it comes, before the server has stored and rendered it.
//
// The transcript itself changes by SSE alone, here as for every viewer. What this page has read beyond it (bytes after
// the `data-o` of the mark) is kept outside the swapped DOM and shown inside the mark, as plain text. Each swap moves
// or empties the mark; the observer runs before the next paint and puts the rest back, so nothing is seen twice and
// nothing flickers. When the tail fails, it goes: the page then reads what is stored, like any other.
import { justAsked } from "./asked.js";
import { showText } from "./chips.js";
import { healAt } from "./heal.js";
import { openStream } from "../stream.js";
import { tell } from "./trouble.js";

const BEHIND_MS = 2_000; // the stored text is ahead of us for that long: our line is the slower one
const LINGER_MS = 10_000; // after the end, until the last stored batch has come by SSE
const NOT_RESUMED = "The server could not go on with this answer now. Try again in a moment.";

let transcript, tail = null;

/** Puts the tail back after each swap, and drives what this page load itself has asked for. */
export function keepTail(where) {
  transcript = where;
  new MutationObserver(show).observe(transcript, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ["data-o"] });
  if (justAsked) {
    const asked = transcript.querySelector(".state.live");
    if (asked) drive(asked.dataset.stream);
  }
  transcript.addEventListener("submit", (event) => {
    const form = event.target.closest("form.continue");
    if (!form) return;
    event.preventDefault();
    tell("");
    drive(form.elements.stream_id.value, { resume: true });
  });
}

/** Starts the answer and reads it token by token, with one POST; a second drive takes the place of the first. */
export function drive(id, { resume = false } = {}) {
  tail?.close();
  tail = new Tail(id, resume);
}

class Tail {
  #behind = 0; #asked = false;

  constructor(id, resume) {
    this.id = id;
    // A resumed answer is read from where the page stands; its stored part is here already.
    const { length = 0, epoch: known } = this.#state()?.dataset ?? {}, offset = resume ? Number(length) : 0;
    this.stream = openStream({ id, drive: true, resume, offset, onChange: () => this.#soon() });
    this.stream.done.then(({ status, epoch }) => {
      setTimeout(() => this.close(), LINGER_MS);
      if (resume && status === "interrupted" && epoch <= Number(known)) tell(this.stream.refused?.message ?? NOT_RESUMED);
    });
  }

  close() {
    if (tail === this) tail = null;
    clearTimeout(this.#behind);
    this.stream.close();
    const mark = this.#mark();
    if (mark) mark.textContent = "";
  }

  /** Shows at the mark what is known beyond it. */
  show() {
    const mark = this.#mark();
    if (!mark) return;
    const stored = Number(mark.dataset.o);
    // What was read before a takeover may not be what is written since: our line learns of it a moment later.
    const old = Number(this.#state().dataset.epoch) > this.stream.epoch;
    const known = !old && stored >= this.stream.from; // a page may hold back some of what it was given
    const text = known && stored < this.stream.length ? this.stream.after(stored) : "";
    const offered = mark.closest("pre") ? 0 : Number(mark.closest(".text").dataset.offered ?? 0); // sources it may cite
    showText(mark, healAt(mark, text, offered), offered);
    this.#doubt(stored > this.stream.length);
  }

  #state() { return transcript.querySelector(`.state[data-stream="${CSS.escape(this.id)}"]`); }

  #mark() { return this.#state()?.parentElement.querySelector(":scope > .text .mark"); } // not that of what is thought

  #soon() { // tokens come faster than frames
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => { this.#asked = false; this.show(); });
  }

  #doubt(behind) {
    if (!behind) { clearTimeout(this.#behind); this.#behind = 0; }
    else if (!this.#behind) this.#behind = setTimeout(() => this.close(), BEHIND_MS);
  }
}

function show() { tail?.show(); }
