"""The list at the side in two windows: what is being answered, a new name, a deletion and its undoing."""

from playwright.sync_api import Page, expect

from tests.browser.texts import PROSE
from tests.browser.window import Window
from tests.scripted import Script


def entry(page: Page, url: str):
    """The item of a conversation in the list."""
    return page.locator(f"#list-now li:has(a[href='{path_of(url)}'])")


def path_of(url: str) -> str:
    return "/c/" + url.partition("/c/")[2].partition("?")[0]


def open_menu(page: Page, url: str):
    """Open the menu of an item as somebody does who has no mouse; gives the menu."""
    expect(page.locator("#menu:popover-open")).to_have_count(0)  # the one before has done its work here too
    more = entry(page, url).locator("[data-menu]")
    more.focus()
    more.press("Enter")
    menu = page.locator("#menu:popover-open")
    expect(menu).to_be_visible()
    return menu


def test_a_list_shows_what_is_done_in_another_window(server, upstream, ada, driver, viewer):
    upstream.scripts["scripted"] = Script(text=PROSE)
    first = driver.begin(server.url, "Where do rivers rise?")
    driver.wait_for_end()
    upstream.scripts["scripted"] = Script(text=PROSE)
    upstream.hold(50)
    viewer.page.goto(server.url)  # a page without a conversation has a line of its own, for the list
    second = driver.begin(server.url, "Tell me everything.")

    expect(entry(viewer.page, second)).to_contain_text("answering")
    expect(entry(driver.page, second).locator("a[aria-current=page]")).to_be_visible()
    expect(viewer.page.locator("#list-now li").first).to_contain_text("Tell me everything.")
    driver.page.locator("#stop").click()
    expect(entry(viewer.page, second)).not_to_contain_text("answering")
    expect(entry(driver.page, second)).not_to_contain_text("answering")
    expect(entry(driver.page, second).locator("a[aria-current=page]")).to_be_visible()

    menu = open_menu(viewer.page, first)
    expect(menu.locator("input[name=title]")).to_be_focused()
    menu.locator("input[name=title]").fill("Springs")
    menu.get_by_role("button", name="Rename").click()
    expect(viewer.page.locator("#menu:popover-open")).to_have_count(0)
    for window in (viewer, driver):
        expect(entry(window.page, first)).to_contain_text("Springs")
    expect(entry(driver.page, second).locator("a[aria-current=page]")).to_be_visible()

    open_menu(viewer.page, first).get_by_role("button", name="Pin").click()
    for window in (viewer, driver):
        expect(window.page.locator("#list-now li").first).to_contain_text("Springs")

    open_menu(viewer.page, first).get_by_role("button", name="Delete").click()
    for window in (viewer, driver):
        expect(entry(window.page, first)).to_have_count(0)
    expect(viewer.page.locator("#notice")).to_contain_text("Springs")
    viewer.page.locator("#notice").get_by_role("button", name="Undo").click()
    expect(entry(driver.page, first)).to_contain_text("Springs")
    assert driver.misdeeds() == viewer.misdeeds() == []


def test_deleting_what_one_looks_at_leads_to_where_it_can_be_undone(server, upstream, driver):
    upstream.scripts["scripted"] = Script(text=PROSE)
    upstream.hold(60)
    url = driver.begin(server.url, "Forget this.")
    driver.wait_for_text(50)
    open_menu(driver.page, url).get_by_role("button", name="Delete").click()
    driver.page.wait_for_url("**/?deleted=*")
    expect(driver.page.locator("#notice")).to_contain_text("Forget this.")
    driver.page.get_by_role("button", name="Undo").click()
    driver.page.wait_for_url(f"**{path_of(url)}")
    expect(driver.answer).to_contain_text(PROSE[:20])  # as far as it had come: it was stopped
    driver.wait_for_end()
    expect(entry(driver.page, url)).not_to_contain_text("answering")


def test_a_menu_stays_open_while_the_list_changes(server, upstream, ada, driver, viewer):
    upstream.scripts["scripted"] = Script(text=PROSE)
    url = driver.begin(server.url, "One.")
    driver.wait_for_end()
    menu = open_menu(driver.page, url)
    menu.locator("input[name=title]").fill("Half a na")
    Window.begin(viewer, server.url, "Two.")
    expect(driver.page.locator("#list-now li").first).to_contain_text("Two.")
    expect(menu.locator("input[name=title]")).to_be_focused()
    expect(menu.locator("input[name=title]")).to_have_value("Half a na")
    driver.page.keyboard.press("Escape")
    expect(entry(driver.page, url).locator("[data-menu]")).to_be_focused()


def test_older_conversations_are_a_page_further(server, ada, driver, somebody):
    page = driver.page
    page.goto(server.url)
    for number in range(53):
        made = ada.request.post(
            f"{server.url}/api/conversations",
            data={"title": f"Number {number}"},
            headers={"Origin": server.url},
        )
        assert made.status == 201
    plain = somebody(java_script_enabled=False, storage_state=ada.storage_state()).new_page()
    for one, place in ((page, "#list-older li"), (plain, "#list-now li")):
        one.goto(server.url)
        one.get_by_role("link", name="Older conversations").click()
        expect(one.locator(place)).to_have_count(3)
        expect(one.locator(place).last).to_contain_text("Number 0")
    expect(page.locator("#list-now li")).to_have_count(50)


def test_on_a_phone_a_deletion_can_be_undone_while_the_list_covers_the_page(server, upstream, somebody):
    upstream.scripts["scripted"] = Script(text=PROSE)
    window = Window(
        somebody(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True).new_page()
    )
    page = window.page
    page.goto(server.url)
    page.locator("#ask").fill("Forget this.")
    page.locator(".send").click()
    page.wait_for_url("**/c/*")
    window.wait_for_end()
    url = page.url
    page.goto(server.url)
    page.get_by_role("button", name="Conversations", exact=True).tap()
    entry(page, url).locator("[data-menu]").tap()
    expect(page.get_by_role("button", name="Rename")).to_be_focused()  # a field would bring the keyboard up
    page.locator("#menu").get_by_role("button", name="Delete").tap()
    expect(page.locator("#notice").get_by_role("button", name="Undo")).to_be_focused()
    page.locator("#notice").get_by_role("button", name="Undo").tap()  # nothing lies over it
    expect(page.locator("#notice")).to_be_hidden()
    expect(entry(page, url)).to_have_count(1)
    assert window.misdeeds() == []


def test_what_was_done_is_told_until_it_is_dismissed(server, upstream, driver):
    upstream.scripts["scripted"] = Script(text=PROSE)
    url = driver.begin(server.url, "Forget this.")
    driver.wait_for_end()
    driver.page.goto(server.url)
    open_menu(driver.page, url).get_by_role("button", name="Delete").click()
    notice = driver.page.locator("#notice")
    expect(notice.get_by_role("button", name="Undo")).to_be_focused()  # where one stood is gone
    notice.get_by_role("button", name="Dismiss").click()
    expect(notice).to_be_hidden()
    expect(entry(driver.page, url)).to_have_count(0)
