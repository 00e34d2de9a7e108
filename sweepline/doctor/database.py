"""Probes of the database: reachable, schema, clock, and the rows by which things move."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy import inspect, make_url, text
from sqlmodel import Session, SQLModel, col, func, select

from config.settings import Settings
from models.database import Database
from models.errors import Unavailable
from models.migrate import current, is_known, newest
from models.tables.city import City, Setting
from models.tables.flow import Alarm, AuditRow, Heartbeat, Outbox, Quarantine
from models.times import iso, parse_time
from streams.codec import decode
from streams.heart import FRESH_S, is_well, list_beats
from streams.sealing import UNSEALED_LIMIT
from sweepline.doctor.finding import Finding, fault
from sweepline.health import ROLES
from sweepline.running import CLOCK_KEY
from sweepline.verify.plans import fallback_at_hand

STATEMENT_S = 5
SKEW = timedelta(seconds=2)
OUTBOX_LATE = timedelta(seconds=60)
SHOWN = 3


def reachable(database: Database) -> list[Finding]:
    """Whether it answers, and is of the schema this version needs."""
    where = make_url(database.url).render_as_string(hide_password=True)
    found = current(database)
    ours = newest()
    if found is None:
        return [fault("database", f"{where} is empty; run `sweepline db upgrade`, then `sweepline city import`")]
    if found == ours:
        missing = sorted(set(SQLModel.metadata.tables) - set(inspect(database.engine).get_table_names()))
        if missing:
            text_ = f"{where} lacks the tables {', '.join(missing)}; restore a backup into an empty place"
            return [fault("schema", text_)]
        return [Finding("database", True, f"{where}, schema {found}")]
    if not is_known(found):
        text_ = f"{where} is at schema {found}, this version knows {ours}: it is older; install the newer version"
        return [fault("schema", text_)]
    return [fault("schema", f"{where} is at schema {found}, this version needs {ours}: run `sweepline db upgrade`")]


def limit(session: Session, database: Database) -> None:
    """Have no statement of this session wait long."""
    if not database.is_sqlite:
        session.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_S}s'"))


def clocks(session: Session, database: Database) -> list[Finding]:
    """This machine's clock against the database server's, and against those of the other processes."""
    now = datetime.now(UTC)
    findings = []
    if not database.is_sqlite:
        theirs = datetime.fromtimestamp(float(session.execute(text(_SERVER_CLOCK)).scalar_one()), UTC)
        skew = theirs - now
        if abs(skew) > SKEW:
            text_ = f"the database server's is {skew.total_seconds():+.0f} s off this machine's; set both by NTP"
            findings.append(fault("clock", text_))
    for row in session.exec(select(Heartbeat).where(Heartbeat.beat_at > now + SKEW)):
        ahead = (row.beat_at - now).total_seconds()
        text_ = f"{row.role} on {row.holder} beats {ahead:.0f} s ahead of this machine's; set both by NTP"
        findings.append(fault("clock", text_))
    return findings or [Finding("clock", True, "as the others'")]


_SERVER_CLOCK = "SELECT extract(epoch FROM clock_timestamp())"


def city(session: Session) -> list[Finding]:
    """Whether there is a city, and a fallback plan of each of its districts."""
    found = session.exec(select(City)).first()
    if found is None:
        return [fault("city", "there is none; import one with `sweepline city import`")]
    now = _city_now(session)
    missing = list(fallback_at_hand(session, now))
    if missing:
        text_ = f"{_some(missing)}; start the planner, or `sweepline plan make` it: without one there is no paper"
        return [Finding("city", True, found.name), fault("fallback", text_)]
    return [Finding("city", True, found.name), Finding("fallback", True, "at hand for each district")]


def outbox(session: Session) -> list[Finding]:
    """Whether messages wait longer than the relay may take."""
    unsent = select(Outbox).where(col(Outbox.sent_at).is_(None)).order_by(col(Outbox.id)).limit(1)
    first = session.exec(unsent).first()
    if first is None:
        return [Finding("outbox", True, "empty")]
    count = session.exec(select(func.count()).select_from(Outbox).where(col(Outbox.sent_at).is_(None))).one()
    written = decode(first.value).received_at
    now = _city_now(session)
    if now - written < OUTBOX_LATE:
        return [Finding("outbox", True, f"{count} on their way")]
    text_ = f"{count} messages wait, the first since {iso(written)}; start `sweepline worker relay`, look at the broker"
    return [fault("outbox", text_)]


def audit(session: Session) -> list[Finding]:
    """Whether the audit is sealed but for its last minute."""
    now = _city_now(session)
    late = (col(AuditRow.seal_no).is_(None), col(AuditRow.at) < now - UNSEALED_LIMIT)
    count, first = session.exec(select(func.count(), func.min(AuditRow.at)).where(*late)).one()
    if not count:
        return [Finding("audit", True, "sealed")]
    since = f"{count} rows are not sealed, the first of {iso(first)}"
    return [fault("audit", f"{since}; start `sweepline worker relay`, which seals, then `sweepline db verify`")]


def quarantine(session: Session) -> list[Finding]:
    """Whether somebody must decide about held messages."""
    reasons = Counter(session.exec(select(Quarantine.reason).where(Quarantine.state == "held")).all())
    if not reasons:
        return [Finding("quarantine", True, "empty")]
    shown = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common(SHOWN))
    text_ = f"{reasons.total()} held ({shown}); see `sweepline quarantine list`, then replay or drop them"
    return [fault("quarantine", text_)]


def alarms(session: Session) -> list[Finding]:
    """What the system itself has raised."""
    kinds = Counter(session.exec(select(Alarm.kind).where(Alarm.state == "open")).all())
    if not kinds:
        return [Finding("alarms", True, "none open")]
    shown = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(SHOWN))
    return [fault("alarms", f"{kinds.total()} open ({shown}); acknowledge or mend them on the console")]


def roles(session: Session, settings: Settings) -> list[Finding]:
    """Whether every role has a process that makes progress. An embedded system that is stopped is no fault."""
    rows = list_beats(session)
    embedded = not settings.database_url
    if embedded and not rows:
        return [Finding("roles", True, "stopped; `sweepline up` starts it")]
    now = datetime.now(UTC)
    findings = []
    for role in ROLES:
        mine = [row for row in rows if row.role == role]
        if any(is_well(row, now) for row in mine) or (embedded and role == "console"):
            continue
        last = max((row.beat_at for row in mine), default=None)
        seen = f"the last beat was at {iso(last)}" if last is not None else "no process has been seen"
        what = "start `sweepline up` again" if embedded else f"start `sweepline worker {role}` and look at its log"
        findings.append(fault("roles", f"{role}: no heartbeat within {FRESH_S:.0f} s, {seen}; {what}"))
    return findings or [Finding("roles", True, f"{len(rows)} processes make progress")]


def unreachable(error: Unavailable, settings: Settings) -> Finding:
    """A database that does not answer."""
    where = make_url(settings.database_url).render_as_string(hide_password=True) if settings.database_url else "DIR"
    text_ = f"{where} is not reachable ({' '.join(str(error).split())}); start it, or correct database_url"
    return fault("database", text_)


def _city_now(session: Session) -> datetime:
    """The city's time: a simulated clock where one is set."""
    stored = session.get(Setting, CLOCK_KEY)
    return parse_time(stored.value["at"]) if stored is not None else datetime.now(UTC)


def _some(texts: list[str]) -> str:
    more = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return "; ".join(texts[:SHOWN]) + more
