"""What a city may change: every fault is named at once, and every default says where its number comes from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from config.rules_loader import load_rules
from config.settings import Settings, database_url, load_settings
from models.errors import Refused

DEFAULTS = Path(__file__).resolve().parents[2] / "config" / "rules" / "default.toml"


def refusal(folder: Path, toml: str, **environ: str) -> str:
    (folder / "sweepline.toml").write_text(toml)
    with pytest.raises(Refused) as caught:
        load_settings(folder, environ)
    assert caught.value.code == "bad_config"
    assert "\n" not in caught.value.text
    return caught.value.text


def test_defaults_need_no_file(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {}) == load_settings(None, {}) == Settings()
    assert Settings().host == "127.0.0.1"
    assert database_url(Settings(), tmp_path) == f"sqlite:///{tmp_path / 'sweepline.db'}"
    assert database_url(Settings(database_url="postgresql://db"), tmp_path) == "postgresql://db"


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "sweepline.toml").write_text("port = 1\nseed = 2\n[rules.planning]\nimprove_seconds = 1\n")
    found = load_settings(tmp_path, {"SWEEPLINE_PORT": "3", "SWEEPLINE_SHARED": "/x", "PATH": "/bin"})
    assert (found.port, found.seed) == (3, 2)


def test_every_fault_of_the_settings_is_named_in_one_line(tmp_path: Path) -> None:
    text = refusal(
        tmp_path, 'colour = "red"\nport = 70000\nbroker = "rabbit"\n', SWEEPLINE_SEED="x", SWEEPLINE_SOUP="1"
    )
    assert "colour: no such setting" in text
    assert "SWEEPLINE_SOUP: no such setting" in text
    assert "SWEEPLINE_SEED: " in text and "got 'x'" in text
    assert "port: " in text and "broker: " in text


@pytest.mark.parametrize("toml", ["port = ", "port\n", "[rules\n"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, toml: str) -> None:
    assert str(tmp_path / "sweepline.toml") in refusal(tmp_path, toml)


def test_rules_are_changed_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "sweepline.toml"
    path.write_text("[rules.snow]\nwork_kmh = 30\n[rules.snow.classes.main]\nwithin_min = 90\n")
    changed, plain = load_rules(path), load_rules()
    assert changed.snow.work_kmh == 30
    assert changed.snow.classes["main"].within_min == 90
    assert changed.snow.classes["main"].weight == plain.snow.classes["main"].weight
    assert changed.snow.classes["bridge"] == plain.snow.classes["bridge"]
    assert changed.collection == plain.collection
    assert load_rules(path, {"snow": {"work_kmh": 20}}).snow.work_kmh == 20


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[rules.snow]\nwork_kph = 3\n", ["snow.work_kph: no such rule"]),
        ("[rules.soup]\nsalt = 1\n", ["soup: no such rule"]),
        ("[rules.planning]\nimprove_seconds = -1\ninsert_add_min = 'x'\n", ["improve_seconds", "insert_add_min"]),
        ("[rules.planning]\nimprove_seconds = nan\n", ["improve_seconds"]),
        ("[rules.snow]\nmuster_clock = '25:00'\n", ["snow.muster_clock"]),
        ("[rules.collection.runs]\nD = ['05:20', '6:00', '13:30']\n", ["collection.runs.D.1"]),
        ("[rules.cases.kinds]\nlitter = {service = 'collection'}\nsoup = {service = ''}\n", ["soup.deadline_min"]),
        ("rules = 3\n", ["rules is a table"]),
    ],
)
def test_bad_rules_are_named_in_one_line(tmp_path: Path, toml: str, says: list[str]) -> None:
    path = tmp_path / "sweepline.toml"
    path.write_text(toml)
    with pytest.raises(Refused) as caught:
        load_rules(path)
    assert "\n" not in caught.value.text
    assert all(part in caught.value.text for part in says), caught.value.text


def test_every_default_number_names_its_source() -> None:
    """Behind the number, or at the head of its table; `[M]` and `[D]` mark ours to be checked."""
    unnamed = []
    table_has_one = False
    for number, line in enumerate(DEFAULTS.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("["):
            table_has_one = "#" in line
        elif re.match(r"\w+ *=.*\d", line) and "#" not in line and not table_has_one:
            unnamed.append(f"{number}: {line}")
    assert unnamed == []


def test_every_rule_has_its_default_in_the_file() -> None:
    stored = tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))
    for name, params in load_rules():
        assert set(stored[name]) == set(type(params).model_fields), name
