"""The browser libraries: pinned by hash, named without an address, only the files the page needs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from console.vendor import AXE, ROOT, VendorError, copy_files, copy_for_tests, ensure

LOCK = ROOT / "package-lock.json"


def test_the_lock_pins_every_library_by_hash_and_names_no_address() -> None:
    packages = json.loads(LOCK.read_text())["packages"]
    package_ = json.loads((ROOT / "package.json").read_text())
    wanted = {**package_["dependencies"], **package_["devDependencies"]}
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    for path, package in packages.items():
        assert "resolved" not in package, path
        if path:
            assert package["integrity"].startswith("sha512-"), path


def library_tree(root: Path) -> Path:
    modules = root / "node_modules"
    for name in ("dist/maplibre-gl.mjs", "dist/maplibre-gl-worker.mjs", "dist/maplibre-gl.css", "LICENSE.txt"):
        path = modules / "maplibre-gl" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    font = modules / "@fontsource" / "noto-sans-sc"
    (font / "files").mkdir(parents=True)
    (font / "LICENSE").write_text("OFL")
    (font / "files" / "a-1-400-normal.woff2").write_text("font")
    (font / "400.css").write_text(
        "src: url(./files/a-1-400-normal.woff2) format('woff2'), url(./files/a-1-400-normal.woff) format('woff');"
    )
    return modules


def test_only_what_the_page_loads_is_copied_and_the_font_sheet_names_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "vendor"
    copy_files(library_tree(tmp_path), out)
    css = (out / "font" / "font.css").read_text()
    assert re.findall(r"url\(\./([^)]+)\)", css) == ["files/a-1-400-normal.woff2"]
    assert (out / "font" / "files" / "a-1-400-normal.woff2").read_text() == "font"
    assert (out / "maplibre" / "maplibre-gl.mjs").is_file()


def test_a_library_that_lacks_a_file_is_named(tmp_path: Path) -> None:
    modules = library_tree(tmp_path)
    (modules / "maplibre-gl" / "dist" / "maplibre-gl-worker.mjs").unlink()
    with pytest.raises(VendorError, match="maplibre-gl-worker"):
        copy_files(modules, tmp_path / "vendor")


def test_what_only_tests_need_goes_where_tests_are_and_nowhere_else(tmp_path: Path) -> None:
    modules, tests = tmp_path / "node_modules", tmp_path / "tests" / "browser"
    (modules / AXE).parent.mkdir(parents=True)
    (modules / AXE).write_text("axe")
    copy_for_tests(modules, tests)
    assert not tests.exists()
    tests.mkdir(parents=True)
    copy_for_tests(modules, tests)
    assert (tests / "vendor" / AXE.name).read_text() == "axe"


def test_nothing_is_fetched_when_the_libraries_of_this_lock_are_there(tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").write_text("{}")
    out = tmp_path / "vendor"
    out.mkdir()
    (out / "lock.sha256").write_text("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
    assert ensure(tmp_path, out) is False
