// Stays at the newest line while the reader is there; elsewhere the reader is left alone and offered the way down.
const NEAR = 6; // px: rounding and zoom

/** Keeps the end of `transcript` in view for a reader who is at the end. */
export function stickToBottom(transcript) {
  const page = document.documentElement;
  const latest = document.getElementById("latest");
  const remembered = `at-the-end:${location.pathname}`;
  let stuck = true, seen = 0;

  const below = () => page.scrollHeight - innerHeight - scrollY;
  const down = () => { // an empty page begins at its top
    if (transcript.firstElementChild) scrollTo({ top: page.scrollHeight, behavior: "instant" });
  };

  function stick(now) {
    stuck = now;
    page.classList.toggle("stuck", now);
    if (now) down();
  }

  const [arrived] = performance.getEntriesByType("navigation");
  const named = location.hash && document.querySelector(":target"); // somebody is sent to one message
  const elsewhere = named || (arrived?.type !== "navigate" && sessionStorage.getItem(remembered) === "no");
  stick(!elsewhere); // a reload in mid-text stays in mid-text
  seen = scrollY;

  addEventListener("scroll", () => {
    document.body.classList.toggle("scrolled", scrollY > 4);
    if (below() <= NEAR) { if (!stuck) stick(true); }
    else if (scrollY < seen - 1) stick(false); // upwards is the reader; growth never scrolls up
    seen = scrollY;
  }, { passive: true });
  addEventListener("pagehide", () => sessionStorage.setItem(remembered, stuck ? "yes" : "no"));
  addEventListener("resize", () => { if (stuck) down(); });
  document.addEventListener("headwater:asked", () => stick(true));
  latest?.addEventListener("click", () => stick(true));

  const growth = new ResizeObserver(() => { if (stuck) down(); });
  growth.observe(transcript);
  growth.observe(document.body);
}
