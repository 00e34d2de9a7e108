"""Alerts folded into episodes: the laws of DESIGN on order, repetition, Update and Cancel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatch.decide.alerts import AlertFact, fold_alerts

T0 = datetime(2023, 12, 18, 8, tzinfo=UTC)


def fact(
    name: str, minutes: int = 0, msg_type: str = "Alert", refs: tuple[str, ...] = (), **changes: object
) -> AlertFact:
    values: dict[str, object] = {
        "id": name,
        "sender_identifier": name,
        "sent": T0 + timedelta(minutes=minutes),
        "received_at": T0 + timedelta(minutes=minutes),
        "status": "Actual",
        "msg_type": msg_type,
        "phenomenon": "snow",
        "severity": "Moderate",
        "effective": None,
        "onset": T0 + timedelta(hours=6),
        "expires": T0 + timedelta(hours=24),
        "ours": True,
        "references": refs,
    }
    return AlertFact(**{**values, **changes})  # type: ignore[arg-type]


def test_update_replaces_what_it_references() -> None:
    later = T0 + timedelta(hours=8)
    (episode,) = fold_alerts([fact("a"), fact("b", 60, "Update", ("a",), onset=later)])
    assert (episode.onset, episode.live, episode.state) == (later, ("b",), "live")


def test_update_with_unknown_references_counts_as_an_alert() -> None:
    (episode,) = fold_alerts([fact("b", 60, "Update", ("never-seen",))])
    assert episode.state == "live"
    assert episode.live == ("b",)


def test_cancel_before_its_alert_withdraws_it_when_it_comes() -> None:
    cancel = fact("c", 30, "Cancel", ("a",), ours=False)
    assert fold_alerts([cancel]) == []
    (episode,) = fold_alerts([cancel, fact("a")])
    assert episode.state == "withdrawn"


def test_cancel_of_the_first_message_ends_its_updates_too() -> None:
    chain = [fact("a"), fact("b", 20, "Update", ("a",)), fact("c", 40, "Cancel", ("a",))]
    (episode,) = fold_alerts(chain)
    assert episode.state == "withdrawn"


def test_an_alert_after_the_cancel_is_live_again() -> None:
    chain = [fact("a"), fact("c", 40, "Cancel", ("a",)), fact("d", 90)]
    (episode,) = fold_alerts(chain)
    assert (episode.state, episode.live) == ("live", ("d",))


def test_drills_and_foreign_areas_make_no_episode() -> None:
    assert fold_alerts([fact("t", status="Test"), fact("x", status="Exercise"), fact("f", ours=False)]) == []


def test_missing_onset_is_effective_else_sent_and_said() -> None:
    effective = T0 + timedelta(hours=1)
    (given_effective,) = fold_alerts([fact("a", onset=None, effective=effective)])
    (bare,) = fold_alerts([fact("a", onset=None)])
    assert (given_effective.onset, given_effective.onset_assumed) == (effective, "effective")
    assert (bare.onset, bare.onset_assumed) == (T0, "sent")


def test_another_phenomenon_is_another_episode() -> None:
    assert len(fold_alerts([fact("a"), fact("b", phenomenon="ice")])) == 2


names = st.sampled_from("abcdef")


@st.composite
def storms(draw: st.DrawFn) -> list[AlertFact]:
    count = draw(st.integers(1, 6))
    found = []
    for i in range(count):
        kind = draw(st.sampled_from(["Alert", "Update", "Cancel"]))
        refs = tuple(draw(st.lists(names, max_size=2, unique=True))) if kind != "Alert" else ()
        onset = draw(st.sampled_from([None, T0, T0 + timedelta(hours=30)]))
        found.append(fact("abcdef"[i], draw(st.integers(0, 2000)), kind, refs, ours=draw(st.booleans()), onset=onset))
    return found


@given(storms(), st.randoms(use_true_random=False))
def test_any_order_of_one_storm_ends_in_the_same_episodes(storm: list[AlertFact], random: object) -> None:
    shuffled = list(storm)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold_alerts(shuffled) == fold_alerts(storm)
