"""`sweepline db backup` and `restore`: a folder with the database, the log, paper, photos and settings, and a manifest.

The log is copied before the database: what the database has done since is delivered again and known by the inbox, and
what it sent since is sent again (`restore` asks for that). Files come last: a sheet is written before its row.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import make_url
from sqlmodel import Session, col, select, update

from config.settings import Settings, database_url, load_settings
from models.ballast import full_disk_told
from models.database import Database
from models.errors import Refused
from models.ids import file_hash
from models.migrate import current, newest, upgrade
from models.tables.flow import Lease, Outbox
from models.tables.plans import Sheet
from models.times import iso
from streams.sealing import seal
from sweepline.database_copy import (
    POSTGRES_FILE,
    SQLITE_FILE,
    Measured,
    SeenPhoto,
    copy_sqlite,
    dump_postgres,
    load_postgres,
    measure_sqlite,
    refuse_filled,
    seen_photos,
)

FORMAT = 1
MANIFEST = "manifest.json"
PHOTOS = "photos"
FOLDERS = ("bundles", "sheets", PHOTOS)
NAMED = 5
"""Cases named whose photos are not whole."""
SETTINGS_FILE = "sweepline.toml"
LOG_FILE = "log.db"
BUNDLE_TRIES = 5
"""A bundle may be swapped while it is copied; the new one is then taken instead."""


class FileEntry(BaseModel):
    """One file of a backup."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sha256: str
    bytes: int


class Manifest(BaseModel):
    """What a backup consists of and what its database held. `links` are the bundles' (name → folder beside it)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: int
    made_at: str
    version: str
    database: str
    schema_revision: str
    rows: dict[str, int]
    state_hash: str
    files: dict[str, FileEntry]
    links: dict[str, str]


def backup_command(data: Path, out: Path) -> int:
    """Write a backup of DIR and its database into the new folder OUT, while the system runs.

    0, or 1 where it is made but a photo's file is missing or damaged: an older backup may have it.
    """
    settings = load_settings(data)
    if out.exists():
        raise Refused("not_empty", f"{out}: is there already; name a folder that is not")
    if not out.parent.is_dir():
        raise Refused("no_folder", f"{out}: cannot be written, {out.parent} is no folder")
    fresh = out.with_name(f"{out.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        with full_disk_told(out):
            fresh.mkdir(mode=0o700)
            manifest, photos = _fill(settings, data, fresh)
            (fresh / MANIFEST).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
            _sync(fresh)
            fresh.rename(out)
    except (OSError, sqlite3.Error) as error:
        raise Refused("bad_copy", f"{out}: cannot be written ({error})") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    size = sum(entry.bytes for entry in manifest.files.values())
    print(f"{out}: {len(manifest.files)} files, {size} bytes, schema {manifest.schema_revision}, {_state(manifest)}")
    return _tell_of_photos(manifest, photos)


def _tell_of_photos(manifest: Manifest, photos: list[SeenPhoto]) -> int:
    """Say which photos the backup has no whole files of: 1 where there are any."""
    files = {name: (entry.sha256, entry.bytes) for name, entry in manifest.files.items()}

    def whole(one: SeenPhoto) -> bool:
        _, small_bytes = files.get(f"{PHOTOS}/{one.sha256}-small.jpg", ("", 0))
        return files.get(f"{PHOTOS}/{one.sha256}.jpg") == (one.sha256, one.bytes) and small_bytes > 0

    bad = [one for one in photos if not whole(one)]
    if bad:
        names = ", ".join(sorted({one.case for one in bad})[:NAMED])
        print(f"sweepline: photos missing or damaged: {len(bad)}, of cases {names}; see db verify", file=sys.stderr)
    return 1 if bad else 0


def _fill(settings: Settings, data: Path, fresh: Path) -> tuple[Manifest, list[SeenPhoto]]:
    """Write the files: what they are, and the photos that must be among them."""
    if settings.broker == "sqlite" and (data / LOG_FILE).exists():
        copy_sqlite(data / LOG_FILE, fresh / LOG_FILE)
    url = database_url(settings, data)
    if url.startswith("sqlite"):
        source = Path(str(make_url(url).database))
        if not source.exists():
            raise Refused("no_data", f"{source}: no database there")
        copy_sqlite(source, fresh / SQLITE_FILE)
        measured = measure_sqlite(fresh / SQLITE_FILE)
        revision = _revision(f"sqlite:///{fresh / SQLITE_FILE}")
    else:
        owner = settings.database_owner_url or url
        revision = _revision(owner)
        measured = dump_postgres(owner, fresh / POSTGRES_FILE)
    photos = seen_photos(url)  # before their files are copied: none of these is deleted meanwhile, removed or not
    links = _copy_files(data, fresh)
    files = {str(path.relative_to(fresh)): path for path in sorted(fresh.rglob("*")) if path.is_file()}
    manifest = Manifest(
        format=FORMAT,
        made_at=iso(datetime.now(UTC)),
        version=version("sweepline"),
        database="sqlite" if url.startswith("sqlite") else "postgresql",
        schema_revision=revision,
        rows=measured.rows,
        state_hash=measured.state_hash,
        files={name: FileEntry(sha256=file_hash(path), bytes=path.stat().st_size) for name, path in files.items()},
        links=links,
    )
    return manifest, photos


def _copy_files(data: Path, fresh: Path) -> dict[str, str]:
    """Settings and paper. Of the bundles only what their links name; unfinished files (.new) stay behind."""
    if (data / SETTINGS_FILE).exists():
        shutil.copyfile(data / SETTINGS_FILE, fresh / SETTINGS_FILE)
    links: dict[str, str] = {}
    for folder in FOLDERS:
        for path in sorted((data / folder).glob("*")):
            if path.is_symlink():
                links[f"{folder}/{path.name}"] = _copy_bundle(path, fresh / folder)
            elif path.is_dir() and not path.name.startswith("."):
                shutil.copytree(path, fresh / folder / path.name)
            elif path.is_file() and not path.name.startswith("."):
                (fresh / folder).mkdir(exist_ok=True)
                shutil.copyfile(path, fresh / folder / path.name)
    return links


def _copy_bundle(link: Path, into: Path) -> str:
    for attempt in range(BUNDLE_TRIES):
        target = str(link.readlink())
        try:
            shutil.copytree(link.parent / target, into / target, dirs_exist_ok=True)
            return target
        except (FileNotFoundError, shutil.Error):
            shutil.rmtree(into / target, ignore_errors=True)
            if attempt == BUNDLE_TRIES - 1:
                raise
    raise AssertionError("unreachable")


def restore_command(data: Path, backup: Path) -> int:
    """Put a backup into an empty place: DIR without data, and on PostgreSQL an empty database. 0 when it is the same.

    Raises Refused where the backup is damaged or the place is not empty, Unavailable when the database is away.
    """
    manifest = _checked(backup)
    held = sorted(path.name for path in data.glob("*")) if data.exists() else []
    if set(held) - {SETTINGS_FILE}:
        raise Refused("not_empty", f"{data}: has {', '.join(held[:5])} in it; restore into an empty folder")
    settings = load_settings(data if held else backup)
    url = database_url(settings, data)
    kind = "sqlite" if url.startswith("sqlite") else "postgresql"
    if kind != manifest.database:
        raise Refused("other_database", f"{backup}: is of {manifest.database}, but the settings name {kind}")
    if kind == "postgresql":
        refuse_filled(settings.database_owner_url or url)
    fresh = data.with_name(f"{data.name}.restoring")
    shutil.rmtree(fresh, ignore_errors=True)
    with full_disk_told(fresh):
        measured = _unpack(settings, url, manifest, backup, fresh)
    if _differs(manifest, measured):
        print(f"{backup}: what was restored is not what was backed up; it is left in {fresh} for a look")
        return 1
    if held:
        shutil.copyfile(data / SETTINGS_FILE, fresh / SETTINGS_FILE)
        (data / SETTINGS_FILE).unlink()
    if data.exists():
        data.rmdir()
    fresh.rename(data)
    _make_ready(settings, url, data)
    print(f"{data} restored from {backup} of {manifest.made_at}, {_state(manifest)}; now `sweepline db verify`")
    return 0


def _unpack(settings: Settings, url: str, manifest: Manifest, backup: Path, fresh: Path) -> Measured:
    for name in manifest.files:
        if name != POSTGRES_FILE:
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(backup / name, fresh / name)
    for name, target in manifest.links.items():
        (fresh / name).symlink_to(target)
    if manifest.database == "sqlite":
        return measure_sqlite(fresh / SQLITE_FILE)
    fresh.mkdir(parents=True, exist_ok=True)
    return load_postgres(settings.database_owner_url or url, backup / POSTGRES_FILE)


def _differs(manifest: Manifest, measured: Measured) -> bool:
    """Rows always count; the hash does where this version reads the schema the backup was made with."""
    same_schema = manifest.schema_revision == newest()
    return measured.rows != manifest.rows or (same_schema and measured.state_hash != manifest.state_hash)


def _make_ready(settings: Settings, url: str, data: Path) -> None:
    """What a restored system needs: the schema of this version, nobody's leases, paper at its place, mail sent anew."""
    owner = settings.database_owner_url
    database = Database(owner or url)
    try:
        upgrade(database, (make_url(url).username or "") if owner else "")
        with database.write() as session:
            session.execute(update(Lease).values(holder=""))
            session.execute(update(Outbox).values(sent_at=None))
            _move_sheets(session, data)
            while seal(session, datetime.now(UTC)):  # the last moment's audit, which the backup caught before its seal
                session.flush()
    finally:
        database.close()


def _move_sheets(session: Session, data: Path) -> None:
    for sheet in session.exec(select(Sheet).where(col(Sheet.path) != "")).all():
        sheet.path = str(data / "sheets" / Path(sheet.path).name)


def _checked(backup: Path) -> Manifest:
    """The manifest, when every file is as it says."""
    try:
        manifest = Manifest.model_validate_json((backup / MANIFEST).read_bytes())
    except OSError as error:
        raise Refused("bad_copy", f"{backup}: is no backup, it has no readable {MANIFEST}") from error
    except ValidationError as error:
        raise Refused("bad_copy", f"{backup / MANIFEST}: {str(error).splitlines()[0]}") from error
    if manifest.format != FORMAT:
        raise Refused("bad_copy", f"{backup}: is of format {manifest.format}, this version reads {FORMAT}")
    names = [*manifest.files, *manifest.links, *(f"bundles/{target}" for target in manifest.links.values())]
    for name in names:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise Refused("bad_copy", f"{backup}: names a file outside of it: {name}")
    for name, entry in manifest.files.items():
        path = backup / name
        if not path.is_file() or file_hash(path) != entry.sha256:
            raise Refused("bad_copy", f"{path}: is missing or not what was backed up; take another backup")
    return manifest


def _revision(url: str) -> str:
    database = Database(url)
    try:
        return current(database) or ""
    finally:
        database.close()


def _state(manifest: Manifest) -> str:
    return f"state {manifest.state_hash}" if manifest.state_hash else "state not hashed: too many positions"


def _sync(folder: Path) -> None:
    """Have every file on the disk before the folder gets its name."""
    for path in [*folder.rglob("*"), folder]:
        if not path.is_symlink():
            handle = os.open(path, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
