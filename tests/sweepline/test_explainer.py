"""What the console asks of `plan explain` in a child process: real ways out, kept, one at a time, within its time."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import Refused, Unavailable
from sweepline.explainer import Explainer
from tests.sweepline.conftest import CLOCK, FAST, PLAN, Command, cap_xml


def test_a_left_out_task_is_explained_by_a_child_and_kept(city: Path, command: Command) -> None:
    (city / "sweepline.toml").write_text(f"{FAST}\n[rules.snow]\nplough_shift_min = 11\n")
    alert = city.parent / "cap.xml"
    alert.write_text(cap_xml())
    assert command("send", alert, "--data", city, "--clock", CLOCK).code == 0
    id_ = command("plan", "show", PLAN, "--data", city, "--json").json["id"]
    assert id_.startswith(f"{PLAN}@")
    explain = Explainer(city)
    rows = explain(id_)
    told = command("plan", "explain", id_, "--data", city, "--json").json["unserved"]
    assert rows == told
    assert explain(id_) is rows
    with pytest.raises(Refused) as caught:
        explain(f"{PLAN}@99")
    assert "@99" in caught.value.text
    with pytest.raises(Unavailable, match="within"):
        Explainer(city, limit_s=0.01)(id_)
    busy = Explainer(city)
    with busy._lock, pytest.raises(Unavailable, match="another"):
        busy(id_)
