"""The small city as a data directory, made once and copied; the command line run in this process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from dispatch.versions import latest_version
from models.database import Database
from sweepline.cli import run
from sweepline.logs import set_up_logging
from tests.small_city import stored_small_city

CLOCK = "2023-12-18T08:00Z"
FAST = "[rules.planning]\nimprove_seconds = 0.3\n"
ITERATIONS = "20000"
"""By iterations, so that versions come out the same however busy the machine is."""


def cap_xml(
    identifier: str = "A1",
    sent: str = "2023-12-18T16:00:00+08:00",
    area: str = "<geocode><valueName>GB/T2260</valueName><value>321084</value></geocode>",
    head: str = "",
    tail: str = "",
) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>{head}
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier><sender>met</sender>
<sent>{sent}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><language>zh-CN</language><category>Met</category><event>暴雪</event><urgency>Expected</urgency>
<severity>Moderate</severity><certainty>Likely</certainty><onset>2023-12-18T22:00:00+08:00</onset>
<expires>2023-12-20T08:00:00+08:00</expires><headline>暴雪黄色预警</headline>
<area><areaDesc>小城</areaDesc>{area}</area>
</info></alert>{tail}"""


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Said]
PLAN = "S-20231218-D01-N"


def newest(data: Path) -> str:
    """The newest version of the salting plan: how many there are depends on what the engines found."""
    database = Database(f"sqlite:///{data / 'sweepline.db'}")
    with database.read() as session:
        version = latest_version(session, PLAN)
    database.close()
    assert version is not None and version.version > 1
    return version.id


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Run `sweepline ARGUMENTS` in this process."""
    set_up_logging("error")
    monkeypatch.setenv("SWEEPLINE_SOLVER_PROCESSES", "0")
    monkeypatch.setenv("SWEEPLINE_SOLVER_ITERATIONS", ITERATIONS)

    def go(*arguments: object) -> Said:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    yield go
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def city_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city") / "data"
    stored_small_city(folder)
    (folder / "sweepline.toml").write_text(FAST)
    return folder


@pytest.fixture(scope="session")
def storm_template(city_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The city after its snow warning: fallbacks made, a salting plan in two versions or more, beats proposed."""
    base = tmp_path_factory.mktemp("storm")
    shutil.copytree(city_template, base / "data")
    (base / "cap.xml").write_text(cap_xml())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWEEPLINE_SOLVER_PROCESSES", "0")
        patch.setenv("SWEEPLINE_SOLVER_ITERATIONS", ITERATIONS)
        assert run(["send", str(base / "cap.xml"), "--data", str(base / "data"), "--clock", CLOCK]) == 0
        # the first version is as good as they come here: asked for once more, there is a second, newer one
        assert run(["plan", "make", "S-20231218-D01-N", "--data", str(base / "data"), "--as", "chief"]) == 0
    return base / "data"


@pytest.fixture(scope="session")
def approved_template(storm_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The storm with its salting plan approved by `chief` and its sheets printed."""
    folder = tmp_path_factory.mktemp("approved") / "data"
    shutil.copytree(storm_template, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWEEPLINE_SOLVER_PROCESSES", "0")
        patch.setenv("SWEEPLINE_SOLVER_ITERATIONS", ITERATIONS)
        assert run(["plan", "approve", newest(folder), "--data", str(folder), "--as", "chief"]) == 0
    return folder


@pytest.fixture
def city(city_template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(city_template, tmp_path / "data"))


@pytest.fixture
def storm(storm_template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(storm_template, tmp_path / "data"))


@pytest.fixture
def approved(approved_template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(approved_template, tmp_path / "data"))
