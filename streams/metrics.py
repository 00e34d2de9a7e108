"""The catalogue of metrics, and the one place where they are counted. Nothing else touches the Prometheus library.

A metric that is not in `CATALOGUE` cannot be counted (KeyError); docs/REFERENCE.md lists them all (a test compares).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    start_http_server,
)

SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `unit` ends its name where it has one; a counter's name also ends in `_total`."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    labels: tuple[str, ...]
    help: str


CATALOGUE: tuple[Metric, ...] = (
    Metric(
        "sweepline_events_total",
        "counter",
        "",
        ("group", "topic", "outcome"),
        "events a recorder dealt with; outcome: applied, duplicate, quarantined",
    ),
    Metric(
        "sweepline_event_delay_seconds",
        "histogram",
        "seconds",
        ("group",),
        "from an event's receipt to its effect in the database, the last event of each batch",
    ),
    Metric("sweepline_batch_seconds", "histogram", "seconds", ("group",), "time of one batch, transaction and offsets"),
    Metric("sweepline_view_events_total", "counter", "", ("view",), "events a view took in"),
    Metric("sweepline_waits_total", "counter", "", ("loop",), "times a loop found a service away"),
    Metric("sweepline_messages_sent_total", "counter", "", ("topic",), "outbox messages the relay sent"),
    Metric("sweepline_timers_fired_total", "counter", "", (), "timers that came due"),
    Metric(
        "sweepline_solves_total",
        "counter",
        "",
        ("service", "phase", "outcome"),
        "solves of a plan; outcome: stored, failed",
    ),
    Metric("sweepline_solve_seconds", "histogram", "seconds", ("phase",), "time of a solve in its child process"),
    Metric("sweepline_versions_printed_total", "counter", "", (), "plan versions printed, and bundles written anew"),
    Metric(
        "sweepline_telemetry_turned_away_total",
        "counter",
        "",
        ("reason",),
        "telemetry not let into the log; reason: too_often, thinned, away",
    ),
    Metric("sweepline_requests_total", "counter", "", ("method", "status"), "requests the console answered"),
    Metric("sweepline_request_seconds", "histogram", "seconds", ("method",), "time to the head of an answer"),
    Metric(
        "sweepline_trouble",
        "gauge",
        "",
        ("degree",),
        "1 while there is this trouble: broker_away, solver_away, database_read_only, all_away",
    ),
)

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series for when each series began: nobody asks
REGISTRY = CollectorRegistry()


def _made(metric: Metric) -> Counter | Gauge | Histogram:
    if metric.kind == "histogram":
        return Histogram(metric.name, metric.help, metric.labels, registry=REGISTRY, buckets=SECONDS)
    if metric.kind == "gauge":
        return Gauge(metric.name, metric.help, metric.labels, registry=REGISTRY)
    return Counter(metric.name, metric.help, metric.labels, registry=REGISTRY)


_METERS = {metric.name: _made(metric) for metric in CATALOGUE}


def count(name: str, number: int = 1, labels: Sequence[str] = ()) -> None:
    """Add to a counter; label values in the order of the catalogue."""
    meter = _METERS[name]
    assert isinstance(meter, Counter)
    (meter.labels(*labels) if labels else meter).inc(number)


def observe(name: str, value: float, labels: Sequence[str] = ()) -> None:
    """Put a value into a histogram."""
    meter = _METERS[name]
    assert isinstance(meter, Histogram)
    (meter.labels(*labels) if labels else meter).observe(value)


def show(name: str, value: float, labels: Sequence[str] = ()) -> None:
    """Set a gauge."""
    meter = _METERS[name]
    assert isinstance(meter, Gauge)
    (meter.labels(*labels) if labels else meter).set(value)


def exposition() -> bytes:
    """All metrics of this process in Prometheus' text format."""
    return generate_latest(REGISTRY)


def serve(host: str, port: int) -> None:
    """Serve them over HTTP in a thread of their own."""
    start_http_server(port, host, REGISTRY)
