// Chips: `[1]` in an answer, as a link to what it rests on. In what the page is sent as an answer grows each is a bare
// `<b>1</b>`, which a text can hold in no other way; here it becomes what the server writes into a whole page.
const MARK = /\[\d{1,3}(?:[ \t]*,[ \t]*\d{1,3}){0,15}\](?!\()/g;
const HALF = /\[(?:\d{1,3}[ \t]*,[ \t]*)*\d{0,3}[ \t]*$/;

/** Puts links for the bare chips in `fragment`, which is of the message that has `element`. */
export function linkChips(fragment, element) {
  const bare = fragment.querySelectorAll("b");
  if (!bare.length) return;
  const message = element.closest("[data-message]").dataset.message;
  for (const chip of bare) {
    const number = chip.textContent, link = document.createElement("a");
    const parts = { class: "chip", href: `?source=${message}.${number}`, "data-n": number, "aria-label": `Source ${number}` };
    for (const [name, value] of Object.entries(parts)) link.setAttribute(name, value);
    link.textContent = `[${number}]`;
    chip.replaceWith(link);
  }
}

/** Writes the marks of a text, which may cite the numbers up to `offered`, one by one; leaves out the half of one at its end. */
export function splitMarks(text, offered) {
  if (!offered) return text;
  return text.replace(HALF, "").replace(MARK, (mark) => mark.slice(1, -1).split(",").map((number) => `[${Number(number)}]`).join(""));
}

/** Shows plain text in `element`, with its marks up to `offered` looking as they will when they are links. */
export function showText(element, text, offered) {
  if (element.textContent === text) return;
  const pieces = offered ? text.split(/\[(\d{1,3})\]/) : [text];
  element.replaceChildren(...pieces.flatMap((piece, i) => {
    if (i % 2 === 0) return piece || [];
    if (piece < 1 || piece > offered) return `[${piece}]`;
    const chip = Object.assign(document.createElement("b"), { className: "chip", textContent: `[${piece}]` });
    chip.dataset.n = piece;
    return chip;
  }));
}
