// Tells a screen reader that an answer began and how it ended, and reads the finished text once.
import { say } from "./say.js";

const MOST = 2_000; // characters read out; the rest is on the page

/** Watches the newest answer in `transcript`. */
export function announceAnswers(transcript) {
  let before = newest(transcript)?.say;
  new MutationObserver(() => {
    const now = newest(transcript);
    if (!now || now.say === before) return;
    before = now.say;
    const live = now.state.classList.contains("live");
    const text = live ? "" : now.state.previousElementSibling.textContent.trim();
    say(`${now.state.dataset.say}. ${text.length > MOST ? `${text.slice(0, MOST)}…` : text}`);
  }).observe(transcript, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-say"] });
}

function newest(transcript) {
  const state = transcript.lastElementChild?.querySelector(":scope > .state");
  return state && { state, say: state.id + state.dataset.say };
}
