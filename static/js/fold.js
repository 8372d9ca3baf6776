// Folds stay as their reader left them, whatever is swapped around or over them: the server's HTML is always folded.

/** Remembers which folds inside `transcript` were opened, and opens them again before the next paint. */
export function keepFolds(transcript) {
  const opened = new Set();
  transcript.addEventListener("click", (event) => { // the keyboard clicks, too
    const fold = event.target.closest("summary")?.parentElement;
    if (fold?.id) opened[fold.open ? "delete" : "add"](fold.id); // what it will be after this click
  });
  const look = () => {
    for (const id of opened) {
      const fold = document.getElementById(id);
      if (fold && !fold.open) fold.open = true;
    }
  };
  new MutationObserver(look).observe(transcript, { childList: true, subtree: true, attributes: true, attributeFilter: ["open"] });
}
