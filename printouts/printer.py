"""The printer role: sheets of newly approved versions, then the district's bundle.

File first, row after: killed in between, the next call finds the file and writes the row. Doing it twice does nothing
the second time. The bundle's row says what it holds; a timer set at the approval looks there (dispatch/bundles.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, col, select

from dispatch.bundles import bundle_written
from dispatch.uow import UnitOfWork
from dispatch.versions import LIVE_STATES
from models.database import Database
from models.ids import sheet_code
from models.tables.plans import Plan, PlanVersion, Route, Sheet, Telling
from models.times import iso
from models.tracing import span
from printouts.bundle import PrintedSheet, render_routes, routes_of, slip_name, versions_in, write_bundle
from printouts.files import write_durably
from printouts.render import Progress, render_many, silent
from printouts.slips import slip_data
from printouts.values import SlipData

ISSUED, SUPERSEDED = "issued", "superseded"


@dataclass
class Printer:
    """Renders into `sheets_dir`, bundles into `bundles_dir`. `clock` gives the time on Sheet rows and manifests."""

    database: Database
    bundles_dir: Path
    sheets_dir: Path
    clock: Callable[[], datetime]
    processes: int = 2
    _printed: dict[str, str] = field(default_factory=dict)
    """Live versions dealt with since this printer was made, with their districts."""

    def print_due(self) -> int:
        """Print what was approved since the last look, and rewrite bundles whose plans have closed; how many."""
        with self.database.read() as session:
            rows = session.execute(
                select(col(PlanVersion.id), col(Plan.district))
                .join(Plan, col(Plan.code) == col(PlanVersion.plan))
                .where(col(PlanVersion.state).in_(LIVE_STATES))
                .order_by(col(PlanVersion.id))
            ).all()
        live = {str(id_): str(district) for id_, district in rows}
        fresh = [id_ for id_ in live if id_ not in self._printed]
        for id_ in fresh:
            self.handle(id_)
        done = {live[id_] for id_ in fresh}
        closed = {district for id_, district in self._printed.items() if id_ not in live} - done
        for district in sorted(closed):
            self.refresh(district)
        self._printed = live
        return len(fresh) + len(closed)

    def handle(self, plan_version_id: str, progress: Progress = silent) -> list[Path]:
        """Print what is new in a version and swap its district's bundle. Returns the paths of the new sheets.

        Slips for changes not yet told are written beside them (slip_*.pdf). An unknown version prints nothing; one
        superseded meanwhile only has the bundle written anew. Raises Unprintable when a sheet cannot be typeset;
        then no row is written and the old bundle stays.
        """
        with self.database.read() as session:
            version = session.get(PlanVersion, plan_version_id)
            plan = session.get(Plan, version.plan) if version is not None else None
        if version is None or plan is None:
            return []
        with span("sheet", version.cause, plan_version=version.id):
            return self._print(version, plan, progress)

    def _print(self, version: PlanVersion, plan: Plan, progress: Progress) -> list[Path]:
        with self.database.read() as session:
            routes = routes_of(session, version.id) if version.state != SUPERSEDED else []
            fresh = [route for route in routes if session.get(Sheet, sheet_code(route.route_hash)) is None]
            slips = self._slips(session, routes)
        sheets = render_routes(self.database, fresh, self.processes, progress) if fresh else []
        paths = [write_durably(self.sheets_dir / sheet.name, sheet.pdf) for sheet in sheets]
        for (name, _), (pdf, _) in zip(slips, render_many([slip for _, slip in slips]), strict=True):
            write_durably(self.sheets_dir / name, pdf)
        now = self.clock()
        with self.database.write() as session:
            for sheet, route, path in zip(sheets, fresh, paths, strict=True):
                self._issue(session, plan, route, sheet, path, now)
            self._supersede(session, plan)
            if sheets:  # pages that wait for them look again
                uow = UnitOfWork(session, now, f"print:{version.id}@{iso(now)}", "system:printer")
                codes = [sheet.code for sheet in sheets]
                uow.emit("plans", plan.code, "sheet.issued", {"plan_version": version.id, "sheets": codes}, version.id)
        self.refresh(plan.district)
        return paths

    def refresh(self, district: str) -> Path:
        """Write a district's bundle anew, as after a plan was closed, then say what it holds. Returns its folder."""
        now = self.clock()
        folder = write_bundle(self.database, district, self.bundles_dir, now)
        with self.database.write() as session:
            uow = UnitOfWork(session, now, f"bundle:{district}@{iso(now)}", "system:printer")
            bundle_written(uow, district, versions_in(self.bundles_dir, district))
        return folder

    def _slips(self, session: Session, routes: list[Route]) -> list[tuple[str, SlipData]]:
        """(file name, slip) of the changes of these routes that nobody has been told of and that have no slip yet."""
        by_id = {route.id: route for route in routes}
        rows = session.exec(select(Telling).where(col(Telling.route).in_(list(by_id)), col(Telling.told_at).is_(None)))
        named = [(slip_name(by_id[row.route]), row.id) for row in rows.all()]
        return [(name, slip_data(session, id_)) for name, id_ in named if not (self.sheets_dir / name).is_file()]

    def _issue(
        self, session: Session, plan: Plan, route: Route, sheet: PrintedSheet, path: Path, now: datetime
    ) -> None:
        if session.get(Sheet, sheet.code) is None:
            session.add(
                Sheet(
                    code=sheet.code,
                    route_hash=route.route_hash,
                    route=route.id,
                    plan=plan.code,
                    vehicle=route.vehicle or route.crew,
                    path=str(path),
                    pages=sheet.pages,
                    issued_at=now,
                )
            )

    def _supersede(self, session: Session, plan: Plan) -> None:
        """Sheets of routes no live version has any more; one that came back is issued again. A closed plan rests."""
        live = session.exec(
            select(PlanVersion.id).where(PlanVersion.plan == plan.code, col(PlanVersion.state).in_(LIVE_STATES))
        ).all()
        if not live:
            return
        valid = {sheet_code(route.route_hash) for version in live for route in routes_of(session, version)}
        for sheet in session.exec(select(Sheet).where(Sheet.plan == plan.code)).all():
            if sheet.state == ISSUED and sheet.code not in valid:
                sheet.state = SUPERSEDED
            elif sheet.state == SUPERSEDED and sheet.code in valid:
                sheet.state = ISSUED
