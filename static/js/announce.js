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
    const text = now.live ? "" : spoken(textOf(now.state)).trim();
    say(`${now.state.dataset.say}. ${text.length > MOST ? `${text.slice(0, MOST)}…` : text}`);
  };
  new MutationObserver(look).observe(transcript, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-say"] });
  look();
}

function textOf(state) { return state.parentElement.querySelector(":scope > .text"); }

/** Gives the text as it is read out: a formula by its TeX, no buttons, no numbers of sources, a breath between blocks. */
function spoken(text) {
  const walk = document.createTreeWalker(text, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT, (node) => {
    if (node.nodeType === Node.TEXT_NODE) return NodeFilter.FILTER_ACCEPT;
    if (node.matches("button, .katex-html, mrow, .chip")) return NodeFilter.FILTER_REJECT;
    return node.matches("p, li, pre, blockquote, h1, h2, h3, h4, h5, h6, tr, td, th, br, div") ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_SKIP;
  });
  let said = "";
  while (said.length <= MOST && walk.nextNode()) said += walk.currentNode.nodeType === Node.TEXT_NODE ? walk.currentNode.data : "\n";
  return said;
}

function newest(transcript) {
  const state = transcript.lastElementChild?.querySelector(":scope > .state");
  return state && { state, live: state.classList.contains("live"), said: state.id + state.dataset.say };
}
