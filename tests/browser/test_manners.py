"""How the page behaves towards the one who sits before it, when all goes well and when it does not."""

import re

from playwright.sync_api import expect

from tests.browser.texts import PROSE
from tests.browser.window import Window
from tests.scripted import Script, said
from tests.server_promises.waiting import until

LONG = "\n\n".join(f"Paragraph {number}: {PROSE.splitlines()[0]}" for number in range(30))


def test_a_page_opened_hidden_connects_when_somebody_looks(server, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text="Short.")
    url = driver.begin(server.url, "Anything?")
    driver.wait_for_end()
    hidden = Window(ada.new_page())
    hidden.page.add_init_script(
        "Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })"
    )
    hidden.page.goto(url)
    hidden.page.evaluate("() => new Promise((later) => setTimeout(() => setTimeout(later, 50), 50))")
    assert not [r for r in hidden.requests if "/events" in r.url]
    hidden.hide(False)
    driver.ask("And now?")
    expect(hidden.page.locator(".message.user")).to_have_count(2)


def test_a_first_connect_that_fails_is_tried_again(server, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text="Short.")
    url = driver.begin(server.url, "Anything?")
    driver.wait_for_end()
    late = Window(ada.new_page())
    refusals = []
    late.page.route(
        re.compile("/events"),
        lambda route: (
            route.continue_()
            if len(refusals) > 1
            else (refusals.append(1), route.abort() if len(refusals) == 1 else route.fulfill(status=503))
        ),
    )
    late.page.goto(url)
    driver.ask("And now?")
    expect(late.page.locator(".message.user")).to_have_count(2)
    assert len(refusals) == 2


def test_a_reload_starts_nothing_and_leaves_no_trace_in_the_address(server, upstream, driver):
    upstream.scripts["scripted"] = Script(text=PROSE)
    upstream.hold(40)
    driver.begin(server.url, "Slowly.")
    driver.page.wait_for_url(re.compile(r"/c/\w+$"))
    driver.wait_for_text(20)
    driver.requests.clear()
    driver.page.reload()
    upstream.let_go()
    driver.wait_for_end()
    assert [r.url for r in driver.requests if r.method == "POST"] == []
    assert driver.text == PROSE


def test_what_is_typed_survives_a_reload_and_a_failed_send_and_is_asked_once(server, upstream, driver):
    upstream.scripts["scripted"] = Script(text="Yes.")
    driver.begin(server.url, "First.")
    driver.wait_for_end()
    field = driver.page.locator("#ask")
    field.fill("Second.")
    driver.page.reload()
    expect(field).to_have_value("Second.")
    lost = []

    def lose_the_answer(route):
        lost.append(route.fetch().status)  # it arrives; only what the server says does not
        route.abort()

    driver.page.route(re.compile("/messages$"), lose_the_answer, times=1)
    field.press("Enter")
    expect(driver.page.locator("#trouble")).to_contain_text("could not be reached")
    expect(field).to_have_value("Second.")
    assert lost == [200]
    expect(driver.page.locator(".message.assistant > .text")).to_have_text(["Yes.", "Yes."])
    driver.wait_for_end()
    driver.page.reload()
    expect(field).to_have_value("Second.")
    field.press("Enter")
    expect(field).to_have_value("")
    driver.page.reload()  # what there is now is all: nothing is on its way to the page
    expect(driver.page.locator(".message.user .text")).to_have_text(["First.", "Second."])
    driver.page.goto(server.url)
    expect(field).to_have_value("")


def test_enter_sends_shift_enter_breaks_the_line_and_escape_stops(server, upstream, driver):
    upstream.scripts["scripted"] = Script(text=LONG)
    upstream.hold(60)
    driver.page.goto(server.url)
    field = driver.page.locator("#ask")
    height = field.bounding_box()["height"]
    field.press_sequentially("one")
    field.press("Shift+Enter")
    field.press_sequentially("two")
    assert field.bounding_box()["height"] > height
    field.press("Enter")
    driver.page.wait_for_url("**/c/*")  # with its scripts: without them Enter breaks the line
    expect(driver.page.locator(".message.user .text")).to_have_text("one\ntwo")
    driver.wait_for_text(20)
    field.fill("three")
    field.press("Enter")
    expect(driver.page.locator("#trouble")).to_contain_text("still being written")
    expect(field).to_have_value("three")
    field.press("Escape")
    expect(driver.state).to_have_class("state stopped")
    expect(driver.page.locator(".message.user")).to_have_count(1)


def test_the_page_stays_at_the_end_only_while_the_reader_is_there(server, upstream, driver):
    script = upstream.scripts["scripted"] = Script(text=LONG)
    upstream.hold(len(LONG) // 2)
    driver.begin(server.url, "Much.")
    driver.wait_for_stored(said(script, len(LONG) // 2))
    below = "() => document.documentElement.scrollHeight - innerHeight - scrollY"
    driver.page.wait_for_function(
        f"() => document.documentElement.scrollHeight > 2 * innerHeight && ({below})() < 10"
    )
    expect(driver.page.locator("#latest")).to_be_hidden()
    stood = driver.page.evaluate("() => scrollY") - 250
    driver.page.mouse.move(500, 300)
    driver.page.mouse.wheel(0, -250)
    driver.page.wait_for_function("(stood) => Math.abs(scrollY - stood) < 2", arg=stood)
    expect(driver.page.locator("#latest")).to_be_visible()
    upstream.let_go()
    driver.wait_for_end()
    assert abs(driver.page.evaluate("() => scrollY") - stood) < 2, "the reader was moved"
    driver.page.locator("#latest").click()
    driver.page.wait_for_function(f"() => ({below})() < 10")
    expect(driver.page.locator("#latest")).to_be_hidden()


def test_selected_text_stays_selected_while_the_answer_grows(server, upstream, driver):
    script = upstream.scripts["scripted"] = Script(text=LONG)
    upstream.hold(600)
    driver.begin(server.url, "Much.")
    driver.wait_for_stored(said(script, 600))
    driver.page.evaluate(
        "() => getSelection().selectAllChildren(document.querySelector('.message.assistant > .text p'))"
    )
    chosen = driver.page.evaluate("() => getSelection().toString()")
    upstream.let_go()
    driver.wait_for_end()
    assert driver.page.evaluate("() => getSelection().toString()") == chosen != ""


def test_a_screen_reader_hears_that_it_answers_and_then_the_answer_once(server, upstream, driver):
    upstream.scripts["scripted"] = Script(text="# Said\n\nOnce *only*.")
    upstream.hold(6)
    driver.page.add_init_script(
        """window.heard = [];
        addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
          const text = document.getElementById("status").textContent;
          if (text) heard.push(text);
        }).observe(document.getElementById("status"), { childList: true, subtree: true }));"""
    )
    driver.begin(server.url, "Say it.")
    driver.page.wait_for_function("() => heard.length > 0")
    upstream.let_go()
    driver.wait_for_end()
    driver.page.wait_for_function("() => heard.length >= 2")
    heard = driver.page.evaluate("() => heard")
    assert [" ".join(text.split()) for text in heard] == ["Answering.", "Answer complete. Said Once only."]
    assert driver.page.locator("#transcript").get_attribute("aria-live") == "off"


def test_code_is_copied_whole(server, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text="```python\nprint('a')\n\nprint('b')\n```\n\nThat is all.")
    ada.grant_permissions(["clipboard-read", "clipboard-write"])
    driver.begin(server.url, "Code.")
    driver.wait_for_end()
    driver.stop_clock()
    driver.page.locator("pre").hover()
    driver.page.locator("pre .copy").click()
    expect(driver.page.locator("pre .copy")).to_have_class("copy copied")
    assert driver.page.evaluate("() => navigator.clipboard.readText()") == "print('a')\n\nprint('b')\n"


def test_a_provider_that_fails_is_said_in_words_and_can_be_asked_again(server, upstream, driver):
    upstream.scripts["scripted"] = Script(text=PROSE, error_at=12)
    driver.begin(server.url, "Will it fail?")
    expect(driver.state).to_have_class("state error")
    kept = driver.text
    assert kept
    assert PROSE.startswith(kept)
    upstream.scripts["scripted"] = Script(text="This time it works.")
    driver.page.locator("form.again button").click()
    expect(driver.answer).to_have_text("This time it works.")
    expect(driver.page.locator(".message.assistant")).to_have_count(1)


def test_a_page_that_is_astray_asks_for_everything_anew(server, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text=LONG)
    upstream.hold(300)
    url = driver.begin(server.url, "Much.")
    lost = Window(ada.new_page())
    lost.page.goto(url)
    lost.wait_for_text(200)
    lost.page.evaluate("() => { document.querySelector('.mark').dataset.o = '7'; }")
    upstream.let_go()
    lost.wait_for_end()  # of which it hears at once, and only then of what it has missed
    driver.wait_for_end()
    until(lambda: lost.shape == driver.shape)
