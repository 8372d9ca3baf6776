// Edits a question: its text goes into the composer, which asks it anew as another branch. The draft there waits.
import { draftOf, newId, recall } from "./draft.js";

/** Lets the pencils of `transcript` fill `form`; without this module they are links to a page that does the same. */
export function offerEdits(transcript, form) {
  if (!form) return;
  const fields = form.elements;

  function begin(message) {
    fields.editing.value = message.dataset.message;
    fields.parent_id.value = message.dataset.parent ?? "";
    fields.branch.value = "1";
    fill(recall(draftOf(form)) ?? [message.querySelector(":scope > .text").textContent, newId()]);
    fields.text.focus();
    fields.text.setSelectionRange(fields.text.value.length, fields.text.value.length);
  }

  function end() {
    if (!fields.editing?.value) return;
    fields.editing.value = fields.branch.value = "";
    fill(recall(draftOf(form)) ?? ["", newId()]);
    if (location.search) history.replaceState(history.state, "", location.pathname);
  }

  function fill([text, id]) {
    fields.client_id.value = id;
    fields.text.value = text;
    fields.text.dispatchEvent(new Event("input", { bubbles: true }));
    show();
  }

  /** Marks what is edited, in the composer and above it; a swap of the form brings it as the server has it. */
  function show() {
    const id = fields.editing?.value;
    const bar = document.getElementById("editing");
    if (bar) bar.hidden = !id;
    for (const old of transcript.querySelectorAll(".edited")) old.classList.remove("edited");
    if (id) document.getElementById(`m-${id}`)?.classList.add("edited");
  }

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const pencil = event.target.closest?.(".tool.edit");
    if (!pencil && !event.target.closest?.("#edit-cancel")) return;
    event.preventDefault();
    if (pencil) begin(pencil.closest(".message"));
    else end();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing || !fields.editing?.value) return;
    event.stopPropagation(); // it stops no answer
    end();
  });
  form.addEventListener("htmx:after:swap", show);
  show();
}
