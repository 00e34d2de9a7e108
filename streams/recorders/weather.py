"""Recorder of the `weather` topic."""

from __future__ import annotations

from dispatch.context import Context
from dispatch.uow import UnitOfWork
from dispatch.weather import record_alert, record_forecast, record_reading
from models.errors import Permanent
from models.events.base import Event
from streams.recorder import BatchOutcome, Recorder, unit_of


def weather(context: Context) -> Recorder:
    """Alerts and forecasts one by one, readings in batches."""

    def handle(uow: UnitOfWork, event: Event) -> None:
        if event.type == "alert.received":
            record_alert(uow, context, event)
        elif event.type == "forecast.received":
            record_forecast(uow, event)
        else:
            record_reading(uow, context, event)

    def batch(uow: UnitOfWork, events: list[Event]) -> BatchOutcome:
        applied, rejected = 0, []
        for event in events:
            try:
                applied += record_reading(unit_of(uow.session, event, "weather"), context, event)
            except Permanent as error:
                rejected.append((event, error.reason, error.text))
        return BatchOutcome(applied, len(events) - applied - len(rejected), tuple(rejected))

    return Recorder("weather", ("weather",), handle, batch)
