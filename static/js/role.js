// What one may do in somebody else's conversation, while its page is open: the line tells when its owner changes it.
// All that depends on it is on the page, and shows by a class of the body; the server decides, whatever is shown.
import { say } from "./say.js";

const WORDS = { ask: "You may ask here now.", read: "You read along here now, and cannot ask." };

/** Says whether one may ask here now. */
export const mayAsk = () => document.body.classList.contains("may-ask");

/** Follows what the line `holder` tells of it. */
export function heedRole(holder) {
  holder?.addEventListener("role", ({ detail: { data } }) => {
    if (!(data in WORDS) || (data === "ask") === mayAsk()) return;
    document.body.classList.toggle("may-ask", data === "ask");
    say(WORDS[data]);
  });
}
