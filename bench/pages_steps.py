"""Where a vehicle's report is on its way to the screen: how old it is at each step, in seconds since it was due.

Beside the system, by its own reader of the topic `state`: when the console took it (`received_at`) and when the view's
state of it was on the broker. From the database: when the view's row was committed. The rest is the page's.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import create_engine, text

from bench.load import percentiles
from models.events.base import load_event
from streams.driver import Record
from streams.kafka_driver import KafkaDriver

ROWS_EVERY_S = 2.0
COMMITTED = (
    "SELECT extract(epoch from pg_xact_commit_timestamp(xmin)) - position / 1e6 FROM projection WHERE key LIKE :key"
)

WATCH = """async () => {
  const { on, state } = await import("/static/js/store.js");
  const seen = new Map((state.vehicles ?? []).map((v) => [v.id, v.observed_at]));
  const after = new MessageChannel();
  let waiting = [];
  window.ages = { known: [], drawn: [] };
  const age = (observed) => (Date.now() - Date.parse(observed)) / 1000;
  const look = () => {
    for (const v of state.vehicles) {
      if (!v.observed_at || seen.get(v.id) === v.observed_at) continue;
      seen.set(v.id, v.observed_at);
      window.ages.known.push(age(v.observed_at));
      waiting.push(v.observed_at);
    }
    requestAnimationFrame(() => after.port2.postMessage(0));
  };
  on("vehicles", look);
  on("moved", look);
  after.port1.onmessage = () => {
    window.ages.drawn.push(...waiting.map(age));
    waiting = [];
  };
}"""
"""How old each vehicle's new place is when the page knows of it, and after the frame in which it is drawn."""


MARKS = """
  new MutationObserver(() => {
    if (document.documentElement?.dataset.ready) window.readyMs ??= performance.now();
  }).observe(document, { attributes: true, childList: true, subtree: true });
  window.slow = []; window.frames = [];
  const each = (type, options, keep) =>
    new PerformanceObserver((list) => list.getEntries().forEach(keep)).observe({ type, buffered: true, ...options });
  each("event", { durationThreshold: 16 }, (e) => e.interactionId && window.slow.push(
    { all: e.duration, waits: e.processingStart - e.startTime, runs: e.processingEnd - e.processingStart }));
  const name = (s) => `${s.sourceURL.split("/").pop()} ${s.sourceFunctionName || s.invoker}`;
  each("long-animation-frame", {}, (e) => window.frames.push(
    { all: e.duration, scripts: e.scripts.map((s) => [name(s), s.duration]) }));
"""
"""When the page is useful; how long from an input until the next frame is shown (Event Timing, 8 ms steps), of that how
long it waits and its own handlers run; frames of more than 50 ms, with the scripts in them of more than 5 ms."""


def inputs(slow: list[dict[str, float]]) -> dict[str, float]:
    """Milliseconds of the inputs that took 16 ms and more; of the slowest twentieth also what they went to."""
    if not slow:
        return {"over_16_ms": 0}
    ordered = sorted(slow, key=lambda one: one["all"])
    tail = ordered[len(ordered) * 95 // 100 :]
    return {
        "over_16_ms": len(slow),
        "p50": ordered[len(ordered) // 2]["all"],
        "p95": tail[0]["all"],
        "worst": tail[-1]["all"],
        "tail_waits": round(sum(one["waits"] for one in tail) / len(tail)),
        "tail_runs": round(sum(one["runs"] for one in tail) / len(tail)),
    }


def long_frames(frames: list[dict[str, Any]]) -> dict[str, Any]:
    """Frames of more than 50 ms: how many, how long, and the scripts that took most, in milliseconds."""
    scripts: Counter[str] = Counter()
    times: Counter[str] = Counter()
    for frame in frames:
        for name, took in frame["scripts"]:
            scripts[name] += took
            times[name] += 1
    return {
        "frames": len(frames),
        "all_ms": round(sum(frame["all"] for frame in frames)),
        "scripts_ms": round(sum(scripts.values())),
        "by_script": {name: [times[name], round(took)] for name, took in scripts.most_common(12)},
    }


class Steps:
    """Reads the topic `state` and the view's rows until told to end."""

    def __init__(self, broker: str, database_url: str, vehicles: str) -> None:
        self._driver = KafkaDriver(broker)
        self._engine = create_engine(database_url)
        self._key = f"vehicle:{vehicles}"
        self._over = threading.Event()
        self._ages: dict[str, list[float]] = {"taken": [], "shown_by_view": [], "in_database": []}
        self._threads = [
            threading.Thread(target=self._driver.tail, args=(("state",), self._hear, self._over), daemon=True),
            threading.Thread(target=self._look, daemon=True),
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def end(self) -> dict[str, Mapping[str, float]]:
        """Stop; the percentiles of each step."""
        self._over.set()
        for thread in self._threads:
            thread.join(30.0)
        self._driver.close()
        self._engine.dispose()
        return {name: percentiles(ages) for name, ages in self._ages.items() if ages}

    def _hear(self, record: Record) -> None:
        if not record.key.decode().startswith(self._key):
            return
        event = load_event(record.value)
        due_s = event.occurred_at.timestamp()
        self._ages["taken"].append(event.received_at.timestamp() - due_s)
        self._ages["shown_by_view"].append(record.timestamp - due_s)

    def _look(self) -> None:
        with self._engine.connect() as connection:
            while not self._over.wait(ROWS_EVERY_S):
                rows = connection.execute(text(COMMITTED), {"key": f"{self._key}%"}).scalars()
                self._ages["in_database"] += [float(age) for age in rows]
                connection.rollback()
