// Keys for those who would rather not reach for the mouse. None acts while one types, or with Ctrl, Alt or Cmd; who
// speaks to the computer, or rests a hand on it, can turn them off in the help sheet.
const OFF = "keys-off";

const KEYS = {
  "?": () => document.getElementById("help")?.showPopover(),
  "/": () => reach(document.querySelector("#search, [data-key='/']")),
  a: () => reach(document.getElementById("ask")),
  n: () => document.querySelector(".list-new a")?.click(),
  l: () => document.getElementById("latest")?.click(),
  c: () => [...document.querySelectorAll(".message.assistant .copy-text")].at(-1)?.click(),
};

/** Listens for the keys of the help sheet. */
export function listenForKeys() {
  const choice = document.getElementById("keys-on");
  if (choice) {
    choice.checked = !localStorage.getItem(OFF);
    choice.addEventListener("change", () =>
      choice.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "yes"));
  }
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing || event.defaultPrevented) return;
    if (!Object.hasOwn(KEYS, event.key) || isTyping(event.target) || localStorage.getItem(OFF)) return;
    if (document.querySelector(":popover-open, dialog[open]")) return;
    event.preventDefault(); // the key's own letter must not land in the field
    KEYS[event.key]();
  });
}

function isTyping(element) {
  return element.isContentEditable || element.matches?.("input, textarea, select");
}

function reach(field) {
  if (!field) return;
  if (!field.checkVisibility()) field.closest("[popover]")?.showPopover(); // on a phone the list is a drawer
  field.focus();
}
