"""Messages and the composer: ask anew, choose among branches, send again what did not arrive."""

import re

from playwright.sync_api import expect

from tests.browser.texts import PROSE
from tests.browser.window import Window
from tests.scripted import Script

QUESTIONS = ".message.user .text"
ANSWERS = ".message.assistant > .text"


def test_a_question_asked_anew_takes_the_place_of_the_old_one_in_every_window(server, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text="The first answer.")
    url = driver.begin(server.url, "Frist?")
    driver.wait_for_end()
    driver.ask("And then?")
    expect(driver.page.locator(QUESTIONS)).to_have_text(["Frist?", "And then?"])
    driver.wait_for_end()
    viewer = Window(ada.new_page())
    viewer.page.goto(url)

    driver.page.locator("#ask").fill("a draft that waits")
    driver.page.locator(".message.user").first.hover()
    driver.page.get_by_role("link", name="Edit this question").first.click()
    expect(driver.page.locator("#ask")).to_have_value("Frist?")
    expect(driver.page.locator("#editing")).to_be_visible()
    upstream.scripts["scripted"] = Script(text="The second answer.")
    driver.ask("First?")
    for window in (driver, viewer):
        expect(window.page.locator(QUESTIONS)).to_have_text(["First?"])
        expect(window.page.locator(ANSWERS)).to_have_text(["The second answer."])
        expect(window.page.locator(".message.user .branches")).to_have_text("2/2")
    expect(driver.page.locator("#editing")).to_be_hidden()
    expect(driver.page.locator("#ask")).to_have_value("a draft that waits")
    assert viewer.complaints == driver.complaints == []


def test_an_older_branch_stays_what_it_is_until_one_asks_there(server, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text="One.")
    url = driver.begin(server.url, "Which?")
    driver.wait_for_end()
    upstream.scripts["scripted"] = Script(text="Two.")
    driver.page.get_by_role("button", name="Try again").click()
    expect(driver.page.locator(ANSWERS)).to_have_text(["Two."])
    driver.wait_for_end()

    older = Window(ada.new_page())
    older.page.goto(url)
    older.page.get_by_role("link", name="Version 1 of 2").click()
    expect(older.page.locator(ANSWERS)).to_have_text(["One."])
    notice = older.page.locator("#elsewhere")
    expect(notice).to_contain_text("older branch")
    driver.ask("And here?")
    expect(driver.page.locator(".message")).to_have_count(4)
    driver.wait_for_end()
    expect(notice).to_contain_text("Newer messages in another branch")
    expect(older.page.locator(ANSWERS)).to_have_text(["One."])

    older.ask("And on from here?")
    older.wait_for_end()
    for window in (older, driver):
        expect(window.page.locator(QUESTIONS)).to_have_text(["Which?", "And on from here?"])
        expect(window.page.locator(ANSWERS)).to_have_text(["One.", "Two."])
        expect(window.page.locator("#elsewhere")).to_be_empty()
    assert older.complaints == driver.complaints == []


def test_an_older_branch_goes_to_the_newest_when_another_answer_is_wanted_there(server, upstream, driver):
    upstream.scripts["scripted"] = Script(text="One.")
    driver.begin(server.url, "Which?")
    driver.wait_for_end()
    driver.page.get_by_role("button", name="Try again").click()
    expect(driver.page.locator(".branches", has_text="2/2")).to_be_visible()
    driver.wait_for_end()
    driver.page.get_by_role("link", name="Version 1 of 2").click()
    expect(driver.page.locator("#elsewhere")).to_contain_text("older branch")
    driver.wait_for_line()  # before its scripts are there, a button is a form's
    upstream.scripts["scripted"] = Script(text="Three.")
    driver.page.get_by_role("button", name="Try again").click()
    expect(driver.page.locator(ANSWERS)).to_have_text(["Three."])
    expect(driver.page.locator(".branches", has_text="3/3")).to_be_visible()
    assert driver.page.url.partition("?")[2] == ""


def test_a_failed_send_is_tried_again_with_a_button_and_asks_once(server, upstream, cable, driver):
    upstream.scripts["scripted"] = Script(text="Yes.")
    driver.begin(cable.url, "First.")
    driver.wait_for_end()
    cable.pull()
    driver.ask("Second.")
    trouble = driver.page.locator("#trouble")
    expect(trouble).to_contain_text("could not be reached")
    expect(driver.page.locator("#ask")).to_have_value("Second.")
    cable.plug_in()
    arrived = []

    def lose_the_answer(route):
        arrived.append(route.fetch().status)  # it arrives; only what the server says does not
        route.abort()

    driver.page.route(re.compile("/messages$"), lose_the_answer, times=1)
    for _ in range(2):
        expect(trouble).to_contain_text("could not be reached")
        trouble.get_by_role("button", name="Retry").click()
        expect(driver.page.locator("#composer")).not_to_have_attribute("aria-busy", "true")
    expect(trouble).to_be_empty()
    expect(driver.page.locator("#ask")).to_have_value("")
    expect(driver.page.locator(QUESTIONS)).to_have_text(["First.", "Second."])
    driver.wait_for_end()
    assert arrived == [200]
    assert [seen.messages[-1]["content"] for seen in upstream.log] == ["First.", "Second."]


def test_a_text_that_was_changed_after_a_failed_send_is_another_question(server, upstream, driver):
    upstream.scripts["scripted"] = Script(text="Yes.")
    driver.begin(server.url, "First.")
    driver.wait_for_end()

    def lose_the_answer(route):
        route.fetch()
        route.abort()

    driver.page.route(re.compile("/messages$"), lose_the_answer, times=1)
    driver.ask("Second.")
    expect(driver.page.locator("#trouble")).to_contain_text("could not be reached")
    expect(driver.page.locator(ANSWERS)).to_have_text(["Yes.", "Yes."])
    driver.wait_for_end()
    driver.ask("Second, please.")
    expect(driver.page.locator(QUESTIONS)).to_have_text(["First.", "Second.", "Second, please."])
    expect(driver.page.locator("#trouble")).to_be_empty()


def test_a_server_that_cannot_take_a_question_says_why_in_its_own_words(server, upstream, driver):
    upstream.scripts["scripted"] = Script(text="Yes.")
    driver.page.goto(server.url)
    words = "The server cannot reach its data just now. Nothing is lost. Try again in a moment."
    driver.page.route(
        re.compile("/c$"),
        lambda route: route.fulfill(status=503, content_type="text/plain", body=words),
        times=1,
    )
    driver.ask("Anybody?")
    expect(driver.page.locator("#trouble")).to_contain_text(words)
    driver.page.get_by_role("button", name="Retry").click()
    driver.page.wait_for_url("**/c/*")
    expect(driver.answer).to_have_text("Yes.")
    driver.page.goto(server.url)
    expect(driver.page.locator("#ask")).to_have_value("")


def test_a_draft_outlives_its_tab_and_is_its_writers_alone(server, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text="Yes.")
    url = driver.begin(server.url, "First.")
    driver.wait_for_end()
    driver.page.locator("#ask").fill("half a thou")
    driver.page.close()
    again = Window(ada.new_page())
    again.page.goto(url)
    expect(again.page.locator("#ask")).to_have_value("half a thou")
    again.page.goto(server.url)
    expect(again.page.locator("#ask")).to_have_value("")
    again.page.locator("#ask").fill("to begin with")
    ada.clear_cookies()
    again.page.goto(server.url)
    expect(again.page.locator("#ask")).to_have_value("")


def test_a_message_is_copied_as_it_was_written(server, upstream, ada, driver):
    ada.grant_permissions(["clipboard-read", "clipboard-write"])
    upstream.scripts["scripted"] = Script(text=PROSE)
    driver.begin(server.url, "  *Say* it.")
    driver.wait_for_end()
    driver.stop_clock()
    for name, text in (("Copy this answer", PROSE), ("Copy this question", "  *Say* it.")):
        driver.page.locator(".message").first.hover()
        driver.page.get_by_role("button", name=name).click()
        expect(driver.page.locator(".copied")).to_have_count(1)
        assert driver.page.evaluate("() => navigator.clipboard.readText()") == text
        driver.page.clock.run_for(1_500)
        expect(driver.page.locator(".copied")).to_have_count(0)


def test_the_model_and_the_instructions_go_along_with_the_question(server, upstream, driver):
    upstream.scripts["another"] = upstream.scripts["scripted"] = Script(text="Yes.")
    driver.page.goto(server.url)
    driver.page.locator(".choose").click()
    driver.page.get_by_label("Model", exact=True).fill("another")
    driver.page.get_by_role("textbox", name="Instructions").fill("Be brief.")
    driver.page.keyboard.press("Escape")
    driver.ask("Which?")
    driver.page.wait_for_url("**/c/*")
    driver.wait_for_end()
    asked = upstream.last("another")
    assert asked.messages[0] == {"role": "system", "content": "Be brief."}

    driver.page.locator("#ask").fill("A draft.")
    driver.page.locator(".choose").click()
    driver.page.get_by_label("Model", exact=True).fill("scripted")
    driver.page.get_by_role("button", name="Save").click()
    expect(driver.page.locator("#choice-said")).to_contain_text("Saved")
    expect(driver.page.locator("#choice-name")).to_have_text("scripted")
    driver.page.get_by_label("Temperature").evaluate(
        "(field) => { field.type = 'text'; field.value = 'hot'; }"
    )
    driver.page.get_by_role("button", name="Save").click()
    expect(driver.page.locator("#choice .trouble")).to_contain_text("a number from 0 to 2")
    expect(driver.page.locator("#ask")).to_have_value("A draft.")
