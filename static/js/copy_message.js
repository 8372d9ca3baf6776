// Copies a message: a question as it was typed, an answer as the Markdown that is stored.
import { tell } from "./trouble.js";

const DONE_MS = 1_500;

/** Minds the copy buttons of the messages in `transcript`. */
export function offerMessageCopies(transcript) {
  transcript.addEventListener("click", async (event) => {
    const button = event.target.closest(".copy-text");
    if (!button) return;
    const copied = await copy(sourceOf(button.closest(".message"))).then(() => true, () => false);
    if (!copied) return tell("This could not be copied. Select it and copy it yourself.");
    button.classList.add("copied");
    setTimeout(() => button.classList.remove("copied"), DONE_MS);
    return undefined;
  });
}

/** Gives a promise of the text; the page has an answer only as HTML. */
async function sourceOf(message) {
  const state = message.querySelector(":scope > .state");
  if (!state) return message.querySelector(":scope > .text").textContent;
  const token = /^\/s\/([^/]+)/.exec(location.pathname)?.[1]; // a live link's reader has no cookie
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const answer = await fetch(`/api/streams/${state.dataset.stream}`, { headers });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return (await answer.json()).text + sourcesOf(message);
}

/** Writes what the numbers in an answer stand for. */
function sourcesOf(message) {
  const names = [...message.querySelectorAll(":scope > .sources .cited")].map((source) => source.ariaLabel.replace(/^Source (\d+):/, "[$1]"));
  return names.length ? `\n\nSources:\n\n${names.join("\n")}\n` : "";
}

/** Writes what is promised; Safari takes it only as a promise, made while the finger is still down. */
async function copy(promised) {
  if (navigator.clipboard?.write && window.ClipboardItem) {
    const item = promised.then((text) => new Blob([text], { type: "text/plain" }));
    return navigator.clipboard.write([new ClipboardItem({ "text/plain": item })]);
  }
  const shown = document.body.appendChild(Object.assign(document.createElement("textarea"), { value: await promised }));
  shown.select(); // plain http in a local network: there is no clipboard API
  const copied = document.execCommand("copy");
  shown.remove();
  if (!copied) throw new Error("The browser did not copy it.");
  return undefined;
}
