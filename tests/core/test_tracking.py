"""A parcel's scans fold to one progress, whatever order they come in and however often."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.tracking import NOTHING, CodeRule, ParcelState, Progress, Scan, fold, phase, state_of

MONDAY = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)


def scan(hours: int, state: ParcelState | None, *, code: str = "", place: str = "") -> Scan:
    return Scan(waybill="W1", code=code or str(state), at=MONDAY + timedelta(hours=hours), state=state, place=place)


JOURNEY = [
    scan(0, ParcelState.ANNOUNCED),
    scan(5, ParcelState.PICKED_UP),
    scan(9, ParcelState.IN_TRANSIT),
    scan(40, ParcelState.CUSTOMS),
    scan(60, ParcelState.OUT_FOR_DELIVERY),
    scan(66, ParcelState.ATTEMPT_FAILED),
    scan(84, ParcelState.OUT_FOR_DELIVERY, place="Leipzig"),
    scan(90, ParcelState.DELIVERED),
]

scans = st.lists(
    st.builds(scan, st.integers(0, 200), st.none() | st.sampled_from(ParcelState), place=st.sampled_from(["", "LEJ"])),
    max_size=12,
)


@given(scans, st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_give_the_same_progress(seen: list[Scan], chance: object) -> None:
    told: list[Scan] = [*seen, *seen[::2], *seen[:3]]
    chance.shuffle(told)  # type: ignore[attr-defined]  # a random.Random
    assert fold(told) == fold(seen)


@given(scans, scans, scans)
def test_progress_can_be_joined_piece_by_piece(one: list[Scan], two: list[Scan], three: list[Scan]) -> None:
    assert fold(one) | (fold(two) | fold(three)) == (fold(one) | fold(two)) | fold(three) == fold([*one, *two, *three])
    assert fold(one) | fold(two) == fold(two) | fold(one)
    assert fold(one) | fold(one) == fold(one) | NOTHING == fold(one)


@given(scans, scans)
def test_more_scans_never_take_a_parcel_back(seen: list[Scan], more: list[Scan]) -> None:
    before, after = fold(seen), fold([*seen, *more])
    assert _phase(after) >= _phase(before)


def _phase(progress: Progress) -> int:
    return -1 if progress.state is None else phase(progress.state)


def test_a_journey_ends_at_the_door() -> None:
    progress = fold(reversed(JOURNEY))
    assert progress == Progress(
        state=ParcelState.DELIVERED,
        at=MONDAY + timedelta(hours=90),
        picked_up_at=MONDAY + timedelta(hours=5),
        delivered_at=MONDAY + timedelta(hours=90),
        last_at=MONDAY + timedelta(hours=90),
    )
    assert progress.ended


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (JOURNEY[:6], ParcelState.ATTEMPT_FAILED),
        (JOURNEY[:7], ParcelState.OUT_FOR_DELIVERY),
        ([*JOURNEY, scan(95, ParcelState.IN_TRANSIT)], ParcelState.DELIVERED),
        ([scan(50, ParcelState.LOST), *JOURNEY], ParcelState.DELIVERED),
        ([*JOURNEY, scan(200, ParcelState.RETURNED)], ParcelState.RETURNED),
        ([scan(1, None, code="XYZ")], None),
    ],
)
def test_the_state_is_the_furthest_and_on_the_road_the_latest(seen: Sequence[Scan], state: ParcelState | None) -> None:
    assert fold(seen).state == state


def test_delivered_twice_is_delivered_when_it_first_was() -> None:
    again = scan(99, ParcelState.DELIVERED)
    assert fold([again, *JOURNEY]).at == fold([again, *JOURNEY]).delivered_at == MONDAY + timedelta(hours=90)


def test_an_unknown_code_is_kept_and_moves_nothing() -> None:
    progress = fold([*JOURNEY[:3], scan(70, None, code="XYZ")])
    assert (progress.state, progress.last_at) == (ParcelState.IN_TRANSIT, MONDAY + timedelta(hours=70))


def test_a_scan_is_the_same_in_any_zone_and_wording() -> None:
    in_china = MONDAY.astimezone(timezone(timedelta(hours=8)))
    one = Scan(waybill="W1", code="80", at=MONDAY, told="已签收")
    assert one.key == Scan(waybill="W1", code="80", at=in_china, told="signed", raw="{}").key
    assert one.key != Scan(waybill="W2", code="80", at=MONDAY).key


def test_a_scan_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="names its zone"):
        Scan(waybill="W1", code="80", at=datetime(2026, 11, 16))  # noqa: DTZ001  # that is what is tried


def test_a_code_means_what_it_meant_that_day() -> None:
    def rule(state: ParcelState, valid_from: date, valid_to: date | None) -> CodeRule:
        return CodeRule(
            carrier="x", code="80", state=state, told="", valid_from=valid_from, valid_to=valid_to, source="made up"
        )

    rules = {
        "80": [
            rule(ParcelState.OUT_FOR_DELIVERY, date(2020, 1, 1), date(2025, 12, 31)),
            rule(ParcelState.DELIVERED, date(2026, 1, 1), None),
        ]
    }
    assert state_of(rules, "80", date(2025, 12, 31)) == ParcelState.OUT_FOR_DELIVERY
    assert state_of(rules, "80", date(2026, 1, 1)) == ParcelState.DELIVERED
    assert state_of(rules, "81", date(2026, 1, 1)) is None
    assert state_of(rules, "80", date(2019, 1, 1)) is None
