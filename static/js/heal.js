// Plain text out of Markdown that is not rendered yet: what the tail shows for the half second until the server's HTML
// is there. Nobody should see `**`, half a link or a table's pipes flash by; the words stay, in their order.
import { splitMarks } from "./chips.js";

const LINES = [
  [/^ {0,3}#{1,6}(?:[ \t]+|$)/gm, ""],
  [/^ {0,3}(?:>[ \t]?)+/gm, ""],
  [/^[ \t]*(?:[-*_=][ \t]*){3,}$/gm, ""],
  [/^([ \t]*)[-*+][ \t]+(?:\[( |x|X)\][ \t]+)?/gm, (_, indent, done) => `${indent}${done === undefined ? "•" : done === " " ? "☐" : "☑"} `],
  [/^[ \t]*(?:[-*+]|\d+[.)]?|#{1,6}|`{1,3}|\[)$(?![\s\S])/m, ""], // the beginning of something
  [/^[ \t]*\|[|:\- \t]*$/gm, ""],
  [/^[ \t]*\|(.*?)\|?[ \t]*$/gm, (_, row) => row.trim().replace(/\s*\|\s*/g, "   ")],
];
const WORDS = [
  [/!?\[([^\]\n]*)\]\([^)\n]*(?:\)|$)/g, "$1"], // a link, or as much of it as is there
  [/!?\[(?!\d{1,3}\]$)([^\]\n]*)\]?$/, "$1"],
  [/(`+)([^`\n]+)(?:\1|$)/g, "$2"],
  [/\*{2,3}(?=\S)|(?<=\S)\*{2,3}/g, ""],
  [/(?<!\w)\*([^*\s][^*\n]*?)(?:\*(?!\w)|$)/g, "$1"],
  [/(?<!\w)_{1,3}([^_\s][^_\n]*?)(?:_{1,3}(?!\w)|$)/g, "$1"],
  [/~~(?=\S)|(?<=\S)~~/g, ""],
  [/(?:\*+|`+|~+|(?<!\w)_+)$/, ""],
];
const FENCE = /^ {0,3}(?:`{3,}|~{3,})[^\n]*(?:\n|$)/m;

/** Gives what `text`, which goes on at `mark` and may cite `offered` sources, will look like there, as far as plain text can. */
export function healAt(mark, text, offered = 0) {
  if (!text) return text;
  if (mark.closest("pre")) return text.split(FENCE, 1)[0]; // code is what it is, to its end
  if (mark.closest("td, th")) return heal(text.split(/[|\n]/, 1)[0], false, offered);
  return heal(text, !mark.previousSibling, offered);
}

/** Gives `text` without its markers. `begins`: whether it begins a line. Code in it stays as it is. */
export function heal(text, begins, offered = 0) {
  return text.split(FENCE).map((part, i) => (i % 2 ? part : healed(splitMarks(part, offered), begins || i > 0))).join("");
}

function healed(text, begins) {
  const first = begins ? 0 : (text.indexOf("\n") + 1 || text.length); // what is in the middle of a line opens no block
  let rest = text.slice(first);
  for (const [what, instead] of LINES) rest = rest.replace(what, instead);
  let whole = text.slice(0, first) + rest;
  for (const [what, instead] of WORDS) whole = whole.replace(what, instead);
  return whole;
}
