"""Events: immutable, versioned, CloudEvents-shaped."""

from models.events.base import Event, Receipt, dump_event, load_event

__all__ = ["Event", "Receipt", "dump_event", "load_event"]
