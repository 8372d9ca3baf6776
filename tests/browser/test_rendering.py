"""What an answer looks like: code in colours, formulas set, and nothing raw while it is being written."""

import re

from playwright.sync_api import expect

from chat.core.markdown import picture
from tests.scripted import Script, said

CODE = 'def flow(water):\n    """It goes <down>."""\n    return water * 2  # & on\n'
TEXT = f"""First some words that a reader may select.

```python
{CODE}```

The area is $A = \\pi r^2$, for $5 or $10, and

$$
\\int_0^1 x^2 \\, dx = \\frac{{1}}{{3}}
$$

- [x] done
- [ ] to do

```python
again = "{{}}"
```

The end, said at last.
"""


def test_code_is_coloured_and_formulas_are_set_as_they_close(server, upstream, ada, driver, viewer):
    upstream.scripts["scripted"] = Script(text=TEXT, slice=7)
    upstream.hold(TEXT.index("$$"))
    url = driver.begin(server.url, "Show me.")
    viewer.page.goto(url)
    expect(viewer.page.locator("pre .keyword").first).to_be_attached()
    viewer.page.evaluate("() => getSelection().selectAllChildren(document.querySelector('pre > code'))")
    assert viewer.page.evaluate("() => getSelection().toString()").strip() == CODE.strip()
    upstream.let_go()
    for window in (driver, viewer):
        window.wait_for_end()
        expect(window.page.locator(".math .katex")).to_have_count(2)
        expect(window.page.locator("pre > code:has(.keyword, .string)")).to_have_count(2)
        assert window.page.locator("pre > code").first.text_content() == CODE
        assert window.misdeeds() == []
        assert window.complaints == []
    assert viewer.page.evaluate("() => getSelection().toString()").strip() == CODE.strip()
    driver.page.reload()
    expect(driver.page.locator(".math .katex")).to_have_count(2)
    expect(driver.page.locator("pre > code:has(.keyword, .string)")).to_have_count(2)
    assert driver.shape == viewer.shape


HOSTILE = r"""$\href{javascript:alert(1)}{x}$ $\htmlClass{mark}{x}$ $\url{https://evil.example/}$

$\includegraphics{https://evil.example/a.png}$ $\pmb{x}$ $\fcolorbox{red}{blue}{y}$ $\def\a{\a\a}\a$

$\nonsense$

$$
\rule{9999em}{9999em}
$$

$<img src=x onerror=alert(1)>$ $\text{<script>alert(1)</script>}$ $\color{red}{z}$

```html
<script>alert(1)</script><img src=x onerror=alert(2)>
```

```evil
</code><script>alert(1)</script>
```
"""


def test_hostile_formulas_and_code_stay_inert(server, upstream, driver):
    upstream.scripts["scripted"] = Script(text=HOSTILE)
    driver.begin(server.url, "Be evil.")
    driver.wait_for_end()
    expect(driver.page.locator(".math").last).to_have_class(re.compile(r"\bset\b"))  # so all were tried
    expect(driver.page.locator("pre > code .keyword").first).to_be_attached()
    texts = driver.page.locator(".message.assistant > .text")
    assert texts.locator("script, img, a[href], .htmlClass, [onerror]").count() == 0
    assert driver.misdeeds() == []
    assert driver.complaints == []
    assert driver.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


OPEN = """## What a **river** needs

A river has a **source that is deep**, a `course`, see [the *atlas*](https://example.com/a/long/address)
for more, and ~~no~~ end. It is *not* 2 * 3 or snake_case.

| river | length |
|:------|-------:|
| Nile  | **6650** |
| Amazon | 6400 |

> Quoted **twice** over.

- [x] done with **it**
- more `code` and [a link](https://example.com/b)

```python
x = 1
```

***

The end, with the area $A = r^2$ of it.
"""
# Something is open at the end of each.
PLACES = ("**source", "`cours", "*atlas", "length", "**6650", "**twic", "done", "`code`")
RAW = re.compile(r"\*\*|~~|\]\(|https?:|```|##|\|[-: ]|^\||\[x\]|`|\*\*\*|(?<!2 )\*(?! 3)", re.MULTILINE)


def test_nothing_raw_is_sent_wherever_a_batch_ends():
    written = OPEN.encode()
    for end in range(len(written)):
        shown = picture(written[:end], "k")
        html = "".join(region.html for region in (*shown.closed, shown.open))
        assert not RAW.search(re.sub(r"<[^>]*>", "\n", html)), written[:end][-40:]


def test_nothing_raw_flashes_by_while_an_answer_is_written(server, upstream, ada, driver, viewer):
    script = upstream.scripts["scripted"] = Script(text=OPEN)
    upstream.hold(0)
    url = driver.begin(server.url, "Show me.")
    viewer.page.goto(url)
    for place in PLACES:
        written = said(script, OPEN.index(place) + len(place))
        upstream.hold(len(written))
        expect(driver.answer).to_contain_text(re.findall(r"\w+", written)[-1])
        if place in PLACES[::3]:
            viewer.wait_for_stored(written)
    upstream.let_go()
    for window in (driver, viewer):
        window.wait_for_end()
        raw = [text[-60:] for text in window.seen if RAW.search(text)]
        assert raw == [], f"{len(raw)} of {len(window.seen)} frames"
