"""What the quick search works on: one record array each for nodes, tasks, modes, slots and kinds of vehicle.

Nodes 1 .. n are the tasks, node n + 1 + s is both ends of the route of slot s: a route is a ring through that node,
so no insertion is a special case. A node owns the modes `first_mode` to `after_mode`; the ends of a route own one
mode a kind of vehicle, entered at its end and left at its start.

A mode's `forward` is what the best way from the route's start to its end costs more than to the node's best mode,
`backward` the same from its start to the route's end. Both are differences within a node, so a change far away in
the route leaves them as they are, and an insertion touches two or three nodes however long the route is.
"""

from __future__ import annotations

import numpy as np

NODE = np.dtype(
    [
        ("next", "i4"),
        ("previous", "i4"),
        ("slot", "i4"),  # -1: out of all routes
        ("link", "i4"),  # the gap before the node: forward of the one before, way here, backward of this one, at best
        ("step", "i4"),  # forward of the one before and way here, at best
        ("first_mode", "i4"),
        ("after_mode", "i4"),
        ("row", "i4"),  # row and column of the node in `out` and `into`
    ],
    align=True,
)

TASK = np.dtype(
    [
        ("demand", "i8"),
        ("skills", "i8"),  # bits the vehicle must have
        ("penalty", "i8"),  # cost of leaving the task out, less what serving it costs
        ("service", "i8"),  # counts towards a limit, not towards the cost
        ("gain", "i8"),  # most an insertion may save: a street served on the way is not driven besides
        ("far", "f8"),
    ],
    align=True,
)

MODE = np.dtype(
    [
        ("enter", "i4"),  # column of the distance table
        ("leave", "i4"),  # row of the distance table
        ("forward", "i4"),
        ("backward", "i4"),
        ("old_forward", "i4"),
        ("old_backward", "i4"),
    ],
    align=True,
)

SLOT = np.dtype(
    [
        ("room", "i8"),  # capacity left
        ("left", "i8"),  # length left to the limit
        ("rate", "i8"),  # cost of a unit of length
        ("skills", "i8"),
        ("fixed", "i8"),
        ("count", "i4"),
        ("kind", "i4"),
        ("ruined", "i4"),  # number of the step that last ruined it
        ("noted", "i4"),  # number of the step that last noted its figures
    ],
    align=True,
)

KIND = np.dtype([("first_slot", "i4"), ("after_slot", "i4"), ("free_slot", "i4"), ("pad", "i4")], align=True)
"""`free_slot`: no slot of this kind before it is empty."""

COST, BEST, LEFT, BUSY, STEP, LOOK, AHEAD, STAMP, NOTES, SLOT_NOTES, BOOKS = range(11)
"""`books`, int64: cost, best cost, tasks left out, routes in use, number of the step, looks left before a blink, 1
while the present routes are the best and not kept yet, number of the insertion, nodes and slots noted in this step;
the last is how many figures there are."""
