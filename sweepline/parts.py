"""The parts a system is made of, chosen by the settings: database, broker, views, matching network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlmodel import Session, select

from config.settings import Settings, database_url
from models.ballast import Ballast
from models.database import Database
from models.migrate import ensure
from models.tables.city import Segment
from routing.streets.match_network import MatchNetwork, StreetLine
from streams.driver import Driver
from streams.views.embedded import EmbeddedView
from streams.views.rebuild import VIEWS
from sweepline.clock import Clock

if TYPE_CHECKING:
    from streams.views.faust_app import FaustView


def open_database(settings: Settings, data_dir: Path) -> Database:
    """The database, its schema up to date. Raises Unavailable; Refused where the schema is newer or not ours."""
    ballast = None if settings.database_url else Ballast(data_dir / "ballast", settings.ballast_mb * 1024 * 1024)
    database = Database(database_url(settings, data_dir), ballast)
    ensure(database)
    return database


def open_views(settings: Settings, driver: Driver, database: Database) -> list[EmbeddedView | FaustView]:
    """The views: Faust with a Table on Kafka, the same functions over the embedded log otherwise."""
    if settings.broker == "sqlite":
        return [EmbeddedView(view, driver, database) for view in VIEWS]
    from streams.views.faust_app import FaustView

    bootstrap = settings.broker.removeprefix("kafka://")
    return [FaustView(view, driver, bootstrap, settings.topic_prefix) for view in VIEWS]


def open_driver(settings: Settings, data_dir: Path, clock: Clock) -> Driver:
    """The broker: the embedded log, or Kafka."""
    if settings.broker == "sqlite":
        from streams.sqlite_log import SqliteLog

        log = SqliteLog(data_dir / "log.db", clock)
        log.ensure_topics()
        return log
    from streams.kafka_driver import KafkaDriver

    return KafkaDriver(settings.broker.removeprefix("kafka://"), settings.topic_prefix, gather=not clock.simulated)


def match_network(session: Session) -> MatchNetwork:
    """Every street as map matching needs it."""
    return MatchNetwork.build(
        StreetLine(row.id, row.from_node, row.to_node, row.one_way, row.geometry)
        for row in session.exec(select(Segment)).all()
    )
