"""What-if over the API: asked for by who dispatches, looked at while it runs, ended, told as a difference."""

from __future__ import annotations

import pytest

from tests.console.conftest import Desk, SignIn

PLAN = "S-20231218-D01-N"
ASK = f"/api/plans/{PLAN}@2/what-if"


def test_a_what_if_is_asked_for_looked_at_and_told_against_its_version(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("dong")
    assert client.get("/api/what-if").json() is None
    answer = client.post(ASK, json={"without": "S-01", "onset_min": 30})
    assert answer.status_code == 202
    asked = client.get("/api/what-if").json()
    assert (asked["version"], asked["by"], asked["state"], asked["result"]) == (f"{PLAN}@2", "dong", "running", None)
    assert asked["change"] == {"without": "S-01", "close": "", "rate": "", "onset_min": 30}
    assert client.post(ASK, json={"without": "S-00"}).status_code == 503
    with desk.database.read() as session:
        desk.what_if.told(session, f"{PLAN}@2", f"{PLAN}@1")
    told = client.get("/api/what-if").json()
    assert (told["state"], told["result"]["difference"]["new"]) == ("done", f"{PLAN}@1")
    assert (told["result"]["before"]["tasks"], told["result"]["after"]["tasks"]) == (13, 10)
    assert client.delete("/api/what-if").status_code == 204
    assert client.get("/api/what-if").json() is None


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (ASK, {}, 400),
        (ASK, {"onset_min": 5000}, 400),
        (ASK, {"without": "x" * 201}, 400),
        (f"/api/plans/{PLAN}@77/what-if", {"without": "S-01"}, 404),
    ],
)
def test_what_makes_no_question_is_refused(
    signed_in: SignIn, desk: Desk, path: str, body: dict[str, object], status: int
) -> None:
    assert signed_in("dong").post(path, json=body).status_code == status
    assert desk.what_if.state is None
