"""The rows of the table, each room one of them, or a few of a kind; a new room is found by itself."""

from importlib import import_module
from pkgutil import iter_modules

from torture.row import Row

ROOMS = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
ALL: list[Row] = [row for room in ROOMS for row in room.ROWS]
