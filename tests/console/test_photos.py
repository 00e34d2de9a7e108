"""Photos of cases over HTTP: in as bytes, in the case's file, removed and brought back, for signed-in users only."""

from __future__ import annotations

import io

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlmodel import select

from console.guards import BODY_LIMIT, PHOTO_LIMIT
from dispatch.photos import PHOTOS_A_CASE
from models.tables.flow import AuditRow, Outbox, StoredEvent
from models.tables.work import CasePhoto
from tests.console.conftest import Desk, SignIn
from tests.photos import camera_photo, png

ICE, FULL = "321084-20231218-00001", "321084-20231218-00002"
JPEG = {"Content-Type": "image/jpeg"}


def send(client: TestClient, raw: bytes | None = None, number: str = FULL, **query: str) -> object:
    return client.post(
        f"/api/cases/{number}/photos", content=camera_photo() if raw is None else raw, headers=JPEG, params=query
    )


def shown(client: TestClient, number: str = FULL) -> list[dict[str, object]]:
    photos: list[dict[str, object]] = client.get(f"/api/cases/{number}").json()["photos"]
    return photos


def test_a_photo_is_sent_and_seen_with_who_and_when(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("dong")
    raw = camera_photo((1200, 900))
    assert len(raw) < BODY_LIMIT
    answer = send(client, raw)
    assert answer.status_code == 201, answer.text
    (photo,) = shown(client)
    assert photo == answer.json()
    assert (photo["by"], photo["width"], photo["height"], photo["report"]) == ("dong", 900, 1200, "")
    for size, side in (("full", 1200), ("small", 320)):
        got = signed_in("vera").get(f"/api/photos/{photo['sha256']}/{size}")
        assert (got.status_code, got.headers["content-type"]) == (200, "image/jpeg")
        assert got.headers["cache-control"].startswith("private")
        assert max(Image.open(io.BytesIO(got.content)).size) == side
    with desk.database.read() as session:
        (event,) = session.exec(select(StoredEvent).where(StoredEvent.type == "command.photo.add")).all()
        assert (event.data["picture"]["sha256"], event.data["case"], event.actor) == (photo["sha256"], FULL, "dong")
        assert len(str(event.data)) < 600, "an event carries hash and size, not bytes"
        row = session.exec(select(AuditRow).where(AuditRow.action == "photo.added")).one()
        assert (row.subject, row.actor, row.detail["sha256"]) == (f"case:{FULL}", "dong", photo["sha256"])
        assert f"case:{FULL}" in set(session.exec(select(Outbox.key)).all()), "other pages hear of it"
    assert [deed["action"] for deed in client.get(f"/api/cases/{FULL}").json()["history"]] == ["photo.added"]


def test_a_photo_of_many_megabytes_is_taken_and_one_over_the_limit_is_not(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("dong")
    padded = camera_photo() + b"\x00" * (PHOTO_LIMIT - len(camera_photo()))
    assert send(client, padded).status_code == 201
    answer = send(client, padded + b"x")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert str(PHOTO_LIMIT) in answer.json()["detail"]
    assert client.post("/api/events", content=padded).status_code == 413, "other bodies keep their limit"
    assert len(shown(client)) == 1


@pytest.mark.parametrize(
    ("raw", "kind", "status", "code"),
    [
        (b"", "image/jpeg", 400, "empty"),
        (b"x", "image/jpeg", 415, "not_a_photo"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", 415, "not_a_photo"),
        (camera_photo(), "application/pdf", 415, "not_a_photo"),
        (camera_photo()[:-600], "image/jpeg", 422, "broken_photo"),
        (png(20_000, 20_000, 1), "image/png", 413, "too_many_pixels"),
    ],
)
def test_what_is_not_taken_is_one_problem_and_changes_nothing(
    raw: bytes, kind: str, status: int, code: str, signed_in: SignIn, desk: Desk
) -> None:
    client = signed_in("dong")
    answer = client.post(f"/api/cases/{FULL}/photos", content=raw, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    with desk.database.read() as session:
        assert session.exec(select(CasePhoto)).all() == []
        assert session.exec(select(StoredEvent)).all() == []
    assert not (desk.sheets_dir.parent / "photos").exists()


def test_the_same_photo_sent_again_is_the_same_and_a_removed_one_comes_back(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("dong")
    first = send(client).json()
    assert send(client).json() == first
    assert client.delete(f"/api/photos/{first['id']}").status_code == 204
    assert shown(client) == []
    for size in ("full", "small"):
        assert client.get(f"/api/photos/{first['sha256']}/{size}").status_code == 404
    assert client.delete(f"/api/photos/{first['id']}").status_code == 409
    assert client.post(f"/api/photos/{first['id']}/restore").status_code == 204
    assert client.post(f"/api/photos/{first['id']}/restore").status_code == 409
    assert shown(client) == [first]
    client.delete(f"/api/photos/{first['id']}")
    assert send(client).json()["id"] == first["id"]
    with desk.database.read() as session:
        done = [row.action for row in session.exec(select(AuditRow).order_by(AuditRow.id)).all()]
    assert done == ["photo.added", "photo.removed", "photo.restored", "photo.removed", "photo.restored"]


def test_photos_go_with_their_report_when_cases_are_merged_split_and_reopened(signed_in: SignIn) -> None:
    client = signed_in("dong")
    told = send(client, camera_photo(colour="red"), report="rep-2-1").json()
    plain = send(client, camera_photo(colour="blue")).json()
    assert (told["report"], plain["report"]) == ("rep-2-1", "")
    client.post("/api/cases/split", json={"report": "rep-2-1"})
    (made,) = {row["number"] for row in client.get("/api/cases").json()} - {ICE, FULL}
    assert (shown(client, made), shown(client)) == ([told], [plain])
    client.post("/api/cases/merge", json={"into": FULL, "numbers": [made]})
    assert (shown(client, made), {photo["id"] for photo in shown(client)}) == ([], {told["id"], plain["id"]})
    late = send(client, camera_photo(colour="lime"), number=made, report="rep-2-1")
    assert late.status_code == 201, "it finds the case its report went to"
    assert len(shown(client)) == 3
    refused = send(client, camera_photo(colour="black"), number=made)
    assert (refused.status_code, refused.json()["code"]) == (409, "case_merged")
    client.post("/api/cases/reopen", json={"numbers": [made]})
    assert [photo["id"] for photo in shown(client, made)] == [told["id"]]


def test_a_case_has_so_many_photos_and_no_more(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("dong")
    first = send(client).json()
    with desk.database.write() as session:
        row = session.get_one(CasePhoto, first["id"])
        for number in range(PHOTOS_A_CASE - 1):
            session.add(CasePhoto(**{**row.model_dump(), "id": f"p{number}", "sent_sha256": f"{number}"}))
    answer = send(client, camera_photo(colour="blue"))
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_photos")
    client.delete(f"/api/photos/{first['id']}")
    assert send(client, camera_photo(colour="blue")).status_code == 201


def test_who_may_do_what(signed_in: SignIn, open_client: TestClient) -> None:
    photo = send(signed_in("dong")).json()
    viewer = signed_in("vera")
    assert send(viewer).status_code == 403
    assert viewer.delete(f"/api/photos/{photo['id']}").status_code == 403
    assert viewer.post(f"/api/photos/{photo['id']}/restore").status_code == 403
    assert viewer.get(f"/api/photos/{photo['sha256']}/small").status_code == 200
    assert open_client.get(f"/api/photos/{photo['sha256']}/small").status_code == 401
    assert open_client.post(f"/api/cases/{FULL}/photos", content=b"x", headers=JPEG).status_code == 401
    tokenless = signed_in("dong")
    del tokenless.headers["X-CSRF-Token"]
    assert send(tokenless).json()["code"] == "bad_csrf"


@pytest.mark.parametrize("path", [f"{'0' * 64}/full", "..%2Fsweepline/full", f"{'0' * 64}/huge", "x/small"])
def test_no_other_file_is_given_out(path: str, signed_in: SignIn) -> None:
    assert signed_in("vera").get(f"/api/photos/{path}").status_code in (400, 404)


@pytest.mark.parametrize(("number", "query"), [("nothing", {}), (FULL, {"report": "nothing"})])
def test_a_case_or_report_there_is_not(number: str, query: dict[str, str], signed_in: SignIn) -> None:
    assert send(signed_in("dong"), number=number, **query).status_code == 404
