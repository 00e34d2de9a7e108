"""Signing in: sessions, their cookie, roles, the CSRF token, limits on guessing."""

from __future__ import annotations

import base64
import re

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from console.accounts import ROLES, SESSION_LENGTH, make_account
from console.limits import PER_ACCOUNT, WINDOW
from models.errors import Refused
from models.tables.people import Account, ConsoleSession
from tests.console.conftest import ACCOUNTS, ORIGIN, PASSWORD, Desk, SignIn
from tests.console.sample_city import NOW

PROTECTED = [
    "/api/city",
    "/api/map/segments",
    "/api/map/treatment",
    "/api/map/work",
    "/api/plans",
    "/api/plans/S-20231218-D01-N@2",
    "/api/plans/S-20231218-D01-N/versions",
    "/api/plans/S-20231218-D01-N/pins",
    "/api/what-if",
    "/api/plans/S-20231218-D01-N@2/difference/S-20231218-D01-N@1",
    "/api/plans/S-20231218-D01-N@2/routes/7/track.gpx",
    "/api/plans/S-20231218-D01-N@2/explanations",
    "/api/vehicles",
    "/api/stations",
    "/api/cases",
    "/api/cases/321084-20231218-00001",
    "/api/complaints/k1",
    f"/api/photos/{'0' * 64}/full",
    "/api/collection",
    "/api/alerts",
    "/api/snow",
    "/api/shift",
    "/api/shift/log",
    "/api/alarms",
    "/api/alarms/load",
    "/api/tellings",
    "/api/tellings/telling-1/slip.pdf",
    "/api/past?at=2023-12-18T12:00:00Z",
    "/api/past/tracks?start=2023-12-18T12:00:00Z",
    "/api/sheets",
    "/api/shift",
    "/api/shift/log",
    "/api/sheets/ABCDEFGH/stops/3",
    "/api/reports",
    "/api/reports/day.pdf?key=2023-12-18",
    "/api/resources",
    "/api/status",
    "/api/stream",
    "/sheets/ABCDEFGH.pdf",
    "/metrics",
]


@pytest.mark.parametrize("path", PROTECTED)
def test_nothing_is_read_without_signing_in(open_client: TestClient, path: str) -> None:
    answer = open_client.get(path)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "sign_in_first"


def test_every_api_route_but_the_public_ones_is_in_the_list_of_protected_or_unsafe(open_client: TestClient) -> None:
    paths = open_client.get("/api/openapi.json").json()["paths"]
    reading = {path for path, methods in paths.items() if "get" in methods}
    names = {
        "routes/7": "routes/{seq}",
        "gpx": "{kind}",
        "S-20231218-D01-N@2": "{version_id}",
        "S-20231218-D01-N@1": "{old_id}",
        "S-20231218-D01-N/versions": "{code}/versions",
        "S-20231218-D01-N/pins": "{code}/pins",
        "ABCDEFGH": "{code}",
        "stops/3": "stops/{stop}",
        "?at=2023-12-18T12:00:00Z": "",
        "?start=2023-12-18T12:00:00Z": "",
        "telling-1": "{id_}",
        "complaints/k1": "complaints/{key}",
        f"{'0' * 64}/full": "{sha256}/{size}",
        "321084-20231218-00001": "{number}",
        "day.pdf?key=2023-12-18": "{kind}.{form}",
    }
    listed = {re.sub("|".join(map(re.escape, names)), lambda found: names[found[0]], path) for path in PROTECTED}
    assert reading - listed == {"/api/health", "/api/session"}


def test_the_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(open_client: TestClient) -> None:
    answer = open_client.post("/api/session", json={"name": "anna", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert answer.json()["role"] == "approver"
    assert open_client.get("/api/session").json()["name"] == "anna"


def test_the_database_holds_neither_cookie_nor_password(open_client: TestClient, desk: Desk) -> None:
    open_client.post("/api/session", json={"name": "anna", "password": PASSWORD})
    token = open_client.cookies["sweepline_session"]
    with desk.database.read() as session:
        rows = session.exec(select(ConsoleSession)).all()
        account = session.get(Account, "anna")
    assert [row.account for row in rows] == ["anna"]
    assert token not in rows[0].token_hash
    assert account is not None
    assert account.password.startswith("$argon2id$")


def test_a_session_ends_with_time_and_with_signing_out(desk: Desk, signed_in: SignIn) -> None:
    client = signed_in("vera")
    assert client.get("/api/status").status_code == 200
    desk.wall_s = int(SESSION_LENGTH.total_seconds())
    assert client.get("/api/status").status_code == 401
    desk.wall_s = 0
    token = client.cookies["sweepline_session"]
    assert client.delete("/api/session").status_code == 204
    client.cookies.set("sweepline_session", token)
    assert client.get("/api/status").status_code == 401


@pytest.mark.parametrize(("name", "password"), [("anna", "wrong"), ("nobody", PASSWORD)])
def test_a_wrong_name_and_a_wrong_password_look_the_same(open_client: TestClient, name: str, password: str) -> None:
    answer = open_client.post("/api/session", json={"name": name, "password": password})
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_sign_in")
    assert "set-cookie" not in answer.headers


def test_guessing_is_slowed_for_that_account_only_and_ends_with_the_window(open_client: TestClient, desk: Desk) -> None:
    for _ in range(PER_ACCOUNT):
        assert open_client.post("/api/session", json={"name": "anna", "password": "guess"}).status_code == 401
    right = {"name": "anna", "password": PASSWORD}
    answer = open_client.post("/api/session", json=right)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= WINDOW.total_seconds() + 1
    assert open_client.post("/api/session", json={"name": "vera", "password": PASSWORD}).status_code == 200
    desk.wall_s = int(WINDOW.total_seconds()) + 1
    assert open_client.post("/api/session", json=right).status_code == 200


COMMANDS = {
    "/api/plans/S-20231218-D01-N@2/approve": "approver",
    "/api/plans/S-20231218-D01-N/pins": "dispatcher",
    "/api/plans/S-20231218-D01-N/replan": "dispatcher",
    "/api/plans/S-20231218-D01-N@2/what-if": "dispatcher",
    "/api/selfstart/stop": "dispatcher",
    "/api/selfstart/release": "approver",
    "/api/alerts": "dispatcher",
    "/api/events": "dispatcher",
}


@pytest.mark.parametrize("name", ACCOUNTS)
@pytest.mark.parametrize("path", COMMANDS)
def test_each_role_may_what_its_rank_allows(signed_in: SignIn, path: str, name: str) -> None:
    answer = signed_in(name).post(path, content=b'{"type":"x"}')
    may = ROLES.index(ACCOUNTS[name]) >= ROLES.index(COMMANDS[path])
    assert (answer.status_code == 403) != may
    if not may:
        assert answer.json()["code"] == "role_too_low"


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_without_the_sessions_token_is_refused(signed_in: SignIn, desk: Desk, path: str) -> None:
    client = signed_in("root")
    for token in ("", "guess"):
        answer = client.post(path, content=b"{}", headers={"X-CSRF-Token": token})
        assert (answer.status_code, answer.json()["code"]) == (403, "bad_csrf")
    assert desk.taken == []


def test_a_page_of_another_site_can_neither_command_nor_sign_in(signed_in: SignIn) -> None:
    client = signed_in("root")
    assert client.post("/api/selfstart/stop", headers={"Origin": ORIGIN}).status_code == 200
    foreign = {"Origin": "http://evil.example"}
    assert client.post("/api/selfstart/stop", headers=foreign).json()["code"] == "foreign_origin"
    answer = client.post("/api/session", json={"name": "root", "password": PASSWORD}, headers=foreign)
    assert answer.json()["code"] == "foreign_origin"


def test_programs_sign_every_request_with_basic_and_need_no_token(open_client: TestClient, desk: Desk) -> None:
    def header(password: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"dong:{password}".encode()).decode()}

    assert open_client.post("/api/events", content=b"{}", headers=header(PASSWORD)).status_code == 202
    assert desk.taken[0][2] == "dong"
    assert open_client.post("/api/events", content=b"{}", headers=header("wrong")).status_code == 401
    assert open_client.get("/api/status", headers={"Authorization": "Basic !!"}).status_code == 401


def test_changing_an_account_ends_its_sessions(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("anna")
    with desk.database.write() as session:
        assert not make_account(session, "anna", "viewer", "another password", NOW)
    assert client.get("/api/status").status_code == 401


@pytest.mark.parametrize(
    ("name", "role", "password", "code"),
    [
        ("", "viewer", PASSWORD, "bad_name"),
        ("a\nb", "viewer", PASSWORD, "bad_name"),
        ("x" * 81, "viewer", PASSWORD, "bad_name"),
        ("ok", "king", PASSWORD, "bad_role"),
        ("ok", "viewer", "short", "bad_password"),
        ("ok", "viewer", "x" * 201, "bad_password"),
    ],
)
def test_bad_accounts_are_refused(empty_desk: Desk, name: str, role: str, password: str, code: str) -> None:
    with empty_desk.database.write() as session, pytest.raises(Refused) as refused:
        make_account(session, name, role, password, NOW)
    assert refused.value.code == code
