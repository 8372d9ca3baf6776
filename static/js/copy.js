// A copy button on each code block that is complete, and on what names its source with data-copies.
const DONE_MS = 1_500;

/** Puts a button on the finished code blocks of `transcript`, now and as they come. */
export function offerCopies(transcript) {
  const dress = () => {
    for (const block of transcript.querySelectorAll("pre:not(:has(.mark)):not(:has(> .copy))")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.ariaLabel = "Copy code";
      block.prepend(button);
    }
  };
  let asked = false;
  const soon = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; dress(); });
  };
  new MutationObserver(soon).observe(transcript, { childList: true, subtree: true });
  dress();
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.(".copy, [data-copies]");
    if (!button) return;
    const named = document.getElementById(button.dataset.copies ?? "");
    const text = named ? named.value : button.parentElement.querySelector("code").textContent;
    if (await copy(text, named)) tellDone(button);
  });
}

async function copy(text, field) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const shown = field ?? document.body.appendChild(Object.assign(document.createElement("textarea"), { value: text }));
  shown.select(); // plain http in a local network: there is no clipboard API
  const copied = document.execCommand("copy");
  if (!field) shown.remove();
  return copied;
}

function tellDone(button) {
  const before = button.classList.contains("copy") ? null : button.textContent;
  button.classList.add("copied");
  if (before !== null) button.textContent = "Copied";
  setTimeout(() => {
    button.classList.remove("copied");
    if (before !== null) button.textContent = before;
  }, DONE_MS);
}
