"""What the search keeps besides where seconds are counted apart from cost.

A route up to a mode is a segment (Vidal et al., A hybrid genetic algorithm with adaptive diversity management for a
large class of vehicle routing problems with time windows, 2013): `end` is when the mode can be done at the earliest,
`span` the least time from the route's start to that end, `last` the latest start that keeps to all windows so far.
From a mode on: `latest` is the latest arrival, `onward` the least time from arrival to the route's end, `since` the
earliest arrival that takes no longer.

Modes are chosen by cost: of the ways into a mode the cheapest that still reaches the rest in time, and of the ways on
the cheapest that can be reached in time. So figures are those of one real choice of modes, and what they call feasible
is feasible; a dearer, quicker choice is found where the cheap one is too late for the next stop, not always further on.
"""

from __future__ import annotations

import numpy as np

from routing.engines.ruin.layout import MODE_FIELDS, TASK_FIELDS

TIMED_TASK = np.dtype(
    [
        *TASK_FIELDS,
        ("opens", "i8"),
        ("closes", "i8"),
        ("arrive", "i8"),  # in the traced modes, as `done`
        ("old_arrive", "i8"),
        ("mode", "i4"),  # the traced mode and, where one is passed on the way to it, the facility
        ("by", "i4"),
        ("old_mode", "i4"),
        ("old_stop", "i4"),
        ("old_home", "i4"),
        ("home", "i4"),  # of a route's last task: the facility passed on the way home, or -1
        ("best_mode", "i4"),
        ("best_by", "i4"),
        ("best_home", "i4"),
    ],
    align=True,
)

STATE = ("end", "span", "last", "latest", "onward", "since")
"""Fields of TIMED_MODE that `save` remembers."""

TIMED_MODE = np.dtype(
    [
        *MODE_FIELDS,
        *((name, "i8") for name in STATE),
        *((f"old_{name}", "i8") for name in STATE),
        ("before", "i4"),  # the mode before it, -1 at the start of the route
        ("by", "i4"),  # the facility passed on the way to it, or -1
        ("old_before", "i4"),
        ("old_by", "i4"),
    ],
    align=True,
)

COST, SECONDS = 0, 1
"""Last axis of `dist` (rows, columns, 2)."""

START, END, START_S, END_S, LATEST = 0, 1, 2, 3, 4
"""Last axis of `ends` (kinds, modes, 5): cost from the start and home, seconds from the start and home, latest end of
the mode from which home is reached in time."""

TO, FROM, TO_S, FROM_S = 0, 1, 2, 3
"""Last axis of `reach` (tables x modes, facilities, 4): cost to a facility with its fee, cost from it, seconds each."""

GO, READY, SPAN, LAST, THROUGH = 0, 1, 2, 3, 4
"""First columns of `links` (tasks, facilities, 18): the route up to the end of a visit after the task: cost, earliest
end, least time, latest start, the mode the task is served in."""

COME, COME_LATEST, COME_ONWARD, COME_SINCE = 5, 6, 7, 8
"""Next columns: the route from the end of a visit before the task: cost, latest and earliest end, least time on."""

LINKS = 9
"""Columns of `links` that `save` remembers, in as many columns more."""

OPENS, CLOSES, STAY, HOME, HOME_S, HOME_LATEST = 4, 5, 6, 7, 8, 9
"""Last axis of `depart` (kinds, facilities, 10): GO, READY, SPAN, LAST for a visit first thing, then the facility's
window, the seconds a visit takes, cost and seconds home, and the latest end of a visit for that."""
