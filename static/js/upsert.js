// The swap style `upsert`: a message replaces the one with its id, or goes where it belongs.
let api;

htmx.registerExtension("headwater-upsert", {
  init(internal) { api = internal; },
  handle_swap(style, target, fragment) {
    if (style !== "upsert") return false;
    return [...fragment.children].map((message) => put(target, message)).filter(Boolean);
  },
});

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
  const parent = transcript.querySelector(`[data-message="${CSS.escape(message.dataset.parent ?? "")}"]`);
  if (parent) while (parent.nextElementSibling) parent.nextElementSibling.remove(); // another branch begins here
  transcript.append(message);
  return message;
}
