"""Faust by the bundle: what makes a view on Faust cost little more than the view itself.

Faust spends several tasks and turns of its event loop on each event, each change of a Table and each message sent. Here
the records of one partition that one fetch brought are one event to it, changes and messages leave in batches built
here, and offsets are committed here: only once all that followed from them is on the broker.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import faust
from faust.transport.utils import DefaultSchedulingStrategy
from faust.types import TP
from mode.utils.queues import FlowControlEvent

BUNDLES = 8
"""Bundles worked on together, and as many wait. One has at most as many records as a fetch."""


def bundling(topic: str) -> type[DefaultSchedulingStrategy]:
    """What hands fetched records on: those of `topic` bundled, all else (changelogs that are read back) one by one.

    A bundle is the last of its records, with the values of all of them.
    """

    class Bundling(DefaultSchedulingStrategy):  # type: ignore[misc]
        def iterate(self, records: Mapping[TP, list[Any]]) -> Iterator[tuple[TP, Any]]:
            """Bundles first: there is one a partition."""
            for place, some in records.items():
                if place.topic == topic and some:
                    values = tuple(record.value or b"" for record in some)
                    yield place, dataclasses.replace(some[-1], key=None, value=values)
            yield from super().iterate({place: some for place, some in records.items() if place.topic != topic})

    return Bundling


class SteadyFlow(FlowControlEvent):
    """The flow of fetched events to the agent. Going on while it flows throws nothing away.

    Faust says "go on" several times after a rebalance, and each time empties the agent's queue: what had been fetched
    meanwhile was gone, and a partition set aside because the queue was full was never asked for again.
    """

    def resume(self) -> None:
        """Go on; what was fetched before a stop is not for this assignment of partitions."""
        if not self.is_active():
            super().resume()

    def clear(self) -> None:
        """Empty the queues, and ask again for the partitions that were set aside."""
        super().clear()
        for queue in self._queues:
            queue.maybe_endorse_pressure_drop()


class QuietTable(faust.Table):  # type: ignore[misc]
    """A Table whose changes whoever makes them sends to its changelog."""

    def on_key_set(self, key: Any, value: Any) -> None:
        """Send nothing."""


class Outgoing:
    """Messages that leave together, in order of each partition."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._messages: dict[TP, list[tuple[bytes, bytes]]] = {}

    def add(self, topic: str, partition: int | None, key: bytes, value: bytes) -> None:
        """Take a message; without a partition it goes to that of its key."""
        place = self._app.producer.key_partition(topic, key) if partition is None else TP(topic, partition)
        self._messages.setdefault(place, []).append((key, value))

    async def deliver(self) -> None:
        """Return when all is on the broker. An app that cannot deliver has crashed: its successor reads all again."""
        producer = self._app.producer._producer
        try:
            sent = [future for place, some in self._messages.items() for future in await _send(producer, place, some)]
            await asyncio.gather(*sent)
        except Exception as fault:
            await self._app.crash(fault)
            raise


async def _send(producer: Any, place: TP, messages: Sequence[tuple[bytes, bytes]]) -> list[Any]:
    """Hand messages to the producer in as few batches as hold them; a future for each batch."""
    sent = []
    batch = producer.create_batch()
    for key, value in messages:
        if batch.append(key=key, value=value, timestamp=None) is None:
            sent.append(await producer.send_batch(batch, place.topic, partition=place.partition))
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None)
    batch.close()
    sent.append(await producer.send_batch(batch, place.topic, partition=place.partition))
    return sent


class Offsets:
    """What is done with, to be committed now and then; not by Faust, which would not know when."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._generation = 0
        self._next: dict[TP, int] = {}

    def current(self, bundles: Sequence[Any]) -> list[Any]:
        """Those of these bundles whose partitions have not moved to another member since they were read."""
        generation = self._app.consumer_generation_id
        return [bundle for bundle in bundles if bundle.message.generation_id == generation]

    def note(self, bundles: Sequence[Any]) -> None:
        """All that followed from these bundles is on the broker."""
        for bundle in bundles:
            self._forget_moved(bundle.message.generation_id)
            self._next[bundle.message.tp] = bundle.message.offset + 1

    async def commit(self) -> None:
        """Commit what is done with, unless the partitions have been given out anew since."""
        self._forget_moved(self._app.consumer_generation_id)
        if self._next:
            offsets, self._next = self._next, {}
            await self._app.consumer._commit_offsets(offsets)

    def _forget_moved(self, generation: int) -> None:
        if generation != self._generation:
            self._generation, self._next = generation, {}
