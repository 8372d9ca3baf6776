"""Markdown as pages show it: sanitised, in regions that become final one by one, grown by small swaps."""

from chat.core.markdown.growth import Swap, conclude, region_html, region_id, steps
from chat.core.markdown.regions import Picture, Region, chips_of, finished, picture, render

__all__ = [
    "Picture",
    "Region",
    "Swap",
    "chips_of",
    "conclude",
    "finished",
    "picture",
    "region_html",
    "region_id",
    "render",
    "steps",
]
