// What is typed and not sent yet: kept in this browser by person and place, with the id it may have been sent under.
// If it did arrive, sending it again under that id asks nothing twice. Another account of this browser never sees it.
const SENT = "sent-draft"; // which draft began the conversation that the next page shows

/** Names the draft of `form`: of its page, or of the question that is edited in it. */
export function draftOf(form) {
  const edited = form.elements.editing?.value;
  return `draft:${form.dataset.person}:${location.pathname}${edited ? `#${edited}` : ""}`;
}

/** Keeps a text with its id; an empty one is forgotten. */
export function keep(key, text, id) {
  if (text) localStorage.setItem(key, JSON.stringify([text, id]));
  else localStorage.removeItem(key);
}

/** Gives [text, id] as they were kept, or null. */
export function recall(key) { return JSON.parse(localStorage.getItem(key) ?? "null"); }

/** Notes that this draft goes off with a page that is left; `forgetSent` of the page that comes drops it. */
export function noteSent(key) { sessionStorage.setItem(SENT, key); }

/** Drops the draft that began what this page shows. */
export function forgetSent() {
  const key = sessionStorage.getItem(SENT);
  if (key) localStorage.removeItem(key);
  sessionStorage.removeItem(SENT);
}

/** Makes an id for a question that is sent now; crypto.randomUUID is for https alone. */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
