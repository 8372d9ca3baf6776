// Files come to the page in three ways: chosen, dropped anywhere on it, or pasted. All go to the one place that it has.
import { draftOf, keep, recall } from "./draft.js";
import { mayAsk } from "./role.js";
import { failures, isSending, sendFiles, showFailures } from "./uploads.js";
import { tell } from "./trouble.js";

const FAILED = "failed-uploads"; // what the page before could not add: it went on with the rest

/** Tends the form that adds files; does nothing on a page without one. */
export function tendDocuments() {
  const add = document.getElementById("add");
  if (!add) return;
  const input = add.querySelector("input[type=file]");
  const beginsAnew = new URL(add.action).searchParams.get("conversation_id") === "new";
  showFailures(JSON.parse(sessionStorage.getItem(FAILED) ?? "[]"));
  sessionStorage.removeItem(FAILED);
  const take = (files) => {
    if (!files.length || (add.closest(".asker-only") && !mayAsk())) return;
    const panel = document.getElementById("documents");
    if (panel?.matches(":popover-open")) panel.hidePopover(); // how far they are is told above the field
    sendFiles(add, files, beginsAnew ? goThere : undefined);
  };

  add.querySelector("[data-choose]").addEventListener("click", () => input.click());
  input.addEventListener("change", () => { take([...input.files]); input.value = ""; });
  addEventListener("paste", (event) => {
    const files = [...event.clipboardData?.files ?? []];
    if (!files.length || event.clipboardData.types.includes("text/plain")) return; // a word processor brings a picture of its text
    event.preventDefault();
    take(files);
  });
  watchDrops(document.getElementById("drop"), take);
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "composer" || !isSending()) return;
    event.preventDefault(); // it would be answered without them
    event.stopImmediatePropagation();
    tell("Your files are still on their way. Send it when they are there.");
  }, true);
}

/** Shows where files land while some are dragged over the page. */
function watchDrops(sign, take) {
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  let over = 0; // elements that were entered and not left
  const show = (count) => { over = Math.max(0, count); sign.hidden = over === 0; };
  addEventListener("dragenter", (event) => { if (hasFiles(event)) { event.preventDefault(); show(over + 1); } });
  addEventListener("dragover", (event) => { if (hasFiles(event)) { event.preventDefault(); event.dataTransfer.dropEffect = "copy"; } });
  addEventListener("dragleave", (event) => { if (hasFiles(event)) show(over - 1); });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault(); // the browser would leave the page, and open it
    show(0);
    take([...event.dataTransfer.files]);
  });
}

/** Goes to the conversation that was begun for the first file; what was typed and chosen goes along. */
async function goThere([{ conversation_id: id }]) {
  const form = document.getElementById("composer");
  const [text, clientId] = recall(draftOf(form)) ?? [];
  const fields = form.elements;
  const library = [...form.elements].find((field) => field.type === "checkbox" && field.name === "library");
  const chosen = { library: library?.checked ?? true };
  for (const name of ["model", "system"]) if (fields[name]?.value.trim()) chosen[name] = fields[name].value.trim();
  const temperature = Number.parseFloat(fields.temperature?.value);
  if (temperature >= 0 && temperature <= 2) chosen.temperature = temperature;
  await fetch(`/api/conversations/${id}`, {
    method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify(chosen),
  }).catch(() => {}); // it is there all the same, with what is usual
  if (text) {
    keep(draftOf(form), "");
    keep(draftOf(form).replace(/:[^:]*$/, `:/c/${id}`), text, clientId);
  }
  sessionStorage.setItem(FAILED, JSON.stringify(failures()));
  location.assign(`/c/${id}`);
}
