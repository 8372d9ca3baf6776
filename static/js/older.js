// A page that shows an older branch keeps showing it: what is new elsewhere is told of, and never mixed in.
import { say } from "./say.js";

const NEWER = "Newer messages in another branch.";
const note = () => document.querySelector("#elsewhere[data-older]");

/** Says whether this page shows an older branch. */
export const isOlder = () => note() !== null;

/** Tells that something was written elsewhere. */
export function tellNewer() {
  const says = document.getElementById("elsewhere-says");
  if (!says || says.textContent === NEWER) return;
  says.textContent = NEWER;
  say(NEWER);
}

/** The branch goes on here, so it is the newest now. */
export function becomeNewest() {
  note()?.replaceChildren();
  note()?.removeAttribute("data-older");
  history.replaceState(history.state, "", location.pathname);
}

/** Goes to the newest branch. */
export function goToNewest() { location.assign(location.pathname); }
