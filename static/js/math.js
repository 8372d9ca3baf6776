// Sets formulas. The page has their TeX as text; KaTeX, its style sheet and its fonts are loaded when one is there.
import { dressAll, Kept } from "./blocks.js";

const MOST = 5_000; // characters: a longer one stays as it is written
const WITHIN = { // what model text may ask for: no addresses, no classes, nothing that grows without end
  throwOnError: true, trust: false, strict: "ignore", maxSize: 20, maxExpand: 500,
  macros: { "\\pmb": "\\boldsymbol{#1}", "\\fcolorbox": "\\colorbox{#2}{#3}" }, // these two would need inline style
};
const kept = new Kept();
const refused = new WeakMap();
let katex = null;

/** Sets the formulas of `transcript`, now and as they come. */
export function setMath(transcript) {
  dressAll(transcript, ".math:not(.set)", { known, dress });
}

function known(place) {
  const made = kept.get(nameOf(place));
  if (made) place.replaceChildren(made.cloneNode(true));
  if (made) place.classList.add("set"); // until it is sent again
  return Boolean(made) || refused.get(place) === place.textContent || place.textContent.length > MOST;
}

async function dress(place) {
  katex ??= load().catch((failure) => {
    katex = null; // the next formula tries again
    throw failure;
  });
  const { render } = await katex;
  const name = nameOf(place), made = document.createElement("span");
  try {
    render(place.textContent, made, { ...WITHIN, macros: { ...WITHIN.macros }, displayMode: isWide(place) });
  } catch { // not TeX, or too much of it: the source stays
    refused.set(place, place.textContent);
    return;
  }
  kept.set(name, made.firstElementChild);
  known(place);
}

function isWide(place) { return place.localName === "div" || place.classList.contains("display"); }

function nameOf(place) { return `${isWide(place)} ${place.textContent}`; }

async function load() {
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = new URL("../vendor/katex.min.css", import.meta.url).href;
  const styled = new Promise((resolve) => { sheet.onload = sheet.onerror = resolve; });
  document.head.append(sheet);
  await Promise.all([import("../vendor/katex.min.js"), styled]);
  return globalThis.katex;
}
