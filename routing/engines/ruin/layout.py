"""What the compiled search works on: one record array for tasks, modes, slots and kinds of vehicle.

Tasks are numbered from 1 (0 means "none": the end of a route). A task owns the modes `first_mode` to `after_mode`. A
slot is one vehicle, and its route a linked list of tasks; a kind is a set of vehicles that are alike.

Kinds that drive alike share a table; the tables lie below one another in `dist`, and their parts of `reach` too.

All times are int64 in one unit: the problem's seconds, or its cost where no time matters. Records keep what one step
needs of a task together, and records, unlike arrays, cost numba no reference counting.
"""

from __future__ import annotations

import numpy as np

FAR = 1_000_000_000
"""Distance where there is no way (int32): above any real route, and a hundred of them still add up."""

BIG = 1 << 50
"""Cost of what is not allowed."""

MANDATORY = 1 << 42
"""Penalty of leaving out a mandatory task: above any cost a real route can add."""

TASK_FIELDS = [
    ("first_mode", "i4"),
    ("after_mode", "i4"),
    ("next", "i4"),
    ("previous", "i4"),
    ("slot", "i4"),  # -1: out of all routes
    ("via", "i4"),  # 1: the way here passes the best facility
    ("demand", "i8"),  # of all commodities, packed (lanes.py)
    ("skills", "i8"),  # bits the vehicle must have
    ("weight", "i8"),
    ("deadline", "i8"),
    ("penalty", "i8"),
    ("move", "i8"),  # extra cost where a vehicle of another kind than `keep` serves it
    ("far", "f8"),
    ("size", "f8"),  # demand as one figure, to sort by
    ("picked", "i8"),  # used capacity of this trip up to and with the task
    ("coming", "i8"),  # used capacity of this trip from the task on
    ("done", "i8"),  # completion time in the traced modes
    ("old_picked", "i8"),
    ("old_coming", "i8"),
    ("old_done", "i8"),
    ("seen", "i8"),
    ("best_slot", "i4"),
    ("best_previous", "i4"),
    ("best_via", "i4"),
    ("keep", "i4"),
    ("group", "i4"),  # tasks that go out and come back together (calendar.py), 0 for none
    ("pad", "i4"),
]
TASK = np.dtype(TASK_FIELDS, align=True)

MODE_FIELDS = [
    ("enter", "i4"),  # column of the distance table
    ("leave", "i4"),  # row of the distance table
    ("service", "i8"),
    ("seconds", "i8"),  # of service, where kinds pay for seconds
    ("forward", "i8"),  # least time from the route's start to the end of this mode
    ("backward", "i8"),  # least time from the start of this mode to the route's end
    ("old_forward", "i8"),
    ("old_backward", "i8"),
]
MODE = np.dtype(MODE_FIELDS, align=True)

SLOT = np.dtype(
    [
        ("first", "i4"),
        ("last", "i4"),
        ("count", "i4"),
        ("kind", "i4"),
        ("touched", "i4"),
        ("ruined", "i4"),
        ("saved_from", "i4"),
        ("saved_to", "i4"),
        ("load", "i8"),
        ("moved", "i8"),  # cost of moves among its tasks
        ("end", "i8"),
        ("cost", "i8"),
        ("old_end", "i8"),
        ("old_cost", "i8"),
    ],
    align=True,
)

KIND = np.dtype(
    [
        ("room", "i8"),  # capacity, packed, its guard bits set (lanes.py)
        ("guard", "i8"),
        ("limit", "i8"),  # latest end
        ("clock", "i8"),  # with the next two read only where seconds are counted apart: earliest and latest start,
        ("last_start", "i8"),
        ("longest", "i8"),  # most seconds from start to end
        ("unloads", "i8"),  # 1: it must unload before it goes home
        ("fixed", "i8"),  # fixed cost less what an empty route has spent, so that times stay absolute
        ("percent", "i8"),  # of tasks' service; with `rate` read only where `odd` is set
        ("rate", "i8"),  # cost of a second of service
        ("skills", "i8"),
        ("used", "i8"),  # used capacity at the start
        ("first_slot", "i4"),
        ("after_slot", "i4"),
        ("free_slot", "i4"),  # no slot of this kind before it is empty
        ("row", "i4"),  # first row of its table in `dist`
        ("base", "i4"),  # first row of its part of `reach`
        ("day", "i4"),  # its place among the days
        ("odd", "i4"),  # 1: service takes another time or cost than the task's own
    ],
    align=True,
)

START, END = 0, 1
"""Last axis of `ends` (kinds, modes, 2): time from the start to a mode, from a mode home."""

TO, FROM = 0, 1
"""Last axis of `reach` (tables x modes, facilities, 2): mode to facility with its service, facility to mode."""

GO, COME, OLD_GO, OLD_COME = 0, 1, 2, 3
"""Last axis of `links` (tasks, facilities, 4): best time to arrive at a facility after a task, best time to the
route's end from a facility before a task, and both as saved."""
