"""What the pages say against the code, and what may not be in the tree."""

from __future__ import annotations

import re
import subprocess
import tomllib
from functools import cache
from importlib import util
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel
from typer.main import get_command

from config.settings import Settings
from models.tables import city, flow, people, plans, weather, work
from streams.metrics import CATALOGUE
from streams.topics import TOPICS
from sweepline.cli import app

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "REFERENCE.md"
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
    "packages"
]
FORBIDDEN = (
    r"\bTO" + r"DO\b",
    r"\bFIX" + r"ME\b",
    "Not" + "ImplementedError",
    "/wo" + "rk/",
    "py" + r"pi\.org",
    "python" + r"hosted\.org",
    "registry\\.npm" + r"js\.org",
    r"--(extra-)?index-" + "url",
)


@cache
def tracked() -> tuple[Path, ...]:
    """Every text file of the tree."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return tuple(file for file in files if file.is_file() and b"\0" not in file.read_bytes()[:8000])


@cache
def reference() -> str:
    return REFERENCE.read_text(encoding="utf-8")


def commands(command: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    below = getattr(command, "commands", None)
    if not below:
        return [(path, command)]
    return [found for name, sub in below.items() for found in commands(sub, (*path, name))]


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    field = Settings.model_fields[name]
    (line,) = [line for line in reference().splitlines() if line.startswith(f"| `{name}` |")]
    default = "empty" if field.default == "" else f"`{field.default}`"
    assert line.split(" | ")[1:] == [default, f"{field.description} |"]


def test_no_setting_is_documented_that_is_none() -> None:
    table = reference().partition("## Settings")[2].partition("## Commands")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.M)) == set(Settings.model_fields)


@pytest.mark.parametrize(
    ("path", "command"),
    commands(get_command(app)),
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_every_command_and_option_is_documented(path: tuple[str, ...], command: Any) -> None:
    entries = re.split(r"^(?=- `sweepline )", reference(), flags=re.M)
    name = " ".join(path)
    (entry,) = [
        entry
        for entry in entries
        if re.match(rf"- `sweepline {re.escape(name)}[ `]", entry)
        and not re.match(rf"- `sweepline {re.escape(name)} [a-z]", entry)
    ]
    options = {param.opts[0] for param in command.params if param.param_type_name == "option" and param.name != "help"}
    assert set(re.findall(r"^  - `(-[-\w]+)`", entry, re.M)) == options
    assert command.help and command.help in entry
    missing = [param.name for param in command.params if param.param_type_name == "option" and not param.help]
    assert missing == []


def test_no_command_is_documented_that_is_none() -> None:
    told = {tuple(found.split()) for found in re.findall(r"^- `sweepline ([a-z -]+?)(?= [A-Z]|`)", reference(), re.M)}
    assert told == {path for path, _ in commands(get_command(app))}


@pytest.mark.parametrize("name", sorted(TOPICS))
def test_every_topic_is_documented_with_its_events(name: str) -> None:
    topic = TOPICS[name]
    events = ", ".join(f"`{event}`" for event in topic.event_types)
    assert f"| `{name}` | {topic.key} | {topic.partitions} | {events} |" in reference()


def test_every_metric_is_documented_and_no_other() -> None:
    table = reference().partition("## Metrics")[2].partition("## Topics")[0]
    told = re.findall(r"^\| `(\w+)` \| (\w+) \| (\S+) \| (.+?) \| (.+) \|$", table, re.M)
    dash = "–"
    assert told == [(m.name, m.kind, m.unit or dash, ", ".join(m.labels) or dash, m.help) for m in CATALOGUE]


@pytest.mark.parametrize("package", PACKAGES)
def test_each_root_package_is_this_distributions_alone(package: str) -> None:
    """A package of the same name elsewhere on the path would be mixed with ours or hide it."""
    spec = util.find_spec(package)
    assert spec is not None and spec.submodule_search_locations is not None
    homes = {Path(place).resolve() for place in spec.submodule_search_locations}
    assert homes == {ROOT / package}
    assert spec.origin is not None, f"{package} needs an __init__.py: without one, folders of that name are merged"


@pytest.mark.parametrize("room", [*PACKAGES, "bench", "docker"])
def test_each_room_has_its_readme(room: str) -> None:
    assert len((ROOT / room / "README.md").read_text(encoding="utf-8").splitlines()) >= 3


def test_no_package_marker_under_tests() -> None:
    assert [file for file in (ROOT / "tests").rglob("__init__.py") if "node_modules" not in file.parts] == []


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_nothing_in_the_tree_says(pattern: str) -> None:
    found = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in tracked()
        if file != Path(__file__)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == []


def test_the_lock_pins_every_package_by_hash_and_names_no_index() -> None:
    text = (ROOT / "requirements.lock").read_text()
    entries = [entry for entry in re.split(r"(?<!\\)\n", text) if entry.strip() and not entry.lstrip().startswith("#")]
    assert len(entries) > 50
    loose = [entry for entry in entries if not re.match(r"[\w.\-\[\]]+==\S+", entry) or "--hash=sha256:" not in entry]
    assert loose == []
    assert "://" not in text


def test_the_script_lock_carries_no_addresses() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()


@pytest.mark.parametrize(
    "page",
    sorted(
        path
        for path in ROOT.glob("**/*.md")
        if not set(path.relative_to(ROOT).parts) & {".venv", "node_modules", "build", "static"}
    ),
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        place = (page.parent / file).resolve() if file else page
        assert place.exists(), f"{page.name}: {target}"
        if anchor:
            heads = [
                re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-")
                for head in re.findall(r"^#+ (.*)$", place.read_text(encoding="utf-8"), re.M)
            ]
            assert anchor in heads, f"{page.name}: {target}"


def test_every_table_is_in_the_glossary() -> None:
    glossary = (ROOT / "docs" / "GLOSSARY.md").read_text(encoding="utf-8")
    tables = {
        name
        for module in (city, flow, people, plans, weather, work)
        for name, found in vars(module).items()
        if isinstance(found, type) and issubclass(found, SQLModel) and hasattr(found, "__table__")
    }
    assert len(tables) > 30
    assert sorted(name for name in tables if not re.search(rf"\b{name}\b", glossary)) == []
