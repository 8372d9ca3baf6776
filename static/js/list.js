// The list at the side: a menu for each item, older ones in place. The list itself comes by the page's line.
import { say } from "./say.js";

const GAP = 4; // px between the menu and what opened it
const LATER_MS = 1_000; // older ones are read again when the list has been still for so long

/** Tends `list`; does nothing on a page that shows none. */
export function tendList(list) {
  if (!list) return;
  const menu = document.getElementById("menu");
  const now = document.getElementById("list-now");
  const older = document.getElementById("list-older");
  const notice = document.getElementById("notice");

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-menu], a[data-older]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.dataset.older) loadOlder(link);
    else open(link);
  });

  async function open(link) {
    menu.replaceChildren();
    await load(link.href, menu);
    if (!menu.hasChildNodes()) return location.assign(link.href); // its page says what is wrong
    menu.showPopover();
    place(menu, link.getBoundingClientRect());
    const first = menu.querySelector(matchMedia("(hover: none)").matches ? "button, a" : "input, button, a");
    first?.focus(); // a name to write; where that would bring up a keyboard, what is pressed
    first?.select?.();
    return undefined;
  }

  async function loadOlder(link) {
    const before = older.querySelectorAll("li").length;
    link.remove();
    const place = document.createElement("div");
    older.append(place);
    await load(link.dataset.older, place);
    if (!place.hasChildNodes()) return location.assign(link.href);
    older.querySelectorAll("li > a:first-child")[before]?.focus();
    drop();
    return undefined;
  }

  function drop() { // what has moved up is not shown twice
    for (const entry of older.querySelectorAll("li")) {
      if (now.querySelector(`a[href="${entry.querySelector("a").getAttribute("href")}"]`)) entry.remove();
    }
  }

  let later = 0;
  new MutationObserver(() => {
    if (!older.hasChildNodes()) return;
    now.querySelector("[data-older]")?.setAttribute("hidden", "");
    drop();
    clearTimeout(later);
    later = setTimeout(refresh, LATER_MS);
  }).observe(now, { childList: true, subtree: true, characterData: true });

  async function refresh() { // the first page of the older ones; who wants more asks for them again
    const first = now.querySelector("[data-older]");
    if (!first || older.contains(document.activeElement)) return;
    const place = document.createElement("div");
    await load(first.dataset.older, place);
    if (!place.hasChildNodes()) return;
    older.replaceChildren(place);
    drop();
  }

  menu.addEventListener("htmx:after:request", ({ target, detail: { ctx } }) => {
    if (target !== menu && ctx.response.status < 400) menu.hidePopover();
  });
  menu.addEventListener("toggle", ({ newState }) => { if (newState === "closed") menu.replaceChildren(); });
  const tellNotice = () => { // above all else: on a phone the list is a drawer that covers the page
    const told = notice.textContent.trim();
    if (!told) return notice.matches(":popover-open") && notice.hidePopover();
    if (!notice.matches(":popover-open")) notice.showPopover();
    say(notice.querySelector("span").textContent);
    notice.querySelector("button").focus(); // what one stood on is going
    return undefined;
  };
  new MutationObserver(tellNotice).observe(notice, { childList: true });
  notice.addEventListener("click", ({ target }) => { if (target.closest("[data-dismiss]")) notice.replaceChildren(); });
}

async function load(address, target) {
  await htmx.ajax("GET", address, { target, swap: "innerHTML" }).catch(() => {});
}

/** Puts the menu beside what opened it, inside the window. */
function place(menu, { left, right, top, bottom }) {
  const { width, height } = menu.getBoundingClientRect();
  const fits = (at, size, room) => Math.max(GAP, Math.min(at, room - size - GAP));
  const below = bottom + GAP + height < innerHeight;
  menu.style.inset = "auto";
  menu.style.left = `${fits(right + width + GAP < innerWidth ? left : right - width, width, innerWidth)}px`;
  menu.style.top = `${fits(below ? bottom + GAP : top - height - GAP, height, innerHeight)}px`;
}
