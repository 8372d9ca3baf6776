"""The rows of the table, each room one of them, or a few that differ in the database alone."""

from torture.rows import faults, kill_all, kill_worker, races

ALL = [*kill_worker.ROWS, *kill_all.ROWS, *faults.ROWS, *races.ROWS]
