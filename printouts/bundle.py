"""Sheets as files: the sheets of one plan, and a district's bundle that needs no service to be printed from.

A bundle is a folder bundles/DISTRICT with the sheets and merged PDF of every approved or active version, its route
documents as JSON, and manifest.json with the SHA-256 of each file. It is written beside its place, made durable,
and swapped in by renaming a link, so a reader sees the old one or the new one.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from dispatch.versions import LIVE_STATES
from models.ballast import full_disk_told
from models.database import Database
from models.errors import Refused
from models.ids import content_hash, sheet_code
from models.tables.plans import Plan, PlanVersion, Route, Sheet
from models.times import iso
from printouts.data import SheetSource, sheet_data
from printouts.files import sync, write, write_durably
from printouts.last import MANIFEST
from printouts.orders import order_data
from printouts.paper import A4, Paper
from printouts.render import Progress, merge, render_many, silent
from printouts.text import name_of

OLD_BUNDLES_KEPT = 1
"""Bundles before the present one that stay on disk, for whoever is reading them."""
_UNSAFE = re.compile(r"[^\w.@-]+")


@dataclass(frozen=True, slots=True)
class PrintedSheet:
    """One sheet as PDF: its route, code, file name, bytes and pages."""

    route: str
    code: str
    name: str
    pdf: bytes
    pages: int


def file_name(route: Route) -> str:
    """PLAN@VERSION_VEHICLE_CODE.pdf, with nothing in it a file system minds."""
    who = _UNSAFE.sub("-", route.vehicle or route.crew)[:40] or "crew"
    return f"{_UNSAFE.sub('-', route.plan_version)}_{who}_{sheet_code(route.route_hash)}.pdf"


def slip_name(route: Route) -> str:
    """The file name of the change slip of a route."""
    return f"slip_{file_name(route)}"


def routes_of(session: Session, version_id: str) -> list[Route]:
    """A version's routes with anything to do, in depot order (their sequence)."""
    rows = session.exec(select(Route).where(Route.plan_version == version_id).order_by(col(Route.seq))).all()
    return [row for row in rows if row.doc.get("stops")]


def find_version(session: Session, plan: str) -> PlanVersion:
    """PLAN@VERSION, or PLAN: its active or approved version, else its newest. Raises Refused when unknown."""
    version = session.get(PlanVersion, plan)
    if version is None:
        rows = session.exec(
            select(PlanVersion).where(PlanVersion.plan == plan).order_by(col(PlanVersion.version).desc())
        ).all()
        version = next((row for row in rows if row.state in LIVE_STATES), rows[0] if rows else None)
    if version is None:
        raise Refused("unknown_plan", f"plan {name_of(plan)} is not known; list them with `sweepline plan list`")
    return version


def render_routes(
    database: Database, routes: list[Route], processes: int = 2, progress: Progress = silent, paper: Paper = A4
) -> list[PrintedSheet]:
    """The sheets of routes, typeset. Raises Unprintable."""
    with database.read() as session:
        source = SheetSource(session)
        sheets = (sheet_data(session, route.id, source) for route in routes)
        printed = render_many(sheets, processes, progress, len(routes), paper)
    return [
        PrintedSheet(route.id, sheet_code(route.route_hash), file_name(route), pdf, pages)
        for route, (pdf, pages) in zip(routes, printed, strict=True)
    ]


def order_name(version_id: str) -> str:
    """PLAN@VERSION_order.pdf."""
    return f"{_UNSAFE.sub('-', version_id)}_order.pdf"


def render_orders(database: Database, routes: dict[str, list[Route]], paper: Paper = A4) -> list[bytes]:
    """The order and slots of each version (version id → its routes), typeset. Raises Unprintable."""
    with database.read() as session:
        source = SheetSource(session)
        orders = [order_data(session, version_id, mine, source) for version_id, mine in routes.items()]
    return [pdf for pdf, _ in render_many(orders, paper=paper)] if orders else []


def print_plan(
    database: Database,
    plan_version_id: str,
    out_dir: Path,
    processes: int = 2,
    progress: Progress = silent,
    paper: Paper = A4,
) -> list[Path]:
    """Write a version's single sheets, its order and PLAN@VERSION.pdf (all of them, for both sides) into a folder.

    Returns the paths, the merged one last, the order before it. Raises Refused when the version is unknown or has no
    route.
    """
    with database.read() as session:
        version = find_version(session, plan_version_id)
        routes = routes_of(session, version.id)
    if not routes:
        raise Refused("nothing_to_print", f"{version.id} has no route to print")
    sheets = render_routes(database, routes, processes, progress, paper)
    out_dir.mkdir(parents=True, exist_ok=True)
    paths = [write_durably(out_dir / sheet.name, sheet.pdf) for sheet in sheets]
    (order,) = render_orders(database, {version.id: routes}, paper)
    paths.append(write_durably(out_dir / order_name(version.id), order))
    merged = merge([order, *(sheet.pdf for sheet in sheets)])
    paths.append(write_durably(out_dir / f"{_UNSAFE.sub('-', version.id)}.pdf", merged))
    return paths


def write_bundle(database: Database, district: str, bundles_dir: Path, now: datetime) -> Path:
    """Write a district's bundle of all approved and active versions and swap it in. Returns its folder.

    A sheet issued already is taken as it was issued, under its name: that is the paper the crew holds. An empty
    bundle is written too: it says that nothing is planned, which an old bundle would not.
    """
    with database.read() as session:
        versions = session.exec(
            select(PlanVersion)
            .join(Plan, col(Plan.code) == col(PlanVersion.plan))
            .where(Plan.district == district, col(PlanVersion.state).in_(LIVE_STATES))
            .order_by(col(PlanVersion.plan), col(PlanVersion.version))
        ).all()
        routes = {version.id: routes_of(session, version.id) for version in versions}
    pdfs = _typeset(database, [route for found in routes.values() for route in found])
    docs = {version.id: _json(_version_doc(version, routes[version.id])) for version in versions}
    name = _UNSAFE.sub("-", district)
    content = content_hash(b"".join([*docs.values(), *(pdf for _, pdf in pdfs.values())]))
    if _manifest(bundles_dir / name).get("content") == content:
        return bundles_dir / name
    files: dict[str, bytes] = {}
    orders = _orders(database, bundles_dir / name, {id_: mine for id_, mine in routes.items() if mine})
    for version in versions:
        mine = [pdfs[route.id] for route in routes[version.id]]
        files.update(mine)
        if mine:
            base, order = _UNSAFE.sub("-", version.id), order_name(version.id)
            files[order] = orders[version.id]
            files[f"{base}.pdf"] = merge([files[order], *(pdf for _, pdf in mine)])
            files[f"{base}.json"] = docs[version.id]
    manifest = {
        "district": district,
        "written_at": iso(now),
        "content": content,
        "versions": [version.id for version in versions],
        "files": {file: {"sha256": content_hash(body), "bytes": len(body)} for file, body in sorted(files.items())},
    }
    return _swap_in(bundles_dir, name, files, manifest)


def _manifest(bundle: Path) -> dict[str, Any]:
    """The manifest of a bundle; empty when there is none that can be read."""
    try:
        found = json.loads((bundle / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _orders(database: Database, bundle: Path, routes: dict[str, list[Route]]) -> dict[str, bytes]:
    """Each version's order. A version never changes, nor does its order: what the present bundle has is taken over."""
    files = _manifest(bundle).get("files", {})
    kept: dict[str, bytes] = {}
    for version_id in routes:
        name = order_name(version_id)
        with suppress(OSError, KeyError, TypeError):  # not there, or not to be read: made anew
            body = (bundle / name).read_bytes()
            if content_hash(body) == files[name]["sha256"]:
                kept[version_id] = body
    missing = {version_id: mine for version_id, mine in routes.items() if version_id not in kept}
    return kept | dict(zip(missing, render_orders(database, missing), strict=True))


def versions_in(bundles_dir: Path, district: str) -> list[str]:
    """The versions a district's bundle was written of; none when there is no bundle that can be read."""
    with suppress(TypeError):
        return list(_manifest(bundles_dir / _UNSAFE.sub("-", district)).get("versions", []))
    return []


def _typeset(database: Database, routes: list[Route]) -> dict[str, tuple[str, bytes]]:
    """(file name, PDF) by route id: the issued file where it lies in its place, else typeset now."""
    with database.read() as session:
        rows = {route.id: session.get(Sheet, sheet_code(route.route_hash)) for route in routes}
    paths = {id_: Path(row.path) for id_, row in rows.items() if row is not None}
    pdfs = {id_: (path.name, path.read_bytes()) for id_, path in paths.items() if path.is_file()}
    missing = [route for route in routes if route.id not in pdfs]
    fresh = render_routes(database, missing) if missing else []
    pdfs.update({sheet.route: (sheet.name, sheet.pdf) for sheet in fresh})
    return pdfs


def _version_doc(version: PlanVersion, routes: Iterable[Route]) -> dict[str, Any]:
    """A version with its routes as JSON: what a crew would need when all else is away."""
    return {
        "plan_version": version.id,
        "state": version.state,
        "notes": version.notes,
        "routes": [
            {
                "id": route.id,
                "vehicle": route.vehicle,
                "crew": route.crew,
                "driver": route.driver,
                "start_at": iso(route.start_at),
                "end_at": iso(route.end_at),
                "sheet": sheet_code(route.route_hash),
                "doc": route.doc,
            }
            for route in routes
        ],
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode()


def _swap_in(bundles_dir: Path, name: str, files: dict[str, bytes], manifest: dict[str, Any]) -> Path:
    """Write a folder named by its content, then point the link bundles/NAME at it in one rename."""
    body = _json(manifest)
    target = f".{name}-{content_hash(body)[:16]}"
    folder = bundles_dir / target
    if not folder.is_dir():
        fresh = bundles_dir / f"{target}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        with full_disk_told(fresh):
            fresh.mkdir(parents=True)
        for file, content in (*files.items(), (MANIFEST, body)):
            write(fresh / file, content)
        sync(fresh)
        fresh.rename(folder)
    link, link_new = bundles_dir / name, bundles_dir / f".{name}.link"
    link_new.unlink(missing_ok=True)
    with full_disk_told(link):
        link_new.symlink_to(target)
    link_new.rename(link)
    sync(bundles_dir)
    stale = [p for p in bundles_dir.glob(f".{name}-*") if p.name != target]
    for old in sorted(stale, key=lambda p: p.stat().st_mtime_ns, reverse=True)[OLD_BUNDLES_KEPT:]:
        shutil.rmtree(old)
    return link
