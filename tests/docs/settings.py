"""The README's table of settings, made from the settings; `python -m tests.docs.settings` writes it."""

import re
from typing import Any

from chat.config import Settings, variable
from tests.docs.pages import ROOT

README = ROOT / "README.md"
PLACE = re.compile(r"(?<=-->\n)(\|.*?)?(?=<!-- /settings -->)", re.DOTALL)


def table() -> str:
    """Every setting: its variable, its default, what it is for."""
    rows = ["| setting | default | what for |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        rows.append(f"| `{variable(name)}` | {_shown(default)} | {field.description} |")
    return "\n".join(rows) + "\n"


def _shown(default: Any) -> str:
    if hasattr(default, "get_secret_value"):
        default = default.get_secret_value()
    return f"`{default}`" if default not in (None, "", (), {}) else ""


if __name__ == "__main__":
    README.write_text(PLACE.sub(lambda _: table(), README.read_text(), count=1))
