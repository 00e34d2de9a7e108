"""The open loop: what is due is sent when it is due, whether or not earlier answers have come.

Every answer's time counts from when its request was due, so a system that falls behind cannot slow the clock that
judges it. A request that would be the 513th unanswered one is not sent and counted as such. What is refused with 503 is
sent again after the time the answer names, as trackers do, until it is taken or AGAIN_LIMIT_S are over.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from bench.alerts import snow_alert
from bench.load_traffic import Traffic

TICK_S = 0.1
MAX_OPEN = 512
MAX_LINES = 700
"""Lines of one body: below the console's 256 kB."""
ANSWER_S = 60.0
AGAIN_S = 5.0
"""After so long again, where a refusal names no time."""
AGAIN_LIMIT_S = 300.0
"""Refused once more so long after the last was due, a request is given up."""
JSON_LINES = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Rates:
    """How many a second; alerts: seconds between two; storm: when the one warning of heavy snow is sent."""

    levels_s: float = 0.0
    tickets_s: float = 0.0
    alert_every_s: float = 0.0
    storm_at_s: float | None = None


@dataclass
class Sent:
    """What was sent and answered. `post_s`: seconds from due (or sent again) to answer, by kind; `late_s`: from due to
    sent; `taken_s`: from when the last was due to when all was taken or given up; `storm_due`: when the warning of snow
    was due, a time of time.time()."""

    accepted: Counter[str] = field(default_factory=Counter)
    turned_away: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    post_s: dict[str, list[float]] = field(default_factory=dict)
    late_s: list[float] = field(default_factory=list)
    taken_s: float = 0.0
    storm_due: float = 0.0


class Sender:
    """Sends traffic to a console for a bounded time."""

    def __init__(self, url: str, name: str, password: str, traffic: Traffic, rates: Rates, bins: list[str]) -> None:
        self._url = url
        self._sign_in = {"name": name, "password": password}
        self._traffic = traffic
        self._rates = rates
        self._bins = bins
        self._open: set[asyncio.Task[None]] = set()
        self._pausing = 0
        self._give_up_at = 0.0
        self.sent = Sent()

    async def run(self, began: float, seconds: float) -> None:
        """Send from `began` (a time of time.time()) on, for so many seconds; then wait for the last answers."""
        self._give_up_at = began + seconds + AGAIN_LIMIT_S
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        async with httpx.AsyncClient(base_url=self._url, timeout=ANSWER_S, limits=limits) as client:
            answer = await client.post("/api/session", json=self._sign_in)
            answer.raise_for_status()
            client.headers["x-csrf-token"] = answer.json()["csrf"]
            levels = tickets = alerts = tick = 0
            while tick * TICK_S < seconds:
                tick += 1
                due = tick * TICK_S
                await asyncio.sleep(max(0.0, began + due - time.time()))
                self.sent.late_s.append(time.time() - began - due)
                self._lines(client, "positions", self._traffic.positions(due), began + due)
                while levels < self._rates.levels_s * due and self._bins:
                    line = self._traffic.level(self._bins[levels % len(self._bins)], due)
                    self._lines(client, "levels", [json.dumps(line).encode()], began + due)
                    levels += 1
                while tickets < self._rates.tickets_s * due:
                    body = json.dumps(self._traffic.complaint(tickets)).encode()
                    self._send(client, "tickets", "/api/complaints", body, "application/json", 1, began + due)
                    tickets += 1
                while self._rates.alert_every_s and alerts * self._rates.alert_every_s < due:
                    body = self._traffic.alert(alerts, due)
                    self._send(client, "alerts", "/api/alerts", body, "application/xml", 1, began + due)
                    alerts += 1
                if self._rates.storm_at_s is not None and not self.sent.storm_due and due > self._rates.storm_at_s:
                    self.sent.storm_due = began + due
                    body = snow_alert(datetime.fromtimestamp(began + due, UTC), self._traffic.geocode)
                    self._send(client, "storm", "/api/alerts", body, "application/xml", 1, began + due)
            await asyncio.gather(*self._open)
            self.sent.taken_s = max(0.0, time.time() - began - seconds)

    def _lines(self, client: httpx.AsyncClient, kind: str, lines: list[bytes], due: float) -> None:
        for first in range(0, len(lines), MAX_LINES):
            some = lines[first : first + MAX_LINES]
            self._send(client, kind, "/api/events", b"\n".join(some), JSON_LINES, len(some), due)

    def _send(
        self, client: httpx.AsyncClient, kind: str, path: str, body: bytes, type_: str, count: int, due: float
    ) -> None:
        if len(self._open) - self._pausing >= MAX_OPEN:
            self.sent.answers[f"{kind} not sent"] += 1
            return
        job: Coroutine[Any, Any, None] = self._post(client, kind, path, body, type_, count, due)
        task = asyncio.create_task(job)
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _post(
        self, client: httpx.AsyncClient, kind: str, path: str, body: bytes, type_: str, count: int, due: float
    ) -> None:
        asked = 0.0
        while True:
            try:
                answer = await client.post(path, content=body, headers={"content-type": type_})
            except httpx.HTTPError as error:
                self.sent.answers[f"{kind} {type(error).__name__}"] += 1
                return
            self.sent.answers[f"{kind} {answer.status_code}"] += 1
            self.sent.post_s.setdefault(kind, []).append(time.time() - due - asked)
            if answer.status_code != 503 or time.time() > self._give_up_at:
                break
            self._pausing += 1
            await asyncio.sleep(float(answer.headers.get("retry-after", AGAIN_S)))
            self._pausing -= 1
            asked = time.time() - due
        if answer.status_code == 202:
            self.sent.accepted[kind] += count
        elif answer.status_code in (207, 429):
            for receipt in answer.json()["receipts"]:
                if receipt["status"] == "accepted":
                    self.sent.accepted[kind] += 1
                else:
                    self.sent.turned_away[receipt["reason"]] += 1
