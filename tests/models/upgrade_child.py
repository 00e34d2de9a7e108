"""`sweepline db upgrade` that kills itself with -9 at a given point, or loses its connection there.

    python -m tests.models.upgrade_child DIR POINT VERSIONS [cut]

Points are counted from 1: before and after each statement, before each commit, and the end. Prints how many there were
when it came that far. VERSIONS is a folder of further migrations, "" for none. With `cut` it is the server that ends
the connection.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, text

from models import migrate
from sweepline.cli import run


class Points:
    def __init__(self, fatal: int, cut: bool) -> None:
        self.reached = 0
        self.fatal = fatal
        self.cut = cut

    def reach(self, connection: Connection | None = None) -> None:
        self.reached += 1
        if self.reached != self.fatal:
            return
        if not self.cut:
            os.kill(os.getpid(), signal.SIGKILL)
        assert connection is not None
        victim = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
        other = create_engine(os.environ["SWEEPLINE_DATABASE_URL"])
        with other.connect() as admin:
            admin.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": victim})
        other.dispose()


def main(folder: str, fatal: int, versions: str, cut: bool) -> int:
    points = Points(fatal, cut)
    ordinary = migrate.make_config

    def with_later() -> Config:
        config = ordinary()
        if versions:
            own = f"{config.get_main_option('script_location')}/versions"
            config.set_main_option("version_locations", os.pathsep.join((own, versions)))
        return config

    migrate.make_config = with_later

    def statement(connection: Connection, *_: Any) -> None:
        points.reach(connection)

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "after_cursor_execute", statement)
    event.listen(Engine, "commit", points.reach)
    code = run(["db", "upgrade", "--data", folder])
    points.reach()
    print(f"points {points.reached}", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:] == ["cut"]))
