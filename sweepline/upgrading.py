"""`sweepline db upgrade`. It loads nothing of the system, so that it is quick and works whatever else is broken."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url

from config.settings import database_url, load_settings
from models.database import Database
from models.migrate import newest, upgrade


def upgrade_command(data: Path) -> int:
    """Bring the schema up to date; as the tables' owner where one is set, who then gives the other role its rights."""
    data.mkdir(parents=True, exist_ok=True)
    settings = load_settings(data)
    url = database_url(settings, data)
    database = Database(settings.database_owner_url or url)
    try:
        was = upgrade(database, (make_url(url).username or "") if settings.database_owner_url else "")
    finally:
        database.close()
    now = newest()
    print(f"schema is up to date ({now})" if was == now else f"schema brought from {was or 'nothing'} to {now}")
    return 0
