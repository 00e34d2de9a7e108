"""A console over a small stored city, with what compose would hand over replaced by recorders of calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from console.accounts import make_account
from console.app import create_app
from console.deps import ConsoleDeps
from console.hub import Hub
from dispatch.decide.trouble import Condition, assess
from dispatch.desk import carry_out
from models.database import Database
from models.events.base import Receipt
from models.tables.city import Setting
from models.tables.plans import Approval, PlanVersion
from printouts.bundle import slip_name
from streams import metrics
from sweepline.photos import Photos
from sweepline.replanning import ask_again, pin, started_work
from sweepline.reports import report_file
from tests.console.sample_city import CONTEXT, EXPLAINED, NOW, ToldWhatIf, build_sample, open_database, parts

PASSWORD = "a good password"
ORIGIN = "http://testserver"
ACCOUNTS = {"vera": "viewer", "dong": "dispatcher", "anna": "approver", "root": "admin"}


@dataclass
class Desk:
    """The console under test and what it did."""

    database: Database
    sheets_dir: Path
    hub: Hub = field(default_factory=Hub)
    taken: list[tuple[bytes, str, str]] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=lambda: [Receipt(status="accepted", id="e1")])
    undone: list[tuple[str, str]] = field(default_factory=list)
    what_if: ToldWhatIf = field(default_factory=ToldWhatIf)
    approve_error: Exception | None = None
    explain_error: Exception | None = None
    intake_error: Exception | None = None
    wall_s: int = 0
    condition: Condition = field(default_factory=lambda: assess(None, frozenset(), NOW))

    def intake(self, body: bytes, content_type: str, actor: str) -> list[Receipt]:
        if self.intake_error is not None:
            raise self.intake_error
        self.taken.append((body, content_type, actor))
        return self.receipts

    def approve(self, version: str, actor: str) -> None:
        if self.approve_error is not None:
            raise self.approve_error
        with self.database.write() as session:
            row = session.get(PlanVersion, version)
            assert row is not None
            row.state = "approved"
            session.add(Approval(plan_version=version, actor=actor, at=NOW))

    def undo(self, plan: str, actor: str) -> str:
        if self.approve_error is not None:
            raise self.approve_error
        self.undone.append((plan, actor))
        return "r1"

    def explain(self, version: str) -> list[dict[str, Any]]:
        if self.explain_error is not None:
            raise self.explain_error
        return EXPLAINED

    def stop_self_start(self, stopped: bool, actor: str) -> None:
        with self.database.write() as session:
            row = session.get(Setting, "self_start_stopped")
            assert row is not None
            row.value = {"on": stopped, "by": actor}

    def deps(self) -> ConsoleDeps:
        return ConsoleDeps(
            database=self.database,
            clock=lambda: NOW,
            subscribe=self.hub.subscribe,
            intake=self.intake,
            approve=self.approve,
            undo=self.undo,
            pin=lambda wish, who: pin(parts(self.database), wish, who),
            ask_again=lambda code, who, words: ask_again(parts(self.database), code, who, words),
            started=lambda code: started_work(parts(self.database), code),
            stop_self_start=self.stop_self_start,
            command=lambda name, values, who: carry_out(self.database, CONTEXT, NOW, who, name, values),
            report=lambda *which: report_file(self.database, NOW, *which),
            explain=self.explain,
            what_if=self.what_if,
            photos=Photos(self.sheets_dir.parent / "photos"),
            sheets_dir=self.sheets_dir,
            slip_name=slip_name,
            condition=lambda: self.condition,
            print_last="sweepline print-last --data here",
            answered=lambda *_: None,
            metrics=metrics.exposition,
            simulated=True,
            wall=lambda: NOW + timedelta(seconds=self.wall_s),
        )


@pytest.fixture
def empty_desk(tmp_path: Path) -> Iterator[Desk]:
    sheets = tmp_path / "sheets"
    sheets.mkdir()
    database = open_database(tmp_path / "sweepline.db")
    with database.write() as session:
        for name, role in ACCOUNTS.items():
            make_account(session, name, role, PASSWORD, NOW)
    yield Desk(database, sheets)
    database.close()


@pytest.fixture
def desk(empty_desk: Desk) -> Desk:
    build_sample(empty_desk.database, empty_desk.sheets_dir)
    return empty_desk


@pytest.fixture
def open_client(desk: Desk) -> Iterator[TestClient]:
    with TestClient(create_app(desk.deps())) as client:
        yield client


SignIn = Callable[[str], TestClient]


@pytest.fixture
def signed_in(desk: Desk) -> Iterator[SignIn]:
    """A client signed in as one of ACCOUNTS, its token on every request."""
    opened: list[AbstractContextManager[TestClient]] = []

    def sign_in(name: str) -> TestClient:
        client = TestClient(create_app(desk.deps()))
        opened.append(client)
        client.__enter__()
        answer = client.post("/api/session", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client

    yield sign_in
    for client in opened:
        client.__exit__(None, None, None)
