// Marks what was looked for, in the message that a search led to. The address names the message and the word: a browser's
// own `#:~:text=` would find the word in the title or the list first, and go there instead.

/** Marks it once. That the message is the page's target the browser may find out only later. */
export function markFound() {
  const word = new URLSearchParams(location.search).get("found")?.toLowerCase();
  const text = document.getElementById(location.hash.slice(1))?.querySelector(":scope > .text");
  if (!word || !text || !CSS.highlights) return;
  const ranges = [];
  const walk = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode()); ) {
    const said = node.data.toLowerCase();
    if (said.length !== node.data.length) continue; // a letter that is two when it is small: places would be off
    for (let at = said.indexOf(word); at >= 0; at = said.indexOf(word, at + word.length)) {
      ranges.push(new StaticRange({ startContainer: node, startOffset: at, endContainer: node, endOffset: at + word.length }));
    }
  }
  CSS.highlights.set("found", new Highlight(...ranges));
}
