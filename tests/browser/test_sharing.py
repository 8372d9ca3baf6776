"""People watching together: the owner, a co-driver by invitation and a reader of the link see each other."""

from playwright.sync_api import Locator, expect

from tests.browser.test_share_link import make_link
from tests.browser.texts import LONG
from tests.browser.window import Window
from tests.scripted import Script


def invite(owner: Window, role: str = "co-driver") -> str:
    """Make an invitation in the window of the conversation's owner; returns its address."""
    page = owner.page
    if not page.locator("#share").is_visible():
        page.locator("header [popovertarget=share]").click()
    page.locator("#invite-role").select_option(role)
    page.get_by_role("button", name="Make an invitation").click()
    field = page.locator("#invite-url")
    expect(field).to_be_visible()
    address = str(field.input_value())
    page.keyboard.press("Escape")
    return address


def let_be(members: Locator, role: str) -> None:
    """Choose the one member's role, and wait until the panel has it from the server."""
    members.get_by_role("combobox").select_option(role)
    expect(members.locator("option[selected]")).to_have_text(role)


def test_three_people_see_each_other_and_who_asks(server, upstream, driver, somebody):
    upstream.scripts["scripted"] = Script(text="First.")
    driver.begin(server.url, "A first question")
    driver.wait_for_end()
    presence = driver.page.locator("#presence")
    expect(presence).to_be_hidden()  # nobody is there but oneself
    link, invitation = make_link(driver), invite(driver)

    friend = Window(somebody().new_page())
    friend.page.goto(invitation)
    expect(friend.page.get_by_role("heading")).to_have_text("You are invited")
    friend.page.get_by_label("Your name").fill("Ben")
    friend.page.get_by_role("button", name="Join").click()
    friend.page.wait_for_url("**/c/*")
    expect(friend.answer).to_have_text("First.")
    stranger = Window(somebody(viewport={"width": 390, "height": 800}, color_scheme="dark").new_page())
    stranger.page.goto(link)
    for window in (driver, friend, stranger):
        expect(window.page.locator("#presence")).to_contain_text("3 watching")

    upstream.scripts["scripted"] = Script(text=LONG)
    upstream.hold(100)
    friend.ask("And now at length")
    for window in (driver, stranger):
        expect(window.page.locator("#presence")).to_contain_text("2 watching, Ben is asking")
        window.wait_for_text(60)
    presence.click()
    here = driver.page.locator("#people-here")
    expect(here).to_contain_text("asking")
    expect(here).to_contain_text("by the link")
    stranger.page.locator("#presence").click()
    expect(stranger.page.locator("#people-here li")).to_have_count(2)  # who asks, and a number
    upstream.let_go()
    for window in (driver, friend, stranger):
        window.wait_for_end()
        assert window.text == LONG
        expect(window.page.locator("#presence")).to_contain_text("3 watching")
    expect(here).to_be_visible()  # an open panel stays open while it changes

    stranger.page.close()
    expect(presence).to_contain_text("2 watching")
    friend.page.close()
    expect(presence).to_be_hidden()
    assert driver.misdeeds() == []


def test_a_role_changes_what_an_open_page_offers_and_keeps_what_was_typed(server, upstream, driver, somebody):
    upstream.scripts["scripted"] = Script(text="First.")
    driver.begin(server.url, "A first question")
    driver.wait_for_end()
    invitation = invite(driver)
    friend = Window(somebody().new_page())
    friend.page.goto(invitation)
    friend.page.get_by_role("button", name="Join").click()
    friend.page.wait_for_url("**/c/*")
    field = friend.page.locator("#ask")
    field.fill("What I was about to say")
    driver.page.locator("header [popovertarget=share]").click()  # looks again who is there
    members = driver.page.get_by_role("list", name="Members")
    let_be(members, "viewer")
    expect(friend.page.locator("#composer")).to_be_hidden()  # on the page that is open
    expect(friend.page.locator(".dock .fork")).to_be_visible()
    friend.page.keyboard.press("Escape")  # stops nothing, and says nothing
    let_be(members, "co-driver")
    expect(field).to_be_visible()
    expect(field).to_have_value("What I was about to say")
    expect(friend.page.locator(".dock .fork")).to_be_hidden()
    let_be(members, "viewer")
    expect(friend.page.locator("#composer")).to_be_hidden()
    friend.page.reload()
    expect(friend.page.locator("#composer")).to_be_hidden()
    assert friend.misdeeds() + friend.complaints == []
    friend.page.get_by_role("button", name="Continue in a copy of your own").last.click()
    friend.page.wait_for_url(
        lambda url: "/c/" in url and url.partition("#")[0] != driver.page.url.partition("#")[0]
    )
    expect(friend.page.locator("#composer")).to_be_visible()
    expect(friend.answer).to_have_text("First.")
    members.get_by_role("button", name="Remove Guest").click()
    expect(members).to_have_count(0)
