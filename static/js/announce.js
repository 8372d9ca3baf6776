// Tells a screen reader that an answer began and how it ended, and reads the finished text once.
import { say } from "./say.js";

const MOST = 2_000; // characters read out; the rest is on the page

/** Watches the newest answer in `transcript`. */
export function announceAnswers(transcript) {
  const first = newest(transcript);
  let before = first?.live ? null : first?.said; // what was over before we came is nobody's news
  const look = () => {
    const now = newest(transcript);
    if (!now || now.said === before) return;
    before = now.said;
    const text = now.live ? "" : now.state.previousElementSibling.innerText.trim();
    say(`${now.state.dataset.say}. ${text.length > MOST ? `${text.slice(0, MOST)}…` : text}`);
  };
  new MutationObserver(look).observe(transcript, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-say"] });
  look();
}

function newest(transcript) {
  const state = transcript.lastElementChild?.querySelector(":scope > .state");
  return state && { state, live: state.classList.contains("live"), said: state.id + state.dataset.say };
}
