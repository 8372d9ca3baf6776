"""What a page costs the one who looks at it while a long answer streams in: no jumps, no stutter."""

from itertools import count, islice

from tests.browser.window import Window
from tests.scripted import Script

WATCH = """
window.shifts = [];
window.long = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) shifts.push([one.startTime, one.value]);
}).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) long.push(Math.round(one.duration));
}).observe({ type: "longtask", buffered: true });
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
    upstream.scripts["scripted"] = Script(text=text(5_000), pace=150)
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


def test_a_long_answer_costs_a_frame_no_more_than_a_short_one(server, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text=text(80_000), pace=2_000)
    driver.page.add_init_script(WATCH)
    asked = ada.new_cdp_session(driver.page)
    asked.send(
        "Performance.enable", {"timeDomain": "threadTicks"}
    )  # of the page alone, however busy the machine
    driver.begin(server.url, "At length.")
    driver.wait_for_end(90_000)
    spent = {one["name"]: one["value"] for one in asked.send("Performance.getMetrics")["metrics"]}
    drawn = (spent["RecalcStyleDuration"] + spent["LayoutDuration"]) / spent["LayoutCount"]
    print(f"{1000 * drawn:.1f} ms a frame; long tasks: {sorted(driver.page.evaluate('long'))[-8:]}")
    assert drawn < 0.015
