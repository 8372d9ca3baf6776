"""What a page costs the one who looks at it while a long answer streams in: no jumps, nothing done twice."""

from itertools import count, islice

from tests.browser.window import Window
from tests.scripted import Script

WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) shifts.push([one.startTime, one.value]);
}).observe({ type: "layout-shift", buffered: true });
"""

# How many elements were put into the transcript: a busy machine puts in more of them at once, but no more.
COUNT = """
window.built = 0;
document.addEventListener("DOMContentLoaded", () => new MutationObserver((changes) => {
  for (const { addedNodes } of changes)
    for (const one of addedNodes) if (one.querySelectorAll) built += 1 + one.querySelectorAll("*").length;
}).observe(document.getElementById("transcript"), { childList: true, subtree: true }));
"""


def piece(number: int) -> str:
    return f"""## Part {number}

A river has a **source**, a `course` and an end; see [the atlas](https://example.com/{number}) for the rest.
It goes on for a while, as answers do, with some more words in it, and then with *others*.

- one thing that is part of it
- another thing

| river | length |
|-------|-------:|
| Nile  | {number} |

```python
def flow_{number}(water: int) -> int:  # some code
    return water * {number} or None
```

"""


def text(size: int) -> str:
    return "".join(islice((piece(number) for number in count(1)), size // len(piece(1)) + 1))


def test_nothing_jumps_while_an_answer_grows(server, upstream, driver, viewer):
    upstream.scripts["scripted"] = Script(text=text(5_000), pace=300)
    for window in (driver, viewer):
        window.page.add_init_script(WATCH)
    viewer.page.goto(driver.begin(server.url, "At length."))
    for window in (driver, viewer):
        window.wait_for_end()
        assert worst_shift(window) < 0.05


def worst_shift(window: Window) -> float:
    """Give the page's cumulative layout shift as the web counts it: the worst five seconds."""
    shifts = window.page.evaluate("shifts")
    return max(
        (sum(much for at, much in shifts if since <= at < since + 5_000) for since, _ in shifts), default=0
    )


def test_a_long_answer_is_not_built_anew_while_it_grows(server, upstream, driver, viewer):
    upstream.scripts["scripted"] = Script(text=text(40_000), pace=2_000)
    for window in (driver, viewer):
        window.page.add_init_script(COUNT)
    viewer.page.goto(driver.begin(server.url, "At length."))
    for window in (driver, viewer):
        window.wait_for_end()
        # Each part once as it grows, and once when the answer is over; not again with each that follows.
        assert window.page.evaluate("built") < 3 * window.answer.locator("*").count()
