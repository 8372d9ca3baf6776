"""The architecture page tells the truth about the statuses and the floors."""

from chat.core.lifecycle import Status
from tests.docs.diagram import PAGE, PLACE, draw
from tests.docs.pages import ROOT


def test_the_diagram_is_the_table() -> None:
    drawn = PLACE.findall(PAGE.read_text())
    assert drawn == [draw()], "run: python -m tests.docs.diagram"


def test_every_floor_has_a_word_on_the_page() -> None:
    floors = [folder.name for folder in (ROOT / "chat").iterdir() if (folder / "__init__.py").exists()]
    page = PAGE.read_text()
    assert not [floor for floor in floors if f"{floor}/" not in page]


def test_every_status_is_named_in_the_protocol() -> None:
    protocol = (ROOT / "docs" / "protocol.md").read_text()
    assert not [status for status in Status if f"`{status}`" not in protocol]
