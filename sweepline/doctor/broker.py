"""Probes of the broker: reachable, topics as registered, groups that keep up."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from config.settings import Settings
from models.errors import Unavailable
from streams.driver import Driver
from streams.topics import TOPICS
from sweepline.doctor.finding import Finding, fault

if TYPE_CHECKING:
    from streams.kafka_driver import KafkaDriver

GROW_S = 2.0
"""How long a lag is watched."""
CONNECT_S = 3.0
LAG_LIMIT = 1_000
"""A lag below this is work on its way."""

Groups = Sequence[tuple[str, tuple[str, ...]]]


def kafka(driver: KafkaDriver, settings: Settings, groups: Groups) -> list[Finding]:
    """A Kafka broker. Whether anything listens is asked first: Kafka's client would try for long."""
    host, _, port = settings.broker.removeprefix("kafka://").split(",")[0].rpartition(":")
    try:
        socket.create_connection((host, int(port)), CONNECT_S).close()
    except (OSError, ValueError) as error:
        return [fault("broker", f"{settings.broker} is not reachable ({error}); start it, or correct `broker`")]
    try:
        drift = driver.drift()
    except Unavailable as error:
        text = f"{settings.broker} is not reachable ({' '.join(str(error).split())}); start it, or correct `broker`"
        return [fault("broker", text)]
    findings = [Finding("broker", True, settings.broker)]
    findings += [fault("topics", words) for words in drift] or [Finding("topics", True, f"{len(TOPICS)} as registered")]
    if any("is missing" in words for words in drift):
        return findings
    return findings + _groups(driver, groups, driver.members([group for group, _ in groups]))


def embedded(driver: Driver, groups: Groups, running: bool) -> list[Finding]:
    """The log in DIR, which a process of `up` reads; when none runs, what waits is no fault."""
    ends = driver.end_offsets(sorted(TOPICS))
    findings = [Finding("broker", True, f"the embedded log, {sum(ends.values())} messages written")]
    return findings + (_groups(driver, groups, None) if running else [])


def _groups(driver: Driver, groups: Groups, members: dict[str, int] | None) -> list[Finding]:
    before = {group: driver.lag(group, topics) for group, topics in groups}
    time.sleep(GROW_S)
    findings = []
    for group, topics in groups:
        lag = driver.lag(group, topics)
        if lag and members is not None and not members.get(group):
            text = f"{group}: {lag} messages wait and nobody reads them; start `sweepline worker {_role(group)}`"
            findings.append(fault("groups", text))
        elif lag > LAG_LIMIT and lag >= before[group]:
            text = f"{group}: {lag} messages wait, {lag - before[group]:+d} in {GROW_S:g} s: add workers"
            findings.append(fault("groups", text))
    return findings or [Finding("groups", True, f"{len(groups)} keep up")]


def _role(group: str) -> str:
    return "views" if group.startswith("view-") else "streams"
