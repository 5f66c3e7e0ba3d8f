"""What a border takes of a parcel: thresholds per consignment, duty, import VAT, and who pays."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.customs import (
    Consignment,
    DutyLine,
    DutyUnknown,
    Goods,
    ImportCharges,
    PaysTwice,
    Threshold,
    charges,
    check_incoterm,
)
from haitu.core.money import FxRate, RateMissing

TODAY = date(2026, 7, 23)
BEFORE_THE_FLAT_DUTY = date(2026, 6, 30)


def threshold(country: str, kind: str, amount_minor: int, currency: str, **changes: object) -> Threshold:
    fields: dict[str, object] = {
        "inclusive": True,
        "origin": "",
        "valid_from": None,
        "valid_to": None,
        "source": f"{country} {kind}",
    }
    return Threshold(
        country=country,
        kind=kind,
        amount_minor=amount_minor,
        currency=currency,
        **fields | changes,  # type: ignore[arg-type]
    )


def line(territory: str, hs_code: str, bp: int | None, **changes: object) -> DutyLine:
    fields: dict[str, object] = {
        "origin": "",
        "additional": False,
        "specific_minor": None,
        "specific_currency": "",
        "specific_per_g": None,
        "text": f"{bp} bp",
        "valid_from": None,
        "valid_to": None,
        "source": f"{territory} tariff",
    }
    return DutyLine(territory=territory, hs_code=hs_code, ad_valorem_bp=bp, **fields | changes)  # type: ignore[arg-type]


THRESHOLDS = (
    threshold("GB", "duty_free", 135_00, "GBP", valid_from=date(2021, 1, 1)),
    threshold("GB", "seller_collects", 135_00, "GBP", valid_from=date(2021, 1, 1)),
    threshold("EU", "duty_free", 150_00, "EUR", valid_to=date(2026, 6, 30)),
    threshold("EU", "seller_collects", 150_00, "EUR", valid_from=date(2021, 7, 1)),
    threshold("EU", "flat_duty_to", 150_00, "EUR", valid_from=date(2026, 7, 1), inclusive=False),
    threshold("EU", "flat_duty_each", 3_00, "EUR", valid_from=date(2026, 7, 1)),
    threshold("US", "duty_free", 800_00, "USD", valid_from=date(2016, 3, 10), valid_to=date(2025, 8, 28)),
    threshold("US", "duty_free", 0, "USD", origin="CN", valid_from=date(2025, 5, 2), valid_to=date(2025, 8, 28)),
    threshold("JP", "duty_free", 10_000, "JPY"),
    threshold("JP", "import_vat_free", 10_000, "JPY"),
)
LINES = (
    line("GB", "691200", 4_00),
    line("EU", "691200", 8_00),
    line("US", "691200", 9_80),
    line("JP", "691200", 2_30),
    line("EU", "620342", 12_00),
)
FX = {
    "GBP": FxRate(base="GBP", quote="EUR", rate_e9=1_250_000_000, on=TODAY, source="HMRC, monthly"),
    "USD": FxRate(base="USD", quote="EUR", rate_e9=900_000_000, on=TODAY, source="European Central Bank"),
    "JPY": FxRate(base="JPY", quote="EUR", rate_e9=6_000_000, on=TODAY, source="European Central Bank"),
}
VAT = {"GB": 20_00, "DE": 19_00, "FR": 20_00, "US": 0, "JP": 10_00, "RE": 8_50}


def mugs(value_minor: int, origin: str = "CN", hs_code: str = "691200") -> Goods:
    return Goods(hs_code=hs_code, origin_country=origin, value_minor=value_minor, weight_g=400, quantity=1)


def parcel(destination: str, *goods: Goods, origin: str = "CN", currency: str = "GBP", freight: int = 0) -> Consignment:
    return Consignment(
        origin_country=origin,
        destination=destination,
        goods=goods,
        freight_minor=freight,
        insurance_minor=0,
        currency=currency,
    )


def at_border(consignment: Consignment, **changes: object) -> ImportCharges:
    asked: dict[str, object] = {
        "vat_rates_bp": [VAT[consignment.destination]] * len(consignment.goods),
        "duty_lines": LINES,
        "thresholds": THRESHOLDS,
        "fx": FX,
        "registrations": frozenset({"GB", "IOSS"}),
        "on": TODAY,
        "incoterm": "DDP",
    }
    return charges(consignment, **asked | changes)  # type: ignore[arg-type]


def codes(found: ImportCharges) -> list[str]:
    return [why.code for why in found.explanation]


# The consignment threshold ----------------------------------------------------------------------------------------
def test_134_99_pounds_of_goods_are_taxed_by_the_seller_and_135_01_at_the_border() -> None:
    below, above = at_border(parcel("GB", mugs(134_99))), at_border(parcel("GB", mugs(135_01)))
    assert (below.scheme, below.duty_minor, below.import_vat_minor) == ("seller_collects", (0,), (0,))
    assert (above.scheme, above.duty_minor, above.import_vat_minor) == ("import", (5_40,), (28_08,))
    assert (below.seller_taxes, above.seller_taxes) == (True, False)
    assert (below.paid_by, above.paid_by) == ("none", "us")


def test_exactly_135_pounds_are_still_below() -> None:
    assert at_border(parcel("GB", mugs(135_00))).scheme == "seller_collects"


def test_a_limit_that_is_strict_excludes_its_own_amount() -> None:
    strict = (threshold("GB", "seller_collects", 135_00, "GBP", inclusive=False),)
    assert [at_border(parcel("GB", mugs(value)), thresholds=strict).scheme for value in (134_99, 135_00)] == [
        "seller_collects",
        "import",
    ]


def test_freight_does_not_count_for_the_threshold() -> None:
    assert at_border(parcel("GB", mugs(134_99), freight=20_00)).scheme == "seller_collects"


def test_splitting_a_200_pound_order_into_two_parcels_changes_the_tax() -> None:
    together = at_border(parcel("GB", mugs(100_00), mugs(100_00)))
    apart = [at_border(parcel("GB", mugs(100_00))) for _ in range(2)]
    assert (together.scheme, together.duty_minor, together.import_vat_minor) == (
        "import",
        (4_00, 4_00),
        (20_80, 20_80),
    )
    assert [(each.scheme, each.duty_minor, each.import_vat_minor) for each in apart] == [
        ("seller_collects", (0,), (0,))
    ] * 2


def test_the_threshold_is_tested_in_the_authoritys_currency() -> None:
    # 1 GBP = 1.25 EUR, so £135 are €168.75
    schemes = [at_border(parcel("GB", mugs(value), currency="EUR")).scheme for value in (168_75, 168_77)]
    assert schemes == ["seller_collects", "import"]


def test_without_the_registration_vat_is_due_at_import_and_the_reason_is_told() -> None:
    found = at_border(parcel("GB", mugs(100_00)), registrations=frozenset({"IOSS"}))
    assert (found.scheme, found.duty_minor, found.import_vat_minor) == ("import", (0,), (20_00,))
    assert codes(found) == ["seller_not_registered", "duty_free", "import_vat", "who_pays"]
    assert found.explanation[0].told == (
        "Goods worth 100.00 GBP do not exceed 135.00 GBP, but without registration GB VAT is due at import."
    )


def test_the_union_asks_for_the_ioss_and_reunion_lies_outside_it() -> None:
    for destination, scheme in (("DE", "seller_collects"), ("RE", "import")):
        found = at_border(parcel(destination, mugs(100_00), currency="EUR"), on=BEFORE_THE_FLAT_DUTY)
        assert (found.scheme, found.duty_minor) == (scheme, (0,))


def test_the_british_rule_begins_on_the_first_of_january_2021() -> None:
    old = (threshold("GB", "seller_collects", 135_00, "GBP", valid_from=date(2021, 1, 1)),)
    schemes = [
        at_border(parcel("GB", mugs(100_00)), thresholds=old, duty_lines=(*LINES,), on=on).scheme
        for on in (date(2020, 12, 31), date(2021, 1, 1))
    ]
    assert schemes == ["import", "seller_collects"]


@given(st.integers(1, 300_00), st.integers(1, 300_00))
def test_what_is_worth_less_is_never_treated_as_worth_more(one: int, other: int) -> None:
    low, high = sorted((one, other))
    schemes = [at_border(parcel("GB", mugs(value), currency="EUR")).scheme for value in (low, high)]
    assert schemes != ["import", "seller_collects"]


# Borders ----------------------------------------------------------------------------------------------------------
def test_inside_the_union_nothing_is_due_and_the_seller_charges_the_destinations_vat() -> None:
    found = at_border(parcel("FR", mugs(500_00), origin="DE", currency="EUR"))
    assert (found.scheme, found.duty_minor, found.import_vat_minor) == ("domestic", (0,), (0,))
    assert (found.seller_taxes, found.paid_by, codes(found)) == (True, "none", ["domestic"])


def test_britain_to_germany_was_domestic_until_the_end_of_2020() -> None:
    schemes = [
        at_border(parcel("DE", mugs(500_00), origin="GB", currency="EUR"), on=on).scheme
        for on in (date(2020, 12, 31), date(2021, 1, 1))
    ]
    assert schemes == ["domestic", "import"]


def test_france_to_reunion_pays_vat_but_no_duty() -> None:
    found = at_border(parcel("RE", mugs(500_00), origin="FR", currency="EUR"))
    assert (found.scheme, found.duty_minor, found.import_vat_minor) == ("import", (0,), (42_50,))
    assert codes(found) == ["one_customs_territory", "import_vat", "who_pays"]


# Duty and import VAT ----------------------------------------------------------------------------------------------
def test_duty_and_import_vat_cascade_as_on_the_carriers_bill() -> None:
    # Goods 70,000 + freight 6,792: duty 8 %, import VAT 21 % on all of it, the carrier's advance fee 1,981.57.
    found = at_border(parcel("DE", mugs(70_000_00), currency="EUR", freight=6_792_00), vat_rates_bp=[21_00])
    assert (found.duty_minor, found.import_vat_minor) == ((6_143_36,), (17_416_43,))
    assert sum(found.duty_minor) + sum(found.import_vat_minor) + 1_981_57 == 25_541_36


def test_classifying_anew_does_not_change_what_was_worked_out_before() -> None:
    placed = at_border(parcel("DE", mugs(500_00), currency="EUR"))
    again = at_border(parcel("DE", mugs(500_00, hs_code="620342"), currency="EUR"))
    assert (placed.duty_minor, again.duty_minor) == ((40_00,), (60_00,))
    assert placed.explanation[1].given["hs_code"] == "691200"


def test_duty_of_item_1_goes_to_item_1_only() -> None:
    lines = (line("EU", "691200", 8_00), line("EU", "490199", 0))
    found = at_border(parcel("DE", mugs(500_00), mugs(500_00, hs_code="490199"), currency="EUR"), duty_lines=lines)
    assert found.duty_minor == (40_00, 0)


def test_lines_that_come_twice_count_once() -> None:
    extra = line("EU", "", 5_00, additional=True)
    found = at_border(parcel("DE", mugs(500_00), currency="EUR"), duty_lines=(*LINES, extra, *LINES, extra))
    assert found.duty_minor == (40_00 + 25_00,)


def test_a_line_counts_from_its_first_to_its_last_day() -> None:
    dated = line("EU", "", 10_00, additional=True, valid_from=date(2026, 2, 24), valid_to=date(2026, 7, 23))
    days = (date(2026, 2, 23), date(2026, 2, 24), date(2026, 7, 23), date(2026, 7, 24))
    found = [at_border(parcel("DE", mugs(500_00), currency="EUR"), duty_lines=(*LINES, dated), on=on) for on in days]
    assert [each.duty_minor for each in found] == [(40_00,), (90_00,), (90_00,), (40_00,)]


def test_every_step_is_told_with_its_figures_and_source() -> None:
    found = at_border(parcel("GB", mugs(200_00), freight=10_00))
    assert [why.told for why in found.explanation] == [
        "Goods worth 200.00 GBP exceed 135.00 GBP: VAT is due at import.",
        "691200 from CN: 400 bp on 210.00 GBP = 8.40 GBP.",
        "Import VAT: 20 % on goods, carriage and duty of 218.40 GBP = 43.68 GBP.",
        "Duty and import VAT are paid at checkout; nothing is due on delivery.",
    ]
    assert found.sources == ("GB seller_collects", "GB tariff")


def test_unknown_duty_is_refused_under_ddp_and_told_under_dap() -> None:
    unknown = parcel("GB", mugs(200_00, hs_code="999999"))
    with pytest.raises(DutyUnknown):
        at_border(unknown)
    found = at_border(unknown, incoterm="DAP")
    assert (found.known, found.paid_by, found.duty_minor, found.import_vat_minor) == (False, "buyer", (0,), (0,))
    assert codes(found) == ["above_seller_limit", "duty_unknown", "who_pays"]


def test_under_dap_the_charges_are_an_estimate_the_buyer_pays() -> None:
    found = at_border(parcel("GB", mugs(200_00)), incoterm="DAP")
    assert (found.paid_by, found.known, found.duty_minor, found.import_vat_minor) == (
        "buyer",
        True,
        (8_00,),
        (41_60,),
    )


@pytest.mark.parametrize("fx", [{}, FX])
def test_a_rate_that_is_missing_or_leads_elsewhere_is_refused(fx: dict[str, FxRate]) -> None:
    with pytest.raises(RateMissing):
        at_border(parcel("GB", mugs(100_00), currency="CAD"), fx=fx)


@given(
    st.lists(st.integers(1, 10**8), min_size=1, max_size=5),
    st.integers(0, 10**6),
    st.integers(0, 50_00),
    st.integers(0, 30_00),
)
def test_duty_and_vat_of_a_parcel_are_those_of_its_whole_base_within_the_rounding_of_its_lines(
    values: list[int], freight: int, duty_bp: int, vat_bp: int
) -> None:
    found = at_border(
        parcel("DE", *map(mugs, values), currency="EUR", freight=freight),
        duty_lines=(line("EU", "691200", duty_bp),),
        thresholds=(),
        vat_rates_bp=[vat_bp] * len(values),
    )
    base = sum(values) + freight
    duty, vat = sum(found.duty_minor), sum(found.import_vat_minor)
    slack = Fraction(len(values), 2)
    assert abs(duty - Fraction(base * duty_bp, 10_000)) <= slack
    assert abs(vat - Fraction((base + duty) * vat_bp, 10_000)) <= slack


# Single countries -------------------------------------------------------------------------------------------------
def test_since_july_2026_the_union_takes_three_euros_per_code_of_a_small_parcel() -> None:
    small = parcel("DE", mugs(30_00), mugs(60_00), mugs(20_00, hs_code="620342"), currency="EUR")
    before, after = at_border(small, on=BEFORE_THE_FLAT_DUTY), at_border(small, on=date(2026, 7, 1))
    assert (before.duty_minor, before.scheme, before.paid_by) == ((0, 0, 0), "seller_collects", "none")
    assert (after.duty_minor, after.scheme, after.paid_by) == ((1_00, 2_00, 3_00), "seller_collects", "us")
    assert codes(after) == ["seller_collects", "flat_duty", "flat_duty", "who_pays"]
    assert after.explanation[1].told == "691200: a flat duty of 3.00 EUR = 3.00 EUR for this code in the parcel."


def test_at_150_euros_the_tariff_is_back() -> None:
    assert [at_border(parcel("DE", mugs(value), currency="EUR")).duty_minor for value in (149_99, 150_00)] == [
        (3_00,),
        (12_00,),
    ]


def test_the_united_states_take_duty_without_freight_and_no_vat() -> None:
    found = at_border(parcel("US", mugs(100_00), currency="USD", freight=20_00), vat_rates_bp=[7_25])
    assert (found.duty_minor, found.import_vat_minor, found.seller_taxes) == ((9_80,), (0,), False)
    assert codes(found) == ["duty", "no_import_vat", "who_pays"]


@pytest.mark.parametrize(("origin", "scheme"), [("CN", "import"), ("US", "domestic")])
def test_a_states_sales_tax_is_the_sellers_where_it_is_registered(origin: str, scheme: str) -> None:
    sent = parcel("US", mugs(100_00), origin=origin, currency="USD")
    registered = frozenset({"US-CA"})
    found = [at_border(sent, region=region, registrations=registered) for region in ("CA", "NY", "")]
    assert [(each.scheme, each.seller_taxes) for each in found] == [(scheme, True), (scheme, False), (scheme, False)]


def test_the_american_relief_ended_first_for_china_and_then_for_all() -> None:
    schemes = {
        origin: [
            at_border(parcel("US", mugs(100_00, origin=origin), currency="USD"), on=on).scheme
            for on in (date(2025, 5, 1), date(2025, 5, 2), date(2025, 8, 28), date(2025, 8, 29))
        ]
        for origin in ("CN", "VN")
    }
    assert schemes == {"CN": ["free", "import", "import", "import"], "VN": ["free", "free", "free", "import"]}


def test_goods_that_lost_the_relief_pay_while_the_others_in_the_parcel_do_not() -> None:
    mixed = parcel("US", mugs(100_00, origin="CN"), mugs(100_00, origin="VN"), currency="USD")
    assert at_border(mixed, on=date(2025, 6, 1)).duty_minor == (9_80, 0)


def test_small_parcels_to_japan_are_free_of_duty_and_tax() -> None:
    found = [at_border(parcel("JP", mugs(value), currency="JPY")) for value in (10_000, 10_001)]
    assert [(each.scheme, each.duty_minor, each.import_vat_minor, each.paid_by) for each in found] == [
        ("free", (0,), (0,), "none"),
        ("import", (230,), (1_023,), "us"),
    ]


# Labels -----------------------------------------------------------------------------------------------------------
def test_collecting_duty_under_a_dap_label_is_refused() -> None:
    with pytest.raises(PaysTwice):
        check_incoterm(collected_duty=True, label="DAP")


@pytest.mark.parametrize(("collected", "label"), [(True, "DDP"), (False, "DAP"), (False, "DDP")])
def test_every_other_label_is_right(collected: bool, label: str) -> None:
    check_incoterm(collected_duty=collected, label=label)
