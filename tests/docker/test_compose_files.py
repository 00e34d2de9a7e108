"""The compose files and the image's recipe, as far as they can be checked without a Docker daemon.

By the Compose specification's schema (vendored by check-jsonschema), and against this product: every command is a real
one, every variable a real setting, every image pinned, every role there.
"""

from __future__ import annotations

import importlib.util
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML
from typer.main import get_command

from config.settings import load_settings
from streams.views.faust_app import make_app
from streams.views.last_fix import LAST_FIX
from sweepline.cli import app
from sweepline.health import ROLES

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
FILES = ("compose.yaml", "compose.cluster.yaml")
PINNED = re.compile(r"[\w./-]+:\d+\.\d+[\w.-]*")


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load((DOCKER / name).read_text(encoding="utf-8"))
    return found


def services(name: str) -> dict[str, dict[str, Any]]:
    """The services of a file; of the cluster's, laid over those of the single host."""
    over = load(name)["services"]
    if name == "compose.yaml":
        return over
    base = load("compose.yaml")["services"]
    merged = {}
    for service in {*base, *over}:
        below, above = base.get(service, {}), over.get(service, {})
        environment = {**below.get("environment", {}), **above.get("environment", {})}
        merged[service] = {**below, **above, "environment": environment}
    return merged


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_compose(name: str) -> None:
    spec = importlib.util.find_spec("check_jsonschema")
    assert spec is not None and spec.submodule_search_locations is not None
    schema = Path(spec.submodule_search_locations[0]) / "builtin_schemas" / "vendor" / "compose-spec.json"
    validator = Draft7Validator(json.loads(schema.read_text(encoding="utf-8")))
    assert [f"{list(fault.absolute_path)}: {fault.message}" for fault in validator.iter_errors(load(name))] == []


@pytest.mark.parametrize("name", FILES)
def test_every_role_is_a_service_with_its_own_health_check(name: str) -> None:
    found = services(name)
    for role in ROLES:
        service = found[role]
        assert service["command"] == ["worker", role, "--data", "/data"]
        assert service["healthcheck"]["test"] == ["CMD", "sweepline", "health", "--role", role, "--data", "/data"]
        assert service["read_only"] is True
        assert service["user"] == "10001:10001"
        assert service["cap_drop"] == ["ALL"]
        assert any(place.startswith("/tmp") for place in service["tmpfs"])
    assert found["streams"].get("deploy", {}).get("replicas", 1) == (3 if "cluster" in name else 1)
    assert found["printer"].get("deploy", {}).get("replicas", 1) == 1


@pytest.mark.parametrize("name", FILES)
def test_every_command_line_is_understood_by_the_real_one(name: str) -> None:
    for role in ROLES:
        service = services(name)[role]
        for line in (service["command"], service["healthcheck"]["test"][2:]):
            command = get_command(app).get_command(None, line[0])
            assert command is not None
            command.make_context(line[0], line[1:], resilient_parsing=False)


@pytest.mark.parametrize("name", FILES)
def test_every_variable_is_a_setting_with_a_good_value(name: str) -> None:
    for service in services(name).values():
        given = {key: str(value) for key, value in service["environment"].items() if key.startswith("SWEEPLINE_")}
        settings = load_settings(None, given)
        assert not given or settings.broker.startswith("kafka://")


@pytest.mark.parametrize("name", FILES)
def test_images_are_pinned_and_volumes_and_networks_are_there(name: str) -> None:
    base, file = load("compose.yaml"), load(name)
    volumes = {*base["volumes"], *file.get("volumes", {})}
    networks = {*base["networks"], *file.get("networks", {})}
    for service in services(name).values():
        assert PINNED.fullmatch(service["image"]), service["image"]
        assert {place.split(":")[0] for place in service.get("volumes", [])} <= volumes
        assert set(service["networks"]) <= networks


def test_the_cluster_keeps_three_copies_and_waits_for_two() -> None:
    brokers = [s for s in services("compose.cluster.yaml").values() if s["image"].startswith("apache/kafka:")]
    assert len(brokers) == 3
    for name, value in (
        ("KAFKA_DEFAULT_REPLICATION_FACTOR", "3"),
        ("KAFKA_MIN_INSYNC_REPLICAS", "2"),
        ("KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", "3"),
    ):
        assert {broker["environment"][name] for broker in brokers} == {value}
    assert {broker["environment"]["KAFKA_NODE_ID"] for broker in brokers} == {"1", "2", "3"}
    assert len({broker["environment"]["KAFKA_CONTROLLER_QUORUM_VOTERS"] for broker in brokers}) == 1


def test_a_view_is_given_every_broker_of_a_cluster(tmp_path: Path) -> None:
    made = make_app(LAST_FIX, "kafka:9092,kafka2:9092", "", str(tmp_path), 1.0)
    assert [str(url) for url in made.conf.broker] == ["kafka://kafka:9092", "kafka://kafka2:9092"]


def test_versions_agree_with_those_tested_here() -> None:
    kafka = re.search(r"<kafka.version>(.*)</kafka.version>", (DOCKER / "local" / "pom.xml").read_text())
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert kafka is not None
    images = {service["image"] for name in FILES for service in services(name).values()}
    assert {image for image in images if "kafka" in image} == {f"apache/kafka:{kafka[1]}"}
    assert {image for image in images if "sweepline" in image} == {f"sweepline:{version}"}


def test_the_image_is_built_from_what_is_there_and_runs_without_root() -> None:
    lines = (DOCKER / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    assert all(PINNED.fullmatch(rest.split()[0]) for word, rest in steps if word == "FROM")
    sources = [
        source
        for word, rest in steps
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [rest for word, rest in steps if word == "USER"] == ["10001:10001"]
    assert json.loads(next(rest for word, rest in steps if word == "ENTRYPOINT")) == ["/app/docker/entry.sh"]
    assert (DOCKER / "entry.sh").stat().st_mode & 0o111
