"""Pages for everybody: what axe finds, keys, small windows, other directions, no JavaScript."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.window import Window
from tests.scripted import Script

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
FOUND = """
async ([within, only]) => {
  await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
  const { violations } = await axe.run(within, { resultTypes: ["violations"], ...only });
  const say = ({ any, html }) => `${any[0]?.message} ${html.slice(0, 160)}`;
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(say).join(" … ")}`);
}
"""
TEXT = """## A heading

Some **bold** text with `code`, [a link](https://example.com/) and $x^2$.

```python
def flow(water):  # with a comment
    return "water" * 2, None, True
```

| a | b |
|---|--:|
| 1 | 2 |

- [x] done
- [ ] to do

$$
\\sum_{i=0}^n i = WIDE
$$
""".replace("WIDE", " + ".join(f"x_{{{number}}}" for number in range(25)))


def faults(page: Page, within: str = "html") -> list[str]:
    """List what axe calls serious or critical, in light, and of the colours in dark."""
    found: list[str] = []
    for scheme, only in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
        if not page.evaluate("() => Boolean(window.axe)"):
            page.evaluate(AXE)
        found += [f"{scheme} {fault}" for fault in page.evaluate(FOUND, [within, only])]
    return found


def test_axe_finds_nothing_serious_in_a_conversation(server, upstream, driver, somebody):
    page = driver.page
    page.goto(server.url)
    assert faults(page) == []
    upstream.scripts["scripted"] = Script(text=TEXT)
    upstream.hold(160)
    driver.begin(server.url, "Show me.")
    expect(driver.answer.locator("pre")).to_be_attached()
    assert faults(page) == []
    page.locator("#ask").press("Escape")
    driver.wait_for_end()
    upstream.let_go()
    driver.ask("All of it?")
    expect(driver.answer.locator(".math .katex")).to_have_count(2)
    expect(driver.answer.locator("pre .keyword").first).to_be_attached()
    driver.wait_for_end()
    expect(driver.answer.locator("div.math[tabindex='0']")).to_be_attached()  # it scrolls: keys must reach it
    upstream.scripts["scripted"] = Script(text=TEXT, error_at=3)
    driver.ask("Will it fail?")
    expect(driver.state).to_have_class("state error")
    assert faults(page) == []


def test_axe_finds_nothing_serious_in_the_panels_of_a_conversation(server, upstream, driver):
    page = driver.page
    upstream.scripts["scripted"] = Script(text="Short.")
    driver.begin(server.url, "Anything?")
    driver.wait_for_end()
    for panel in page.locator("[popover][id]:not(#list)").evaluate_all("(all) => all.map((one) => one.id)"):
        page.evaluate("(id) => document.getElementById(id).showPopover()", panel)
        assert faults(page, f"#{panel}") == [], panel
        page.keyboard.press("Escape")


def test_keys_do_what_the_help_sheet_says_but_not_while_typing(server, upstream, driver):
    upstream.scripts["scripted"] = Script(text="Short.")
    url = driver.begin(server.url, "Anything?")
    driver.wait_for_end()
    page, field = driver.page, driver.page.locator("#ask")
    field.click()
    page.keyboard.type("a?n/")
    expect(field).to_have_value("a?n/")
    field.fill("")
    field.blur()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("n")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("a")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    field.blur()
    page.locator(".composer-hint button").click()
    page.locator("#keys-on").uncheck()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    field.blur()
    page.keyboard.press("a")
    expect(field).not_to_be_focused()
    page.locator(".composer-hint button").click()
    page.locator("#keys-on").check()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    field.blur()
    assert page.url == url, "n led away from the open sheet"
    page.keyboard.press("n")
    page.wait_for_url(server.url + "/")


SHAPES = {
    "phone": {"viewport": {"width": 360, "height": 700}},
    "zoomed to 200 %": {"viewport": {"width": 640, "height": 400}},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_lost_in_a_small_window(server, upstream, somebody, shape):
    upstream.scripts["scripted"] = Script(
        text=TEXT + "\n\n" + "`" + "x" * 300 + "`\n\nمرحبا بالعالم، **هذا** نص."
    )
    window = Window(somebody(**SHAPES[shape]).new_page())
    window.begin(server.url, "שלום, מה זה?")
    window.wait_for_end()
    page = window.page
    expect(page.locator("div.math[tabindex='0']")).to_be_attached()  # it scrolls here: keys must reach it
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    for control in (page.locator("#ask"), page.locator("button.send"), page.locator(".head .drawer")):
        box = control.bounding_box()
        assert box
        assert 0 <= box["x"] < box["x"] + box["width"] <= page.viewport_size["width"]
    directions = "(all) => all.map((one) => getComputedStyle(one).direction)"
    assert page.locator(".message.user .text").evaluate_all(directions) == ["rtl"]
    arabic = page.locator(".prose p", has_text="مرحبا").bounding_box()
    words = page.locator(".prose p strong", has_text="هذا").bounding_box()
    assert arabic
    assert words
    assert words["x"] > arabic["x"] + arabic["width"] / 2, (
        "a paragraph from right to left begins at the right"
    )
    assert faults(page) == []


EVERYBODY = [
    "/demo",
    "/search",
    "/search?q=short",
    "/signup",
    "/login",
    "/you",
    "/import",
    "/api/docs",
    "/c/none",
]
ADMIN = ["/you", "/admin", "/admin/live", "/admin/usage", "/admin/prices"]


def test_axe_finds_nothing_serious_on_other_pages(server, upstream, driver, somebody):
    upstream.scripts["scripted"] = Script(text="Short.")
    driver.begin(server.url, "Anything short?")
    driver.wait_for_end()
    page = driver.page
    page.locator("[popovertarget=share]").click()
    page.locator("#share form button:visible").first.click()
    link = page.locator("#share-url").input_value()
    assert faults(page, "#share") == []
    guest = somebody().new_page()
    guest.goto(link)
    assert faults(guest) == [], link
    assert faults_at(server.url, page, EVERYBODY) == []


def test_axe_finds_nothing_serious_on_an_admins_pages(server, driver):
    page = driver.page
    page.goto(f"{server.url}/signup")
    page.locator("main [name=login]").fill("root-of-axe")
    page.locator("main [name=password]").fill("correct horse battery")
    page.locator("main [name=password]").press("Enter")
    page.wait_for_url(server.url + "/")
    make_admin = [sys.executable, "-m", "chat", "admin", "root-of-axe", "--existing"]
    subprocess.run(make_admin, env=server.environment, check=True, capture_output=True)
    assert faults_at(server.url, page, ADMIN) == []


def faults_at(base: str, page: Page, paths: list[str]) -> list[str]:
    found: list[str] = []
    for path in paths:
        answer = page.goto(base + path)
        assert answer is not None
        assert answer.status == (404 if path == "/c/none" else 200), path
        found += [f"{path}: {fault}" for fault in faults(page)]
    return found
