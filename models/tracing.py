"""Spans and log lines of what follows from an event, over every process, found by the event's id.

The trace's id is made from the event's identity (`source:id`, the cause every row that follows from it knows), so no
context has to travel with messages and rows. Spans are off unless a process sets a tracer provider.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from structlog.contextvars import bound_contextvars

_TRACER = "sweepline"


def parent_of(cause: str) -> SpanContext:
    """The root all spans of an event hang on: ids of 16 and 8 bytes from its identity."""
    digest = hashlib.sha256(cause.encode()).digest()
    return SpanContext(
        trace_id=int.from_bytes(digest[:16], "big") or 1,
        span_id=int.from_bytes(digest[16:24], "big") or 1,
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )


def is_on() -> bool:
    """Whether spans go anywhere."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider)


@contextmanager
def span(name: str, cause: str, **attributes: str | int | float) -> Iterator[None]:
    """What is done because of an event: every log line in it carries its id, and it is a span where spans are on."""
    with bound_contextvars(event_id=cause):
        if not cause or not is_on():
            yield
            return
        root = trace.set_span_in_context(NonRecordingSpan(parent_of(cause)))
        given = {f"sweepline.{key}": value for key, value in attributes.items()}
        with trace.get_tracer(_TRACER).start_as_current_span(
            name, context=root, attributes={"sweepline.event_id": cause, **given}
        ):
            yield
