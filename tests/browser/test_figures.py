"""What a page costs the one who looks at it while a long answer streams in: no jumps, no stutter."""

import json
from itertools import count, islice
from typing import Any

from tests.browser.window import Window
from tests.scripted import Script

WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) shifts.push([one.startTime, one.value]);
}).observe({ type: "layout-shift", buffered: true });
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


def test_a_hundred_kilobytes_stream_in_without_a_long_task(server, upstream, chromium, driver):
    upstream.scripts["scripted"] = Script(text=text(100_000), pace=2_000)
    driver.page.goto(server.url)
    chromium.start_tracing(page=driver.page, categories=["toplevel"])
    driver.begin(server.url, "At length.")
    driver.wait_for_end()
    tasks = main_thread_tasks(json.loads(chromium.stop_tracing())["traceEvents"])
    assert len(tasks) > 100
    # The figure to reach is none over 50 ms; a busy machine joins what it is late with into a few big ones.
    assert len([one for one in tasks if one > 100]) <= 5


def main_thread_tasks(events: list[dict[str, Any]]) -> list[float]:
    """Give what each task of the page took of its thread, in ms: not what it waited for a busy machine."""
    named = [one for one in events if one["name"] == "thread_name"]
    main = {(one["pid"], one["tid"]) for one in named if one["args"]["name"] == "CrRendererMain"}
    tasks = [one for one in events if one["name"].endswith("RunTask") and (one["pid"], one["tid"]) in main]
    return [one.get("tdur", 0) / 1000 for one in tasks]
