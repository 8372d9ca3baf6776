// Lets the keyboard reach what is wider than its column: code, tables and formulas that scroll sideways.
import { dressAll } from "./blocks.js";

const WIDE = "pre:not(:has(.mark)) > code, .prose table:not(:has(.mark)), .prose :is(div.math, .math.display).set"; // whole ones

/** Makes each of them in `transcript` a stop for the Tab key while it scrolls, now and as they come. */
export function letKeysReach(transcript) {
  let scrolls = new WeakMap(); // whether each does, since it was measured
  const stop = (element) => scrolls.get(element) ? element.setAttribute("tabindex", "0") : element.removeAttribute("tabindex");
  const look = dressAll(transcript, WIDE, {
    known(element) {
      if (!scrolls.has(element)) return false;
      if (scrolls.get(element) !== element.hasAttribute("tabindex")) stop(element); // it was sent again, without it
      return true;
    },
    dress(element) {
      scrolls.set(element, element.scrollWidth > element.clientWidth);
      stop(element);
    },
  });
  addEventListener("resize", () => { scrolls = new WeakMap(); look(); });
}
