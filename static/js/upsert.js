// The swap style `forget`: a message goes, and the page asks what it is to show now; another branch may be the newest.
// The swap style `upsert`: a message replaces the one with its id, or goes where it belongs: below its parent, in the
// place of what followed there. A new message is always the newest, so a page follows it from branch to branch.
import { becomeNewest, isOlder, tellNewer } from "./older.js";

let api;

htmx.registerExtension("headwater-upsert", {
  init(internal) { api = internal; },
  handle_swap(style, target, fragment) {
    if (style === "forget") return forget(target);
    if (style !== "upsert") return false;
    return [...fragment.children].map((message) => put(target, message)).filter(Boolean);
  },
});

function forget(message) {
  message.remove();
  document.dispatchEvent(new CustomEvent("headwater:astray"));
  return [];
}

function put(transcript, message) {
  const old = document.getElementById(message.id);
  if (old) {
    const whole = document.createDocumentFragment();
    whole.append(message);
    api.morph(old, whole, false); // in place: selected text stays selected, and nothing jumps
    return old;
  }
  const last = transcript.lastElementChild;
  if (last && Number(last.dataset.seq) > Number(message.dataset.seq)) return null; // of a branch that is not shown
  const parent = last && message.dataset.parent ? parentOf(transcript, message) : null;
  if (isOlder()) {
    if (!parent || parent !== last) return tellNewer();
    becomeNewest();
  }
  if (parent) while (parent.nextElementSibling) parent.nextElementSibling.remove(); // another branch begins here
  else transcript.replaceChildren(); // and here one that begins before all that this page shows
  transcript.append(message);
  if (!parent && message.dataset.parent) document.dispatchEvent(new CustomEvent("headwater:astray"));
  return message;
}

function parentOf(transcript, message) {
  return transcript.querySelector(`[data-message="${CSS.escape(message.dataset.parent)}"]`);
}
