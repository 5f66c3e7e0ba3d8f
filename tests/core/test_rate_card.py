"""Which card of a code holds on a day."""

from dataclasses import dataclass
from datetime import date

from haitu.core.rate_card import tariff_on


@dataclass(frozen=True)
class Card:
    name: str
    valid_from: date | None = None


EVER = Card("ever")
JULY = Card("July", date(2026, 7, 1))
DECEMBER = Card("December", date(2026, 12, 1))


def test_a_card_takes_over_on_its_first_day() -> None:
    cards = [DECEMBER, EVER, JULY]
    days = [date(2026, 6, 30), date(2026, 7, 1), date(2026, 11, 30), date(2026, 12, 1)]
    assert [tariff_on(cards, day) for day in days] == [EVER, JULY, JULY, DECEMBER]


def test_before_the_first_card_begins_it_is_the_first_that_refuses() -> None:
    assert tariff_on([DECEMBER, JULY], date(2026, 1, 1)) == JULY


def test_without_cards_there_is_none() -> None:
    assert tariff_on([], date(2026, 1, 1)) is None
