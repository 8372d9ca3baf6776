"""The rows of the table, each room one of them, or a few that differ in the database alone."""

from torture.rows import kill_worker

ALL = [*kill_worker.ROWS]
