"""Bundles read back: each file held against its manifest, and all of them copied out without any service."""

from __future__ import annotations

import json
from pathlib import Path

from models.errors import Refused
from models.ids import content_hash
from printouts.files import write_durably
from printouts.text import name_of

MANIFEST = "manifest.json"
FILES_LIMIT = 5_000
"""Files of one bundle."""


def print_last(data_dir: Path, out_dir: Path) -> list[Path]:
    """Copy the PDFs of every district's bundle into a folder, each checked against its manifest. Needs no service.

    Raises Refused when there is no bundle, or when a file does not agree with its manifest.
    """
    bundles = sorted(
        path for path in (data_dir / "bundles").glob("*") if path.name[0] != "." and (path / MANIFEST).is_file()
    )
    if not bundles:
        raise Refused("no_bundle", f"no bundle in {data_dir / 'bundles'}: none is written before a plan is approved")
    copied: list[Path] = []
    for bundle in bundles:
        for name, body in verified(bundle):
            copied.append(write_durably(out_dir / name, body))
        copied.append(write_durably(out_dir / f"{bundle.name}-{MANIFEST}", (bundle / MANIFEST).read_bytes()))
    return copied


def verified(bundle: Path) -> list[tuple[str, bytes]]:
    """The files of a bundle with their content, all as the manifest says. Raises Refused otherwise."""
    where = f"bundle {bundle}"
    try:
        manifest = json.loads((bundle / MANIFEST).read_bytes())
        listed = {str(name): str(entry["sha256"]) for name, entry in manifest["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused("bad_bundle", f"{where}: its manifest cannot be read ({error}); take a backup's") from error
    if len(listed) > FILES_LIMIT:
        raise Refused("bad_bundle", f"{where}: {len(listed)} files exceed {FILES_LIMIT}")
    found: list[tuple[str, bytes]] = []
    for name, digest in listed.items():
        if name != Path(name).name or name.startswith("."):
            raise Refused("bad_bundle", f"{where}: {name_of(name)} is no plain file name")
        path = bundle / name
        body = path.read_bytes() if path.is_file() else b""
        if content_hash(body) != digest:
            raise Refused("bad_bundle", f"{where}: {name} is missing or differs from its manifest; take a backup's")
        found.append((name, body))
    return found
