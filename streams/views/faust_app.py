"""The production driver of views: a Faust agent with a Table, its state in a changelog topic of the broker.

Only for views: Faust commits the offset of an event whose agent raised or was cancelled, so nothing that must not be
lost may hang on it. The settings are those seen to work with Faust 0.15 on Kafka 4: raw bytes in and out, no web
server, no leader topic, state in memory and rebuilt from the changelog. The Table holds bytes too: with
`value_type=dict` it is written, but cannot be read back (recovery asks dict for `from_data`). Faust is imported with
this file and not later: it swaps its own module while it loads, which two views starting side by side would meet.

What Faust does for each event costs ten times the view itself, so it is handed bundles (`faust_bundles.py`): what one
fetch brought of a partition is one event to it, and what follows from some bundles leaves in one batch a partition.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import faust
import orjson

from models.errors import Unavailable
from streams import metrics
from streams.driver import Driver
from streams.pulse import Pulse, keep_on
from streams.topics import PARTITIONS
from streams.views.faust_bundles import BUNDLES, Offsets, Outgoing, QuietTable, SteadyFlow, bundling
from streams.views.view import View, advance, read_event

STOP_POLL_S = 0.1
STOP_LIMIT_S = 15.0
COMMIT_INTERVAL_S = 1.0
LINGER_S = 0.1
"""How long a view waits for more before it works: one batch carries many messages then."""
SHORT_LINGER_S = 0.01
"""The same where somebody waits for the view: in the demo, whose clock stands meanwhile."""
METADATA_S = 5.0
"""How soon it asks again for its topics: a broker that is just starting may say that there are none, and without them
it joins its group with nothing to read."""
PRODUCER_BATCH = 256 * 1024


def make_app(
    view: View,
    bootstrap: str,
    prefix: str,
    data_dir: str,
    commit_interval_s: float,
    linger_s: float = LINGER_S,
    partitions: int = PARTITIONS,
) -> Any:
    """The Faust app of one view: its agent reads the view's topic and keeps a Table. Group: prefix + view.group.

    `partitions`: of the topics as they are on the broker; the Table's changelog must have as many.
    """
    app = faust.App(
        prefix + view.group,
        broker=[f"kafka://{host}" for host in bootstrap.removeprefix("kafka://").split(",")],
        store="memory://",
        datadir=data_dir,
        topic_partitions=partitions,
        topic_disable_leader=True,
        topic_allow_declare=True,
        web_enabled=False,
        autodiscover=False,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=commit_interval_s,
        broker_max_poll_records=500,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=2.0,
        consumer_metadata_max_age_ms=int(METADATA_S * 1000),
        producer_metadata_max_age_ms=int(METADATA_S * 1000),
        stream_wait_empty=False,
        producer_acks=-1,
        producer_max_batch_size=PRODUCER_BATCH,
        ConsumerScheduler=bundling(prefix + view.topic),
        Table=QuietTable,
    )
    app.flow_control = SteadyFlow()
    raw = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
    source = app.topic(prefix + view.topic, partitions=partitions, acks=False, maxsize=BUNDLES, **raw)
    table = app.Table(view.name, partitions=partitions, key_type=bytes, value_type=bytes)
    state_topic = prefix + "state"
    settled = Offsets(app)

    def apply(bundle: Any, states: Outgoing, changes: Outgoing) -> None:
        events = [event for event in map(read_event, bundle.value) if event is not None]
        metrics.count("sweepline_view_events_total", len(events), labels=(view.name,))
        for event in events:
            key = event.key.encode()
            stored = table.get(key)
            before = orjson.loads(stored) if stored else None
            kept, messages = advance(view, before, event)
            if kept is not None and kept is not before:
                table[key] = changed = orjson.dumps(kept)
                changes.add(table.changelog_topic_name, bundle.message.partition, key, changed)
            for message in messages:
                states.add(state_topic, None, message.key, message.value)

    async def agent(stream: Any) -> None:
        while app.consumer.topic_partitions(table.changelog_topic_name) == 0:
            await asyncio.sleep(STOP_POLL_S)  # heard of, but not yet of its partitions: a change would be refused
        async for bundles in stream.noack_take(BUNDLES, within=linger_s):
            states, changes = Outgoing(app), Outgoing(app)
            mine = settled.current(bundles)
            for bundle in mine:
                apply(bundle, states, changes)
                await asyncio.sleep(0)
            await states.deliver()  # first: by its changelog the view takes them for shown
            await changes.deliver()
            settled.note(mine)

    app.agent(source, name=f"{view.name}-agent")(agent)
    app.timer(commit_interval_s)(settled.commit)
    return app


@dataclass(frozen=True, slots=True)
class Signs:
    """The parts of an app that tell its progress.

    Faust makes each part when it is first asked for, and ties it to the event loop of the thread that asks: were that a
    watchdog's thread, the app would wait for ever for a loop that does not turn. So whoever watches is given these.
    """

    assignor: Any
    monitor: Any
    recovery: Any


def run_faust_view(
    view: View,
    bootstrap: str,
    stop: threading.Event,
    prefix: str = "",
    commit_interval_s: float = COMMIT_INTERVAL_S,
    linger_s: float = LINGER_S,
    partitions: int = PARTITIONS,
    turned: Callable[[], None] | None = None,
    made: Callable[[Signs], None] = lambda signs: None,
) -> None:
    """Run one view until `stop`, in this thread, with an event loop of its own. Topics must exist.

    `turned` is told again and again while the event loop turns, `made` once of what tells the app's progress. Raises
    what the app crashed with.
    """
    with tempfile.TemporaryDirectory(prefix="sweepline-view-") as data_dir:
        app = make_app(view, bootstrap, prefix, data_dir, commit_interval_s, linger_s, partitions)
        try:
            asyncio.run(_run(app, stop, turned, made))
        except asyncio.CancelledError as fault:  # no Exception: nobody would hear of it
            raise RuntimeError("a task of the app was cancelled") from fault


async def _run(
    app: Any, stop: threading.Event, turned: Callable[[], None] | None, made: Callable[[Signs], None]
) -> None:
    app.finalize()
    made(Signs(app.assignor, app.monitor, app.tables.recovery))
    try:
        await app.start()
        while not stop.is_set() and not app.crashed:
            if turned is not None:
                turned()
            await asyncio.sleep(STOP_POLL_S)
    finally:
        await asyncio.wait_for(app.stop(), STOP_LIMIT_S)
    if app.crashed:
        raise app.crash_reason


class FaustView:
    """A Faust view with the face of `EmbeddedView`, run in a thread of its own from the first `run_once` on."""

    def __init__(self, view: View, driver: Driver, bootstrap: str, prefix: str = "", commit_s: float = 0.25) -> None:
        self.view = view
        self.name = view.name
        self._driver = driver
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._commit_s = commit_s
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._fault: BaseException | None = None
        self._signs: Signs | None = None

    def run(self, stop: threading.Event, pulse: Pulse | None = None) -> None:
        """Until `stop`, in this thread. An app that crashed, as with no broker at its start, is started anew."""
        beating = pulse or Pulse(self.name)

        def once() -> int:
            count = self._partitions()
            try:
                run_faust_view(
                    self.view,
                    self._bootstrap,
                    stop,
                    self._prefix,
                    partitions=count,
                    turned=beating.turned,
                    made=self._made,
                )
            except Exception as fault:
                raise Unavailable(f"view {self.name} has stopped: {type(fault).__name__}: {fault}") from fault
            return 0

        keep_on(beating, stop, once)

    def _made(self, signs: Signs) -> None:
        self._signs = signs

    def lag(self) -> int:
        """What waits in this member's own partitions; in all where it has none. Raises Unavailable.

        A broker that is just starting may leave the only member without any. More members than partitions would each
        have to be told apart from that: there is no use in them (docs/OPERATIONS.md).
        """
        if self._signs is None:
            return 0
        mine = {
            (self.view.topic, place.partition)
            for place in self._signs.assignor.assigned_actives()
            if place.topic == self._prefix + self.view.topic
        }
        return self._driver.lag(self.view.group, (self.view.topic,), mine or None)

    def progress(self) -> int:
        """Changes with every commit, and while the Table is read back.

        An event loop that turns says little: without its changelog (a broker that was emptied) Faust goes on reading
        and sending, waits for ever for the changelog to take its state, and commits nothing any more.
        """
        if self._signs is None:
            return 0
        committed = list(self._signs.monitor.tp_committed_offsets.values())
        read_back = list(self._signs.recovery.active_offsets.values())
        # None: a partition whose offset Faust has not learned yet, as while the broker is slow to answer.
        return int(sum(offset or 0 for offset in (*committed, *read_back)))

    def run_once(self, timeout_s: float = 0.0) -> int:
        """Have it run in the background; 0, since nobody waits for it here. Raises Unavailable when it crashed."""
        if self._thread is None:
            count = self._partitions()
            self._stop.clear()
            self._thread = threading.Thread(target=self._background, args=(count,), name=f"view {self.name}")
            self._thread.start()
        self._stop.wait(timeout_s)
        self._check()
        return 0

    def _partitions(self) -> int:
        """How many the view's topic has on the broker; it is made where it is missing. Raises Unavailable."""
        self._driver.ensure_topics()
        count = len(self._driver.end_offsets((self.view.topic,)))
        if not count:  # another process has just created it, and the broker does not tell of it yet
            raise Unavailable(f"view {self.name}: topic {self.view.topic} has no partitions yet")
        return count

    def _background(self, partitions: int) -> None:
        try:
            run_faust_view(
                self.view,
                self._bootstrap,
                self._stop,
                self._prefix,
                self._commit_s,
                SHORT_LINGER_S,
                partitions,
                made=self._made,
            )
        except Exception as fault:
            self._fault = fault

    def _check(self) -> None:
        """Raise Unavailable once if the thread has ended by itself; the next `run_once` starts another."""
        if self._fault is not None:
            fault, self._fault, self._thread = self._fault, None, None
            raise Unavailable(f"view {self.name} has stopped: {type(fault).__name__}: {fault}") from fault

    def behind(self) -> bool:
        """Whether there is something the view has not dealt with. Raises Unavailable when it crashed."""
        self._check()
        return self._driver.lag(self.view.group, (self.view.topic,)) > 0

    def close(self) -> None:
        """Stop the background thread."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join(STOP_LIMIT_S)
            self._thread = None
