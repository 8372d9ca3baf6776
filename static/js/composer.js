// The field where one asks: Enter sends, it grows, what is typed survives a reload and a failed send.
import { justAsked } from "./asked.js";
import { drive } from "./tail.js";
import { say } from "./say.js";
import { NOT_REACHED, refusal } from "./trouble.js";

/** Tends the form; does nothing on a page that cannot ask. */
export function tendComposer(form) {
  if (!form) return;
  const draft = `draft:${location.pathname}`;
  const field = () => document.getElementById("ask"); // a swap may bring another
  const live = () => document.querySelector(".state.live");
  let sent = null;

  restore();
  grow();
  // Where there is nothing to read yet, one comes to write; on a phone a keyboard would cover the page.
  if (location.pathname === "/" && matchMedia("(hover: hover)").matches) field().focus();

  form.addEventListener("input", () => { keep(); grow(); });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.target !== field()) return;
    if (matchMedia("(hover: none)").matches) return; // on a phone Enter breaks the line; the button sends
    event.preventDefault();
    if (live()) trouble("An answer is still being written. Stop it, or wait for its end.");
    else if (field().value.trim()) form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    if (!field().value.trim()) return event.preventDefault();
    if (form.hasAttribute("hx-post")) return undefined;
    if (form.ariaBusy === "true") return event.preventDefault();
    form.ariaBusy = "true"; // a second click cannot ask twice
    return undefined;
  }, true);
  addEventListener("pageshow", () => { form.ariaBusy = null; });

  // The answer to a send changes this form and nothing else; the question itself comes by SSE, to all alike.
  form.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (ctx.sourceElement !== form) return;
    sent = field().value;
    const last = document.getElementById("transcript").lastElementChild;
    ctx.request.body.set("parent_id", last?.dataset.message ?? "");
    form.ariaBusy = "true";
    trouble("");
    if (document.activeElement?.classList.contains("send")) field().focus({ preventScroll: true });
  });
  form.addEventListener("htmx:finally:request", () => { form.ariaBusy = null; });
  form.addEventListener("htmx:error", () => trouble(`${NOT_REACHED} Your text is still here: send it again, it will not be asked twice.`));
  form.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    if (!ctx.response.headers.get("HX-Reswap")) trouble(`${refusal(ctx.response.status)} Your text is still here.`);
  });
  document.addEventListener("headwater:sent", ({ detail }) => {
    if (sent !== null && field().value.startsWith(sent)) {
      field().value = field().value.slice(sent.length).trimStart();
      keep();
      grow();
    }
    sent = null;
    document.dispatchEvent(new CustomEvent("headwater:asked"));
    drive(detail.stream);
  });

  document.getElementById("stop")?.addEventListener("click", stop);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector(":popover-open")) stop();
  });

  function stop() {
    live()?.querySelector("form.stop")?.requestSubmit();
  }

  function trouble(text) {
    const place = document.getElementById("trouble");
    if (place.textContent !== text) place.textContent = text;
    if (text) say(text);
  }

  function keep() {
    const text = field().value;
    if (text) sessionStorage.setItem(draft, JSON.stringify([text, form.elements.client_id.value]));
    else sessionStorage.removeItem(draft);
  }

  function restore() {
    if (justAsked) sessionStorage.removeItem("draft:/"); // that draft began this conversation
    const kept = sessionStorage.getItem(draft);
    if (!kept || field().value) return;
    // With the id it may have been sent under: if it did arrive, sending it again asks nothing twice.
    [field().value, form.elements.client_id.value] = JSON.parse(kept);
  }

  function grow() {
    if (CSS.supports("field-sizing", "content")) return;
    field().style.height = "auto";
    field().style.height = `${field().scrollHeight}px`;
  }
}
