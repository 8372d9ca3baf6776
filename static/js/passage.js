// A passage is named by its number behind the `#`. What the address does not ask the server for is on another page.

/** Goes to the page that has the passage, where this one has not. */
export function showPassage() {
  const place = /^#p(\d{1,9})$/.exec(location.hash);
  const text = document.querySelector(".document-text");
  if (!place || !text || document.getElementById(`p${place[1]}`) || location.search.includes("at=")) return;
  location.replace(`${location.pathname}?at=${place[1]}#p${place[1]}`);
}
