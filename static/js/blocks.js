// Finds what a transcript shows anew and hands it on, piece by piece, while the page has nothing better to do.

const MOST_KEPT = 300;

/** Calls `dress(element)` in idle moments for whatever matches `selector`, now and as it comes; `dress` may be called
 * again for the same element, and must do nothing where nothing is to do. `known(element)` runs first, before the next
 * paint: what it gives true for is done.
 * Gives a function that looks again. */
export function dressAll(transcript, selector, { known, dress }) {
  let asked = false, soon = false;
  const waiting = new Set();
  const look = () => {
    soon = false;
    for (const element of transcript.querySelectorAll(selector)) if (!known(element)) waiting.add(element);
    if (!waiting.size || asked) return;
    asked = true;
    whenIdle(work);
  };
  async function work(idle) {
    try {
      do {
        const [element] = waiting;
        if (!element) break;
        waiting.delete(element);
        if (element.isConnected && element.matches(selector) && !known(element)) await dress(element);
      } while (idle.timeRemaining() > 5);
    } finally { // one that fails is in nobody's way
      asked = waiting.size > 0;
      if (asked) whenIdle(work);
    }
  }
  new MutationObserver(() => {
    if (soon) return;
    soon = true; // tokens come faster than frames
    requestAnimationFrame(look);
  }).observe(transcript, { childList: true, subtree: true });
  look();
  return look;
}

function whenIdle(work) {
  if (window.requestIdleCallback) requestIdleCallback(work, { timeout: 500 });
  else setTimeout(() => work({ timeRemaining: () => 0 }), 30); // Safari
}

/** Keeps the newest few of what was made: what is sent again need not be made again. */
export class Kept extends Map {
  set(key, value) {
    if (this.size >= MOST_KEPT) this.delete(this.keys().next().value);
    return super.set(key, value);
  }
}
