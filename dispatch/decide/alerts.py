"""What a set of alerts says: which episodes there are and what holds of each.

A fold over the *set* of stored alerts: sorted inside, so any order and any repetition of the same alerts ends in the
same episodes (DESIGN §10.15). Update replaces what it references, Cancel withdraws it, whichever came first here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

REAL = "Actual"
SAME_KIND_GAP = timedelta(hours=6)
"""Without references, alerts of one kind this close in time speak of one episode."""
DEFAULT_LIFE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class AlertFact:
    """What the fold needs of a stored alert. `ours`: its area is ours. `references` are alert ids."""

    id: str
    sender_identifier: str
    sent: datetime
    received_at: datetime
    status: str
    msg_type: str
    phenomenon: str
    severity: str
    effective: datetime | None
    onset: datetime | None
    expires: datetime | None
    ours: bool
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EpisodeFact:
    """One episode: facts of its newest live alert. `state`: live or withdrawn. `alerts` are its members' ids."""

    id: str
    phenomenon: str
    severity: str
    onset: datetime
    onset_assumed: str
    """Empty when the alert gave it, else which time was taken: effective or sent."""
    expires: datetime | None
    received_at: datetime
    state: str
    alerts: tuple[str, ...]
    live: tuple[str, ...]
    sent: datetime


def fold_alerts(alerts: list[AlertFact]) -> list[EpisodeFact]:
    """Episodes of all Actual alerts that concern us, ordered by id."""
    real = sorted((a for a in alerts if a.status == REAL and a.msg_type not in ("Ack", "Error")), key=_age)
    groups = _groups(real)
    return sorted((_episode(group) for group in groups if any(a.ours for a in group)), key=lambda e: e.id)


def onset_of(alert: AlertFact) -> tuple[datetime, str]:
    """The onset, and what it was assumed from ("" when given)."""
    if alert.onset is not None:
        return alert.onset, ""
    if alert.effective is not None:
        return alert.effective, "effective"
    return alert.sent, "sent"


def _age(alert: AlertFact) -> tuple[datetime, str]:
    return (alert.sent, alert.id)


def _groups(alerts: list[AlertFact]) -> list[list[AlertFact]]:
    """Connected components: by references, else same kind with touching time, both ours."""
    parent = list(range(len(alerts)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    place = {alert.id: i for i, alert in enumerate(alerts)}
    pending: dict[str, int] = {}
    for i, alert in enumerate(alerts):
        for reference in alert.references:
            j = place.get(reference)
            if j is None:
                j = pending.setdefault(reference, i)
            parent[root(i)] = root(j)
    tellers = [i for i, a in enumerate(alerts) if a.ours and a.msg_type in ("Alert", "Update")]
    for n, i in enumerate(tellers):
        for j in tellers[:n]:
            if alerts[i].phenomenon == alerts[j].phenomenon and _touch(alerts[i], alerts[j]):
                parent[root(i)] = root(j)
    found: dict[int, list[AlertFact]] = {}
    for i, alert in enumerate(alerts):
        found.setdefault(root(i), []).append(alert)
    return list(found.values())


def _touch(a: AlertFact, b: AlertFact) -> bool:
    a0, b0 = onset_of(a)[0], onset_of(b)[0]
    a1, b1 = a.expires or a0 + DEFAULT_LIFE, b.expires or b0 + DEFAULT_LIFE
    return a0 <= b1 + SAME_KIND_GAP and b0 <= a1 + SAME_KIND_GAP


def _episode(group: list[AlertFact]) -> EpisodeFact:
    tellers = [a for a in group if a.msg_type in ("Alert", "Update")]
    gone = {r for a in group if a.msg_type in ("Update", "Cancel") for r in a.references}
    # A Cancel also ends what its sender said before it of the same chain, referenced or not.
    last_cancel = max((a.sent for a in group if a.msg_type == "Cancel"), default=None)
    live = [
        a
        for a in tellers
        if a.id not in gone and not (last_cancel is not None and a.sent <= last_cancel and _chained(a, group))
    ]
    head = (live or tellers or group)[-1]
    onset, assumed = onset_of(head)
    return EpisodeFact(
        id=group[0].id,
        phenomenon=head.phenomenon,
        severity=head.severity,
        onset=onset,
        onset_assumed=assumed,
        expires=head.expires,
        received_at=min(a.received_at for a in group),
        state="live" if live else "withdrawn",
        alerts=tuple(a.id for a in group),
        live=tuple(a.id for a in live),
        sent=head.sent,
    )


def _chained(alert: AlertFact, group: list[AlertFact]) -> bool:
    """True when a Cancel of the group references an alert that this one replaces."""
    cancelled = {r for a in group if a.msg_type == "Cancel" for r in a.references}
    return any(r in cancelled for r in alert.references)
