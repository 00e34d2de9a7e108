"""The two ways in: HTTP to the console, and a gateway that writes to the broker. Nothing is taken without a receipt."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import httpx

from models.errors import Unavailable
from models.events.registry import TOPIC_OF_TYPE
from models.ids import content_hash
from streams.driver import Message
from streams.kafka_driver import KafkaDriver
from tests.simulation.lab.events import Said, raw_entry
from tests.simulation.lab.ledger import Ledger
from tests.simulation.lab.site import NAME, PASSWORD, Site

RETRY_S = 0.5
HTTP_S = 10.0
GIVE_UP_S = 180.0
"""A sender that was told nothing for so long: the system does not come back."""
JSON_LINES = "application/x-ndjson"


class GaveUp(Exception):
    """No receipt in time."""


class Http:
    """A signed-in caller. Used by one thread."""

    def __init__(self, site: Site, ledger: Ledger) -> None:
        self._client = httpx.Client(base_url=site.address, timeout=HTTP_S, trust_env=False)
        self._ledger = ledger
        self._csrf = ""
        self.answers: Counter[int] = Counter()
        """Status codes of what was said."""

    def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        """One request, signed in anew where the session is gone. Raises httpx.TransportError."""
        answer = self._ask(method, path, **more)
        if answer.status_code in (401, 403):
            self._sign_in()
            answer = self._ask(method, path, **more)
        return answer

    def _ask(self, method: str, path: str, **more: object) -> httpx.Response:
        headers = {"X-CSRF-Token": self._csrf, **dict(more.pop("headers", {}))}  # type: ignore[call-overload]
        return self._client.request(method, path, headers=headers, **more)  # type: ignore[arg-type]

    def _sign_in(self) -> None:
        answer = self._client.post("/api/session", json={"name": NAME, "password": PASSWORD})
        self._csrf = answer.json().get("csrf", "") if answer.status_code == 200 else ""

    def say(self, *things: Said) -> None:
        """Have these taken: sent again until there is a receipt for each. Raises GaveUp."""
        self._ledger.write(*[said.entry("sent") for said in things])
        lines = [json.dumps(said.body).encode() for said in things]
        body = b"\n".join(lines)
        deadline = time.monotonic() + GIVE_UP_S
        while True:
            receipts = self._try(body)
            if receipts is not None:
                told = [said.entry(status) for said, status in zip(things, receipts, strict=True)]
                hashed = zip(told, lines, strict=True)
                self._ledger.write(*[replace(entry, raw_hash=content_hash(line)) for entry, line in hashed])
                return
            if time.monotonic() > deadline:
                raise GaveUp(f"no receipt over HTTP for {things[0].mark} within {GIVE_UP_S:.0f} s")
            time.sleep(RETRY_S)

    def _try(self, body: bytes) -> list[str] | None:
        try:
            answer = self.ask("POST", "/api/events", content=body, headers={"Content-Type": JSON_LINES})
        except httpx.TransportError:
            return None
        self.answers[answer.status_code] += 1
        if answer.status_code not in (200, 202, 207, 400, 422) or "receipts" not in answer.text:
            return None
        return [receipt["status"] for receipt in answer.json()["receipts"]]

    def share(self, other: Http) -> None:
        """Use another caller's session."""
        self._client.cookies = other._client.cookies
        self._csrf = other._csrf

    def close(self) -> None:
        self._client.close()


class Gateway:
    """Writes telemetry to the broker as a gateway does: again and in order, until it is acknowledged."""

    def __init__(self, site: Site, ledger: Ledger) -> None:
        self._driver = KafkaDriver(site.broker.address, f"{site.name}.")
        self._ledger = ledger

    def say(self, things: Sequence[Said], quiet: bool = False) -> None:
        """Have these taken. `quiet`: they are in the ledger already (said twice). Raises GaveUp."""
        if not quiet:
            self._ledger.write(*[said.entry("sent") for said in things])
        self._publish([Message(TOPIC_OF_TYPE[s.event.type], s.event.key.encode(), s.raw) for s in things])
        if not quiet:
            self._ledger.write(*[said.entry("accepted") for said in things])

    def throw(self, topic: str, key: str, mark: str, raw: bytes) -> None:
        """Write bytes that may be anything."""
        self._ledger.write(raw_entry("sent", mark, topic, raw))
        self._publish([Message(topic, key.encode(), raw)])
        self._ledger.write(raw_entry("accepted", mark, topic, raw))

    def _publish(self, messages: list[Message]) -> None:
        deadline = time.monotonic() + GIVE_UP_S
        while True:
            try:
                self._driver.publish(messages)
                return
            except Unavailable as error:
                if time.monotonic() > deadline:
                    raise GaveUp(f"the broker takes nothing: {error}") from error
                time.sleep(RETRY_S)

    def close(self) -> None:
        self._driver.close()
