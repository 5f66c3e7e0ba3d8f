"""A price list is shown, applied from a day on, and taken back; nothing happens twice and nothing is lost."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from haitu.actions import supply, tariff_file
from haitu.actions.tariff_file import Applied, CannotUndo, NothingToApply, PreviewChanged, ProblemsLeft
from haitu.links.tariffs import own
from haitu.links.tariffs.draft import Choices
from haitu.links.tariffs.said import NotAPriceList
from haitu.models import Audit, Lane, Merchant, Shipment, Tariff, TariffFile
from haitu.reads import quote
from haitu.reads.desk import tariffs as book
from haitu.reads.desk.tariff_files import Preview, preview
from haitu.reads.merchant import by_host
from haitu.reads.quote import load_book
from tests.links.tariffs.lists import text
from tests.world import HOST, NOW, TODAY, World

START = date(2026, 12, 1)
HEADS = ["Carrier", "Service", "Origin", "Country", "Weight (kg)", "CNY/kg", "Fee (CNY/parcel)", "Days"]
AIR = [
    ["SZX-DE", "", "SZX", "DE", "0-20", 41, 20, "9-14"],
    ["Blue Whale", "Air", "SZX", "FR", "0-2", 50, 15, "8-12"],
    ["Blue Whale", "Air", "SZX", "FR", "2-20", 48, 15, "8-12"],
]
NOTES = [["air, prices without volume: actual weight only, steps of 100 g"]]


def uploaded(world: World, rows: list[Any] = AIR, name: str = "air.csv") -> int:
    content = text([*NOTES, HEADS, *rows]).encode()
    return tariff_file.keep_file(merchant_id=world.merchant.pk, name=name, content=content, by=world.owner, now=NOW)


def seen(world: World, file_id: int, starts: date = START) -> Preview:
    found = preview(world.merchant.pk, file_id, starts=starts, today=TODAY)
    assert found is not None
    return found


def applied(world: World, file_id: int, starts: date = START, **more: Any) -> Applied:
    given: dict[str, Any] = {"good_only": False, "open_new": False} | more
    return tariff_file.apply(
        merchant_id=world.merchant.pk,
        file_id=file_id,
        starts=starts,
        seen=seen(world, file_id, starts).digest,
        by=world.owner,
        now=NOW,
        today=TODAY,
        **given,
    )


def undone(world: World, file_id: int) -> None:
    tariff_file.undo(merchant_id=world.merchant.pk, file_id=file_id, by=world.owner, now=NOW)


def rows_of(world: World) -> list[dict[str, Any]]:
    """Every tariff and lane as they stand."""
    tables: tuple[Any, ...] = (Tariff, Lane)
    return [dict(row) for table in tables for row in table.objects.of(world.merchant.pk).order_by("pk").values()]


def version(world: World) -> int:
    return Merchant.objects.values_list("version", flat=True).get(pk=world.merchant.pk)


def price_of(world: World, country: str, code: str, on: date, grams: int = 1_000) -> list[int]:
    """What the lane of that code would ask for a kilogram on that day, as the shop's book has it."""
    quote._kept.clear()  # other worlds had the same merchant and version
    merchant = by_host(HOST)
    assert merchant is not None
    terms = load_book(merchant, country, [], language="en", on=on).terms
    cards = [lane.tariff for lane in terms.lanes if lane.code == code]
    return [card.breaks[0].per_kg_minor * grams // 1000 + card.breaks[0].base_minor for card in cards]


def test_a_preview_writes_nothing_and_says_what_would_change(world: World) -> None:
    file_id, before = uploaded(world), rows_of(world)
    found = seen(world, file_id)
    assert rows_of(world) == before
    assert [(change.code, change.state) for change in found.changes] == [
        ("SZX-DE", "changed"),
        ("SZX-FR-BLUE-WHALE-AIR", "new"),
    ]
    # 1 kg now: 25.00 + 10 × 4.00, and 5 % fuel; then: 20.00 + 41.00, and the fuel of which the list says nothing
    kilogram = found.changes[0].parcels[1]
    assert (kilogram.grams, kilogram.old_minor, kilogram.new_minor, kilogram.change_bp) == (1000, 6825, 6405, -615)


def test_what_a_list_says_nothing_of_stays_as_it_is(world: World) -> None:
    change = seen(world, uploaded(world)).changes[0]
    assert change.new.divisor_cm3_per_kg is None  # the list says: actual weight only
    assert (change.new.fuel_bp, change.new.max_weight_g) == (500, 31_500)
    assert [str(each) for each in change.draft.noticed] == [
        "the list says nothing of this, so it stays as it is: fuel",
        "the list says nothing of this, so it stays as it is: most_weight_g",
    ]


def test_a_list_holds_from_its_day_on_and_the_old_card_until_the_day_before(world: World) -> None:
    before = version(world)
    assert applied(world, uploaded(world)) == Applied(new=1, changed=1, same=0)
    assert version(world) == before + 1
    assert price_of(world, "DE", "SZX-DE", START - timedelta(days=1)) == [2500]
    assert price_of(world, "DE", "SZX-DE", START) == [6100]
    lane = Lane.objects.of(world.merchant.pk).get(code="SZX-DE")
    editions = Tariff.objects.of(world.merchant.pk).filter(code=lane.tariff.code).order_by("valid_from")
    assert [(row.valid_from, row.valid_to) for row in editions] == [
        (date(2026, 1, 1), START - timedelta(days=1)),
        (START, None),
    ]


def test_lanes_that_share_a_card_and_are_not_in_the_list_keep_their_prices(world: World) -> None:
    applied(world, uploaded(world))
    air = Tariff.objects.of(world.merchant.pk).get(code="AIR")
    assert (air.valid_to, air.lanes.count()) == (None, 4)
    assert price_of(world, "GB", "SZX-GB", START) == [2500]


def test_a_new_lane_is_closed_until_somebody_opens_it(world: World) -> None:
    applied(world, uploaded(world))
    lane = Lane.objects.of(world.merchant.pk).get(code="SZX-FR-BLUE-WHALE-AIR")
    assert (lane.open, lane.closed_reason) == (False, "New from a price list; open it when it is agreed.")
    assert (lane.days_p50, lane.days_p90, lane.tariff.valid_from) == (10, 12, START)
    undone(world, TariffFile.objects.of(world.merchant.pk).get().pk)
    applied(world, uploaded(world), open_new=True)
    assert Lane.objects.of(world.merchant.pk).get(code="SZX-FR-BLUE-WHALE-AIR").open


def test_the_same_file_again_changes_nothing(world: World) -> None:
    applied(world, uploaded(world))
    before, again = rows_of(world), uploaded(world)
    assert {change.state for change in seen(world, again).changes} == {"same"}
    with pytest.raises(NothingToApply):
        applied(world, again)
    assert rows_of(world) == before


def test_undone_everything_is_as_it_was(world: World) -> None:
    before = rows_of(world)
    file_id = uploaded(world)
    applied(world, file_id)
    assert rows_of(world) != before
    undone(world, file_id)
    assert rows_of(world) == before
    with pytest.raises(CannotUndo):
        undone(world, file_id)
    trail = Audit.objects.of(world.merchant.pk).order_by("pk").values_list("action", "subject")
    assert list(trail) == [
        ("tariff.upload", "air.csv"),
        ("tariff.import", "air.csv"),
        ("tariff.undo", "air.csv"),
    ]


def test_a_list_on_which_a_newer_one_rests_is_not_undone(world: World) -> None:
    first = uploaded(world)
    applied(world, first)
    second = uploaded(world, [["SZX-DE", "", "SZX", "DE", "0-20", 44, 20, "9-14"]], "later.csv")
    applied(world, second, START + timedelta(days=14))
    with pytest.raises(CannotUndo) as no:
        undone(world, first)
    assert no.value.given == {"what": "SZX-DE"}
    undone(world, second)
    undone(world, first)
    assert price_of(world, "DE", "SZX-DE", START) == [2500]


def test_a_card_changed_by_hand_since_then_is_not_undone(world: World) -> None:
    file_id = uploaded(world)
    applied(world, file_id)
    lane = Lane.objects.of(world.merchant.pk).get(code="SZX-DE")
    new = Tariff.objects.of(world.merchant.pk).get(code=lane.tariff.code, valid_from=START)
    Tariff.objects.of(world.merchant.pk).filter(pk=new.pk).update(fuel_bp=100)
    before = rows_of(world)
    with pytest.raises(CannotUndo):
        undone(world, file_id)
    assert rows_of(world) == before


def test_a_lane_that_has_carried_a_parcel_is_not_undone(world: World) -> None:
    from tests.actions.buying import basket_of, paid_order  # noqa: PLC0415  # only this test buys

    file_id = uploaded(world)
    applied(world, file_id)
    order = paid_order(world, basket_of(world, LANTERN=1))
    lane = Lane.objects.of(world.merchant.pk).get(code="SZX-FR-BLUE-WHALE-AIR")
    Shipment.objects.create(
        merchant=world.merchant,
        order=order,
        warehouse=world.warehouses["SZX"],
        lane=lane,
        quoted_minor=0,
        shipped_at=NOW,
    )
    with pytest.raises(CannotUndo):
        undone(world, file_id)


def test_all_lanes_of_a_card_together_get_one_new_edition(world: World) -> None:
    rows = [[f"SZX-{to}", "", "SZX", to, "0-20", 41, 20, ""] for to in ("DE", "US", "JP", "GB", "AE")]
    applied(world, uploaded(world, rows))
    cards = Tariff.objects.of(world.merchant.pk).filter(code="AIR").order_by("valid_from")
    assert [card.valid_from for card in cards] == [date(2026, 1, 1), START]
    assert Tariff.objects.of(world.merchant.pk).count() == 4


def test_bad_rows_are_left_out_only_if_asked_for(world: World) -> None:
    file_id = uploaded(world, [*AIR, ["Blue Whale", "Air", "SZX", "IT", "0-2", -5, 1, "8-12"]])
    with pytest.raises(ProblemsLeft) as no:
        applied(world, file_id)
    assert no.value.given == {"count": 1}
    assert applied(world, file_id, good_only=True).changed == 1


def test_what_was_shown_is_what_is_applied(world: World) -> None:
    file_id = uploaded(world)
    shown = seen(world, file_id).digest
    Tariff.objects.of(world.merchant.pk).filter(code="AIR").update(fuel_bp=900)
    with pytest.raises(PreviewChanged):
        tariff_file.apply(
            merchant_id=world.merchant.pk,
            file_id=file_id,
            starts=START,
            seen=shown,
            good_only=False,
            open_new=False,
            by=world.owner,
            now=NOW,
            today=TODAY,
        )


def test_a_past_day_an_ended_list_and_another_currency_are_refused(world: World) -> None:
    file_id = uploaded(world)
    told = [str(change.why) for change in seen(world, file_id, TODAY - timedelta(days=1)).changes]
    assert told == ["it would begin on 2026-11-19, which is past"] * 2
    dollars = text([*NOTES, [cell.replace("CNY", "USD") for cell in HEADS], AIR[0]]).encode()
    other = tariff_file.keep_file(merchant_id=world.merchant.pk, name="d.csv", content=dollars, by=None, now=NOW)
    assert [str(change.why) for change in seen(world, other).changes] == [
        "the lane is in CNY now, the list in USD: say the currency yourself to change it"
    ]
    tariff_file.save_choices(
        merchant_id=world.merchant.pk, file_id=other, choices=Choices(facts={"*": {"currency": "USD"}})
    )
    assert [change.state for change in seen(world, other).changes] == ["changed"]


def test_a_person_says_which_lane_a_list_means(world: World) -> None:
    file_id = uploaded(world, [["Somebody", "Air", "SZX", "DE", "0-20", 41, 20, "9-14"]])
    (change,) = seen(world, file_id).changes
    assert (change.state, change.choices) == ("new", ("SZX-DE",))
    tariff_file.save_choices(
        merchant_id=world.merchant.pk, file_id=file_id, choices=Choices(lanes={change.draft.key: "SZX-DE"})
    )
    (change,) = seen(world, file_id).changes
    assert (change.state, change.code) == ("changed", "SZX-DE")


def test_an_exported_file_read_again_changes_nothing(world: World) -> None:
    applied(world, uploaded(world))  # one card starts later
    drafts = book.export(world.merchant.pk, on=TODAY)
    for content in ("".join(own.write_csv(drafts)).encode(), own.write_xlsx(drafts)):
        file_id = tariff_file.keep_file(merchant_id=world.merchant.pk, name="t", content=content, by=None, now=NOW)
        found = seen(world, file_id, TODAY)
        assert found.reading.problems == ()
        assert {change.state for change in found.changes} == {"same"}
        assert len(found.changes) == 9  # eight lanes, one of them has a card to come


def test_an_exported_file_with_one_price_changed_changes_that_lane(world: World) -> None:
    lines = "".join(own.write_csv(book.export(world.merchant.pk, on=TODAY))).replace(
        "made up,2000,3.90", "made up,2000,4.10"
    )
    file_id = tariff_file.keep_file(
        merchant_id=world.merchant.pk, name="t.csv", content=lines.encode(), by=None, now=NOW
    )
    assert [(c.code, c.parcels[0].new_minor) for c in seen(world, file_id, TODAY).of("changed")] == [("LEJ-DE", 410)]
    applied(world, file_id, TODAY)
    assert price_of(world, "DE", "LEJ-DE", TODAY) == [410]


def test_nobody_reads_or_applies_anothers_list(world: World) -> None:
    file_id = uploaded(world)
    assert preview(world.other.pk, file_id, starts=START, today=TODAY) is None
    with pytest.raises(tariff_file.NoSuchFile):
        tariff_file.undo(merchant_id=world.other.pk, file_id=file_id, by=None, now=NOW)


def test_the_same_bytes_wait_once_and_nonsense_is_not_kept(world: World) -> None:
    assert uploaded(world) == uploaded(world)
    with pytest.raises(NotAPriceList):
        tariff_file.keep_file(merchant_id=world.merchant.pk, name="x", content=b"%PDF-", by=None, now=NOW)
    assert TariffFile.objects.of(world.merchant.pk).count() == 1
    tariff_file.discard(merchant_id=world.merchant.pk, file_id=uploaded(world))
    assert TariffFile.objects.of(world.merchant.pk).count() == 0


def test_a_rate_card_typed_at_the_desk_keeps_its_price_per_kilogram(world: World) -> None:
    applied(world, uploaded(world), START)
    lane = Lane.objects.of(world.merchant.pk).get(code="SZX-DE")
    new = Tariff.objects.of(world.merchant.pk).get(code=lane.tariff.code, valid_from=START)
    assert new.breaks == [[20_000, 2000, 0, 4100]]
    assert supply.written_breaks(book.card(world.merchant.pk, new.pk).breaks) == new.breaks  # type: ignore[union-attr]
