// The one region that a screen reader hears; each text is said once.
const region = document.getElementById("status");

/** Says `text`, also when it is what was said before. */
export function say(text) {
  region.textContent = "";
  requestAnimationFrame(() => { region.textContent = text; });
}
