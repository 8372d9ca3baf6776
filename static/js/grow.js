// `<hx-grow key at to>`: how an answer's text goes on. What is in it takes the place of the mark; the rest comes as
// <template to="region/child/child" as="swap style"> pieces; a bare <i> in it is the new mark, at byte `to`. It counts
// only where the page shows exactly `at` bytes of that answer; elsewhere nothing happens but a word that we are astray.
import { linkChips } from "./chips.js";
import { isOlder } from "./older.js";

htmx.registerExtension("headwater-grow", {
  htmx_process_grow(template, { ctx, tasks }) {
    const [key, at, to] = ["key", "at", "to"].map((name) => template.getAttribute(name));
    const mark = document.getElementById(`mark-${key}`);
    const pieces = [...template.content.children].filter((piece) => piece.tagName === "TEMPLATE");
    const targets = pieces.map((piece) => targetOf(piece, key, mark));
    if (!mark && isOlder()) return; // of an answer in another branch
    if (mark?.dataset.o !== at || targets.includes(null)) {
      document.dispatchEvent(new CustomEvent("headwater:astray"));
      return;
    }
    const add = (target, style, fragment) => {
      for (const place of fragment.querySelectorAll("i")) { // model text cannot hold one
        place.id = mark.id;
        place.className = "mark";
        place.dataset.o = to;
      }
      linkChips(fragment, mark);
      tasks.push({ type: "partial", fragment, target, swapSpec: { style }, sourceElement: ctx.sourceElement });
    };
    for (const piece of pieces) piece.remove();
    if (template.content.hasChildNodes()) add(mark, "outerHTML", template.content);
    pieces.forEach((piece, i) => add(targets[i], piece.getAttribute("as"), piece.content));
  },
});

function targetOf(piece, key, mark) {
  const way = piece.getAttribute("to");
  if (!way) return mark;
  const [start, ...steps] = way.split("/");
  return steps.reduce((element, nth) => element?.children[nth - 1] ?? null, document.getElementById(`r-${key}-${start}`));
}
