"""Reading an instance by its content, whatever its suffix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from routing.errors import BadInstance
from routing.instances.carp_if_tp import is_carp_if_tp, read_carp_if_tp
from routing.instances.carplib import is_carplib, read_carplib
from routing.instances.documents import is_document, read_document
from routing.instances.instance import Instance
from routing.instances.known import beside
from routing.instances.mcgrp import is_mcgrp, read_mcgrp
from routing.instances.mcgrp_tp import is_mcgrp_tp, read_mcgrp_tp
from routing.instances.pcarp import is_pcarp, read_pcarp
from routing.instances.solomon import is_solomon, read_solomon
from routing.instances.vrplib import is_vrplib, read_vrplib

INSTANCE_BYTES_MAX = 64 * 2**20
"""Largest file read."""

_KNOWN = "give CARPLIB, MCGRP, MCGRP-TP, CARP-IF-TP, PCARP, VRPLIB or Solomon text, or a problem's document"

_FORMATS: tuple[tuple[Callable[[str], bool], Callable[[str, str], Instance]], ...] = (
    (is_document, read_document),
    (is_carplib, read_carplib),
    (is_mcgrp_tp, read_mcgrp_tp),
    (is_mcgrp, read_mcgrp),
    (is_carp_if_tp, read_carp_if_tp),
    (is_pcarp, read_pcarp),
    (is_vrplib, read_vrplib),
    (is_solomon, read_solomon),
)


def read_text(path: Path) -> str:
    """The file's text. Raises BadInstance where there is none to read."""
    try:
        if not path.is_file():
            raise BadInstance(
                "is no file" if path.exists() else "cannot be opened (no such file)", str(path), "give one"
            )
        size = path.stat().st_size
        if size > INSTANCE_BYTES_MAX:
            raise BadInstance(f"{size} bytes, at most {INSTANCE_BYTES_MAX} are read", str(path), "give a smaller file")
        return path.read_text(encoding="latin-1")
    except OSError as error:
        raise BadInstance(f"cannot be opened ({error.strerror})", str(path), "give the path of a file") from None
    except ValueError:
        raise BadInstance("is no path", "the file named", "give the path of a file") from None


def read_instance(path: Path) -> Instance:
    """Any file we know. Raises BadInstance."""
    text = read_text(path)
    where = str(path)
    reader = next((read for knows, read in _FORMATS if knows(text)), None)
    if reader is None:
        raise BadInstance("is no instance of a known kind, or truncated", where, _KNOWN)
    instance = reader(text, where)
    if not instance.problem.tasks:
        raise BadInstance("nothing to serve in it", where)
    if instance.best_known is not None:
        return instance
    best, proven = beside(path, instance)
    return replace(instance, best_known=best, proven=proven)
