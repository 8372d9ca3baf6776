// The field where one asks: Enter sends, it grows, what is typed survives a reload and a failed send.
import { driveNext, justAsked } from "./asked.js";
import { draftOf, forgetSent, keep, newId, noteSent, recall } from "./draft.js";
import { goToNewest, isOlder } from "./older.js";
import { mayAsk } from "./role.js";
import { drive } from "./tail.js";
import { say } from "./say.js";
import { NOT_REACHED, refusal } from "./trouble.js";

/** Tends the form; does nothing on a page that cannot ask. */
export function tendComposer(form) {
  if (!form) return;
  const fields = form.elements; // a swap may bring others
  const live = () => document.querySelector(".state.live");
  let sent = null; // [text, its draft] while the server has not answered
  let bound = null; // {draft, text, id}: what may have been asked already; another text is another question

  if (justAsked) forgetSent();
  restore();
  grow();
  // Where there is nothing to read yet, one comes to write; on a phone a keyboard would cover the page.
  if (location.pathname === "/" && matchMedia("(hover: hover)").matches) fields.text.focus({ preventScroll: true });

  form.addEventListener("input", ({ target }) => {
    if (target !== fields.text) return;
    if (bound?.draft === draftOf(form)) fields.client_id.value = fields.text.value === bound.text ? bound.id : (bound.other ??= newId());
    keep(draftOf(form), fields.text.value, fields.client_id.value);
    grow();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.target !== fields.text) return;
    if (matchMedia("(hover: none)").matches) return; // on a phone Enter breaks the line; the button sends
    event.preventDefault();
    if (live()) trouble("An answer is still being written. Stop it, or wait for its end.");
    else if (fields.text.value.trim()) form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    if (!fields.text.value.trim()) event.preventDefault();
  }, true);
  addEventListener("pageshow", () => { form.ariaBusy = null; });

  // The answer to a send changes this form and nothing else; the question itself comes by SSE, to all alike.
  form.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (ctx.sourceElement !== form) return;
    sent = [fields.text.value, draftOf(form)];
    bind();
    if (fields.editing?.value === "") { // an edit knows its parent; anything else follows what the page shows
      const last = document.getElementById("transcript").lastElementChild;
      ctx.request.body.set("parent_id", last?.dataset.message ?? "");
      ctx.request.body.set("branch", isOlder() ? "1" : "");
    }
    form.ariaBusy = "true";
    trouble("");
    if (document.activeElement?.matches(".send, .retry")) fields.text.focus({ preventScroll: true });
  });
  form.addEventListener("htmx:finally:request", () => { form.ariaBusy = null; });
  form.addEventListener("htmx:error", () => trouble(`${NOT_REACHED} Your text is still here, and is not asked twice.`, { retry: true }));
  form.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    const { headers, status } = ctx.response;
    if (headers.get("HX-Redirect")) noteSent(sent[1]);
    else if (!headers.get("HX-Reswap")) trouble(`${refusal(ctx)} Your text is still here.`, { retry: status !== 404 });
  });
  document.addEventListener("headwater:sent", ({ detail }) => {
    const asked = sent;
    sent = bound = null;
    if (asked) {
      const [text, draft] = asked, now = fields.text.value;
      keep(draft, "");
      if (now.startsWith(text)) fields.text.value = now.slice(text.length).trimStart();
      if (fields.text.value) keep(draftOf(form), fields.text.value, fields.client_id.value);
      else restore(); // what waited while a question was edited
      grow();
    }
    if (isOlder()) { // what was asked here is in another branch, and that is the newest now
      driveNext();
      goToNewest();
      return;
    }
    document.dispatchEvent(new CustomEvent("headwater:asked"));
    drive(detail.stream);
  });

  document.getElementById("stop")?.addEventListener("click", stop);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector(":popover-open")) stop();
  });

  function stop() {
    if (mayAsk()) live()?.querySelector("form.stop")?.requestSubmit();
  }

  function trouble(text, { retry = false } = {}) {
    const place = document.getElementById("trouble");
    if (!text && !place.hasChildNodes()) return;
    place.textContent = text;
    if (retry) place.append(retryButton());
    if (text) say(text);
  }

  function bind() { bound = { draft: draftOf(form), text: fields.text.value, id: fields.client_id.value }; }

  function restore() {
    const kept = fields.text.value ? null : recall(draftOf(form));
    if (!kept) return;
    [fields.text.value, fields.client_id.value] = kept;
    bind();
  }

  function grow() {
    if (CSS.supports("field-sizing", "content")) return;
    fields.text.style.height = "auto";
    fields.text.style.height = `${fields.text.scrollHeight}px`;
  }
}

function retryButton() {
  const button = document.createElement("button"); // of the form: it sends what is there, under the same id
  button.className = "button retry";
  button.textContent = "Retry";
  return button;
}
