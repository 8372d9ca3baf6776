"""A window of a browser as a test uses it: what it shows, and whatever it did that it must not."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request, expect

from chat.core.markdown import picture
from tests.patience import PATIENCE_S

# Runs in each page before anything else: what the newest answer showed, after each change and before the next
# paint; what the page said of its line; how often that was opened; what the policy of the page had to forbid.
WATCH = """
window.seen = [];
window.told = [];
window.connected = 0;
window.refused = [];
document.addEventListener("htmx:sse:after:connection", () => { connected += 1; }, true);
document.addEventListener("securitypolicyviolation",
  (refusal) => refused.push(`${refusal.violatedDirective} ${refusal.blockedURI}`));
document.addEventListener("DOMContentLoaded", () => {
  const note = () => {
    const answers = document.querySelectorAll(".message.assistant > .text");
    const text = answers[answers.length - 1]?.textContent;
    if (text !== undefined && text !== seen.at(-1)) seen.push(text);
  };
  new MutationObserver(() => requestAnimationFrame(note)).observe(document.body,
    { childList: true, subtree: true, characterData: true });
  note();
  const line = document.getElementById("line-note");
  if (line) new MutationObserver(() => line.textContent && told.push(line.textContent)).observe(line,
    { childList: true, characterData: true, subtree: true });
});
"""

# The blocks of the newest answer without what only helps to grow or dress them: regions, mark, copy buttons,
# colours, set formulas.
SHAPE = """
(text) => {
  const copy = text.cloneNode(true);
  for (const extra of copy.querySelectorAll(".mark, .copy")) extra.remove();
  for (const code of copy.querySelectorAll("pre > code")) code.textContent = code.textContent;
  for (const tex of copy.querySelectorAll("annotation")) tex.closest(".math").textContent = tex.textContent;
  for (const tex of copy.querySelectorAll(".math.set")) tex.classList.remove("set");
  for (let region; (region = copy.querySelector("[id^=r]")); ) region.replaceWith(...region.childNodes);
  for (const block of copy.querySelectorAll("[id]")) block.removeAttribute("id");
  copy.normalize();
  return copy.innerHTML;
}
"""

ANSWERS = ".message.assistant"


@dataclass
class Window:
    """One tab and what happened in it."""

    page: Page
    dialogs: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    answered: str = ""  # the newest answer here when a question was last sent from here

    def __post_init__(self) -> None:
        self.page.add_init_script(WATCH)
        self.page.on("dialog", self._dismiss)
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda mistake: self.complaints.append(str(mistake)))
        self.page.on("request", self._count)

    def _dismiss(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _note(self, line: ConsoleMessage) -> None:
        if line.type == "error":
            self.complaints.append(line.text)

    def _count(self, request: Request) -> None:
        self.requests.append(request)

    # ── doing ────────────────────────────────────────────────────────────────────────────────

    def ask(self, text: str) -> None:
        """Type a question and send it with Enter."""
        self.answered = self.page.locator(ANSWERS).evaluate_all("(all) => all.at(-1)?.id ?? ''")
        self.page.locator("#ask").fill(text)
        self.page.locator("#ask").press("Enter")

    def begin(self, url: str, text: str) -> str:
        """Begin a conversation from the first page; returns its address once an answer is there to watch."""
        self.page.goto(url)
        self.ask(text)
        self.page.wait_for_url("**/c/*")
        expect(self.answer).to_be_attached()
        return self.page.url.partition("#")[0]

    def stop_clock(self) -> None:
        """Let no timer of the page end until its clock is moved on: what shows for a second stays."""
        self.page.clock.install(time=0)
        self.page.clock.pause_at(30)  # it runs until then, and what is past by now is refused

    def hide(self, hidden: bool) -> None:
        """Make the page believe that nobody looks at it, or that somebody does again."""
        self.page.evaluate(
            """(hidden) => {
              Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
              Object.defineProperty(document, "visibilityState",
                { configurable: true, get: () => (hidden ? "hidden" : "visible") });
              document.dispatchEvent(new Event("visibilitychange"));
            }""",
            hidden,
        )

    # ── seeing ───────────────────────────────────────────────────────────────────────────────

    @property
    def answer(self) -> Any:
        """The newest answer's text."""
        return self.page.locator(".message.assistant > .text").last

    @property
    def state(self) -> Any:
        """Where the newest answer is."""
        return self.page.locator(".message.assistant .state").last

    @property
    def text(self) -> str:
        return str(self.answer.text_content())

    @property
    def seen(self) -> list[str]:
        """Every text that the newest answer showed here since the page was loaded."""
        return list(self.page.evaluate("seen"))

    @property
    def told(self) -> list[str]:
        """What the page said of its line since it was loaded, however short it was to be read."""
        return list(self.page.evaluate("told"))

    @property
    def shape(self) -> str:
        """The newest answer's HTML, without what only helps it to grow."""
        return str(self.answer.evaluate(SHAPE))

    def wait_for_text(self, size: int, timeout: float = PATIENCE_S * 1000) -> str:
        """Wait until so many characters of the newest answer are there."""
        self.page.wait_for_function(
            """(size) => {
              const answers = document.querySelectorAll(".message.assistant > .text");
              return answers[answers.length - 1]?.textContent.length >= size;
            }""",
            arg=size,
            timeout=timeout,
        )
        return self.text

    def wait_for_line(self, times: int = 1) -> None:
        """Wait until the page's line to the server is open, and the page knows: for the so-many-th time."""
        self.page.wait_for_function("(times) => connected >= times", arg=times)

    def wait_for_stored(self, text: str) -> None:
        """Wait until the newest answer is stored, and shown as HTML, as far as that can be of `text`."""
        shown = picture(text.encode(), "k")
        at = re.findall(r'data-o="(\d+)"', "".join(one.html for one in (*shown.closed, shown.open)))
        self.page.wait_for_function(
            """(size) => {
              const states = document.querySelectorAll(".message.assistant .state");
              const mark = states[states.length - 1]?.parentElement.querySelector(":scope > .text .mark");
              return Number(mark?.dataset.o) >= size;
            }""",
            arg=int(at[-1]),
        )

    def wait_for_end(self, timeout: float = PATIENCE_S * 1000) -> None:
        """Wait until the newest answer is not live any more and no tail hangs at its mark.

        After a question was sent from here that is its answer, and not the one that stood here before.
        """
        if self.answered:
            expect(self.page.locator(ANSWERS).last).not_to_have_id(self.answered, timeout=timeout)
        expect(self.state).not_to_have_class("state live", timeout=timeout)
        expect(self.page.locator(".mark:not(:empty)")).to_have_count(0, timeout=timeout)

    def misdeeds(self) -> list[str]:
        """List what no page may do: dialogs, refused loads, requests to elsewhere."""
        home = urlsplit(self.page.url).netloc
        elsewhere = [r.url for r in self.requests if urlsplit(r.url).netloc not in (home, "")]
        return [*self.dialogs, *elsewhere, *self.page.evaluate("refused")]


def stored(context: BrowserContext, conversation_url: str) -> dict[str, Any]:
    """Read the newest message of a conversation as the store has it, with the window's own cookie."""
    base, _, conversation = conversation_url.partition("/c/")
    answer = context.request.get(f"{base}/api/conversations/{conversation}/messages")
    assert answer.status == 200, answer.text()
    return dict(answer.json()["items"][-1])
