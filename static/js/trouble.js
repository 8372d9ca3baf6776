// What a person is told when a form of the page comes to nothing.
import { say } from "./say.js";

export const NOT_REACHED = "The server could not be reached.";

/** Puts a refusal in words: the server's own, where it sent some. */
export function refusal({ response: { status, headers }, text }) {
  if (headers.get("Content-Type")?.startsWith("text/plain") && text) return text;
  if (status === 404) return "This conversation is gone, or was never yours.";
  if (status === 401 || status === 403) return "You may read here, but not ask or change anything.";
  if (status === 413) return "That is too long to send.";
  return "The server could not do this now. Try again in a moment.";
}

/** Says it where one looks: above the field in which one asks. */
export function tell(text, place = document.getElementById("trouble")) {
  if (!place) return;
  place.textContent = text;
  if (text) say(text);
}

/** Tells what became of the small forms (stop, try again, share); the composer speaks for itself. */
export function tellTrouble() {
  const answer = (form, text) => {
    if (form.id !== "composer") tell(text, form.closest(".panel")?.querySelector(".trouble") ?? undefined);
  };
  document.addEventListener("htmx:error", ({ target }) => { if (target.matches?.("form")) answer(target, NOT_REACHED); });
  document.addEventListener("htmx:after:request", ({ target, detail: { ctx } }) => {
    if (target.matches?.("form")) answer(target, ctx.response.status < 400 ? "" : refusal(ctx));
  });
}
