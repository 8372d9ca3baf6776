"""Every link inside the project's pages leads somewhere."""

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, links


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page: Path) -> None:
    dead = [link for link in links(page.read_text()) if not _leads_somewhere(page, link)]
    assert not dead


def _leads_somewhere(page: Path, link: str) -> bool:
    if link.startswith(("http://", "https://", "mailto:")):
        return True  # not ours to keep alive
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    return not anchor or anchor in anchors(target.read_text())
