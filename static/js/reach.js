// Lets the keyboard reach what is wider than its column: code, tables and formulas that scroll sideways.
import { dressAll } from "./blocks.js";

/** Makes each of them in `transcript` a stop for the Tab key while it scrolls, now and as they come. */
export function letKeysReach(transcript) {
  let measured = new WeakSet();
  const look = dressAll(transcript, "pre:not(:has(.mark)) > code, .prose table, .prose :is(div.math, .math.display).set", {
    known: (element) => measured.has(element),
    dress(element) {
      measured.add(element);
      if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
      else element.removeAttribute("tabindex");
    },
  });
  addEventListener("resize", () => { measured = new WeakSet(); look(); });
}
