// The page's one SSE. hx-sse reads it, swaps what comes and reconnects by Last-Event-ID; this adds what it lacks:
// a page opened hidden connects when somebody looks, a failed first connect is tried again, a line without a sign of
// life is dropped, a page that is out of step asks for everything anew, and the reader learns when it takes long.
import { say } from "./say.js";

const SILENCE_MS = 34_000; // the server pings each 15 s: two missed and some
const LOOK_MS = 5_000; // so a dead line is noticed within 40 s
const MAX_WAIT_MS = 5_000;
const ASTRAY_MS = 5_000; // between two times that all is asked for anew
const PATIENCE_MS = 2_500; // a short break is nobody's concern
const BACK_MS = 3_000; // how long it says that all is well again

/** Follows what `holder` names (data-events: the address; data-after: the place of the page, if it has one). */
export function follow(holder) {
  if (!holder) return;
  const note = document.getElementById("line-note");
  const gone = holder.dataset.after ? "This conversation is gone, or no longer shared." : ""; // the list has no end of its own
  let place = holder.dataset.after;
  let source = null, over = false, open = false, connected = false;
  let heard = performance.now(), fails = 0, empty = 0, retry = 0, doubt = 0, back = 0, anew = 0, astray = 0;

  function connect() {
    clearTimeout(retry);
    drop();
    if (over || document.hidden) return;
    source = document.createElement("div");
    const address = new URL(holder.dataset.events, location.href);
    if (place) address.searchParams.set("after", place);
    for (const part of connected ? ["list", "documents", "role"] : []) { // what we show has changed since
      const shown = address.searchParams.get(part);
      if (shown) address.searchParams.set(part, shown.replace(/[^.]*$/, "-"));
    }
    connected = true;
    source.setAttribute("hx-sse:connect", address.pathname + address.search);
    source.setAttribute("hx-sse:close", "close");
    source.setAttribute("hx-swap", "none");
    heard = performance.now();
    holder.append(source);
    htmx.process(source);
  }

  function drop() {
    const old = source;
    source = null;
    if (!old) return;
    old.removeAttribute("hx-sse:connect");
    old.dispatchEvent(new CustomEvent("htmx:abort"));
    htmx.process(old, true); // without the attribute: htmx cleans up, hx-sse lets go of the line
    old.remove();
  }

  function lost() {
    if (over) return;
    open = false;
    if (!doubt) doubt = setTimeout(() => tell(navigator.onLine ? "Reconnecting…" : "You are offline. This goes on when you are back."), PATIENCE_MS);
  }

  function later() {
    lost();
    clearTimeout(retry);
    retry = setTimeout(connect, Math.min(MAX_WAIT_MS, 500 * 2 ** fails++) * (0.7 + 0.6 * Math.random()));
  }

  function end(text) {
    over = true;
    document.documentElement.classList.add("over");
    clearTimeout(doubt);
    clearTimeout(retry);
    setTimeout(drop); // not while hx-sse itself is cleaning up
    tell(text);
  }

  function tell(text) {
    clearTimeout(back);
    note.hidden = !text;
    if (note.textContent !== text && text) say(text);
    note.textContent = text;
  }

  const mine = (act) => (event) => { if (event.target === source) act(event.detail); };

  // The body was read as a page, so it was no stream: refused, or somebody in between answered.
  holder.addEventListener("htmx:after:request", mine(({ ctx }) =>
    [401, 403, 404].includes(ctx.response.status) ? end(gone) : later()));
  holder.addEventListener("htmx:error", mine(later));
  holder.addEventListener("htmx:sse:error", mine(lost));
  holder.addEventListener("htmx:sse:before:connection", mine(() => {
    if (empty++ < 4) return;
    empty = 0; // answers, but never a stream: hx-sse would ask twice a second for ever
    setTimeout(later);
  }));
  holder.addEventListener("htmx:sse:after:connection", mine(() => { heard = performance.now(); }));
  holder.addEventListener("htmx:sse:before:message", mine(() => {
    heard = performance.now();
    fails = empty = 0;
    if (open) return;
    open = true;
    clearTimeout(doubt);
    doubt = 0;
    if (note.hidden) return;
    tell("Back. Nothing was missed.");
    back = setTimeout(tell, BACK_MS, "");
  }));
  holder.addEventListener("htmx:sse:after:message", mine(({ message }) => { if (message.id) place = message.id; }));
  holder.addEventListener("htmx:sse:close", (event) => {
    if (event.target === source && event.detail.reason === "message") end(gone);
  });
  document.addEventListener("headwater:astray", () => { // what came does not go on from where we are
    if (astray) return;
    astray = setTimeout(() => {
      astray = 0;
      anew = performance.now();
      place = "";
      connect();
    }, anew ? Math.max(0, anew + ASTRAY_MS - performance.now()) : 0);
  });

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      if (!open) drop(); // an open line is let go of by hx-sse; one that is not yet open it would keep
      return;
    }
    heard = performance.now();
    if (!source) connect();
  });
  addEventListener("online", connect);
  addEventListener("offline", lost);
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  setInterval(() => {
    if (over || document.hidden || !source || performance.now() - heard < SILENCE_MS) return;
    lost();
    connect();
  }, LOOK_MS);
  // Not before htmx has had its own first look over the page: it would find our line too, and open a second one.
  if (document.readyState === "complete") setTimeout(connect);
  else document.addEventListener("DOMContentLoaded", () => setTimeout(connect), { once: true });
}
