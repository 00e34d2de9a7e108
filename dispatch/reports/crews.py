"""The day plan by crew: every route that starts on a day, whatever plan it is of, in the order of crews and times."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlmodel import Session, col, select

from dispatch.fallback import PERIOD
from dispatch.reports.plans import approved_versions, counted_version, routes_of
from dispatch.reports.values import CrewDay, CrewRoute, FreeCrew
from models.ids import sheet_code
from models.tables.city import City, Crew, Vehicle, Worker
from models.tables.plans import Plan, PlanVersion, Route
from models.times import local_date

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def crew_day(session: Session, day: date) -> CrewDay:
    """Each plan by its last approved version, or by its newest where none was approved. A plan of a night lies on the
    day before too, since its routes may begin after midnight."""
    city = session.exec(select(City)).one()
    plans = session.exec(
        select(Plan).where(
            col(Plan.day).in_([day - timedelta(days=1), day]), col(Plan.period) != PERIOD, col(Plan.latest) > 0
        )
    ).all()
    approved = approved_versions(session, plans)
    chosen = {counted_version(plan, approved[plan.code]): plan for plan in plans}
    versions = {
        row.id: row for row in session.exec(select(PlanVersion).where(col(PlanVersion.id).in_(list(chosen)))).all()
    }
    crews = {row.id: row for row in session.exec(select(Crew)).all()}
    plates = dict(session.exec(select(Vehicle.id, Vehicle.plate)).all())
    workers = {row.id: row for row in session.exec(select(Worker)).all()}
    lines = []
    for route in routes_of(session, list(versions)):
        if local_date(route.start_at, city.zone) == day:
            plan, version = chosen[route.plan_version], versions[route.plan_version]
            lines.append(_line(route, plan, version, crews, plates, workers))
    lines.sort(key=lambda line: (line.crew_name, line.crew, line.start_at, line.plan))
    busy = {line.crew for line in lines}
    return CrewDay(
        city=city.name,
        city_en=city.name_en,
        zone=city.zone,
        day=day,
        routes=tuple(lines),
        free=tuple(
            FreeCrew(crew=row.id, name=row.name, name_en=row.name_en, district=row.district, shift=row.shift)
            for row in sorted(crews.values(), key=lambda row: (row.district, row.id))
            if row.id not in busy
        ),
        newest_at=max((row.created_at for row in versions.values()), default=NEVER),
    )


def _line(
    route: Route,
    plan: Plan,
    version: PlanVersion,
    crews: dict[str, Crew],
    plates: dict[str, str],
    workers: dict[str, Worker],
) -> CrewRoute:
    crew, driver = crews.get(route.crew), workers.get(route.driver)
    return CrewRoute(
        crew=route.crew or route.vehicle,
        crew_name=crew.name if crew is not None else route.vehicle,
        crew_name_en=crew.name_en if crew is not None else "",
        vehicle=route.vehicle if route.vehicle in plates else "",
        plate=plates.get(route.vehicle, ""),
        driver=driver.name if driver is not None else "",
        phone=driver.phone if driver is not None else "",
        start_at=route.start_at,
        end_at=route.end_at,
        service=plan.service,
        district=plan.district,
        plan=plan.code,
        version=version.version,
        state=version.state,
        stops=route.stops,
        distance_m=route.distance_m,
        sheet=sheet_code(route.route_hash),
    )
