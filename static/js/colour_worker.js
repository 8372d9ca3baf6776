// Reads code and tells which parts of it are of which kind. Runs beside the page, on nothing but text.
import hljs from "../vendor/highlight.min.js";

// Few colours, so that a page stays calm: what has no name here stays plain.
const KINDS = {
  keyword: "keyword", "selector-tag": "keyword", tag: "keyword", name: "keyword", operator: "", doctag: "keyword",
  string: "string", regexp: "string", "template-variable": "string", link: "string", char: "string",
  number: "number", literal: "number", symbol: "number", "variable.constant": "number",
  comment: "comment", quote: "comment", meta: "meta",
  title: "title", section: "title", built_in: "title", type: "title", "selector-class": "title", "selector-id": "title",
  attr: "attr", attribute: "attr", property: "attr", variable: "attr", params: "",
  addition: "addition", deletion: "deletion",
};

addEventListener("message", ({ data: [language, text] }) => {
  const pieces = [];
  if (hljs.getLanguage(language)) {
    const { _emitter } = hljs.highlight(text, { language, ignoreIllegals: true });
    walk(_emitter.rootNode, "", pieces);
  }
  postMessage(pieces);
});

postMessage("begun");

function walk(node, kind, pieces) {
  for (const child of node.children) {
    if (typeof child !== "string") walk(child, kindOf(child.scope) ?? kind, pieces);
    else if (pieces.length && pieces.at(-1)[1] === kind) pieces.at(-1)[0] += child.length;
    else pieces.push([child.length, kind]);
  }
}

function kindOf(scope) {
  return scope && (KINDS[scope] ?? KINDS[scope.split(".")[0]]);
}
