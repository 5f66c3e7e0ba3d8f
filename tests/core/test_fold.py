"""Words as search compares them."""

import pytest

from haitu.core.fold import fold


@pytest.mark.parametrize(
    ("typed", "compared"),
    [
        ("Café  Lamp", "cafe lamp"),
        ("ＬＡＭＰ", "lamp"),
        ("Straße", "strasse"),
        ("纸灯笼", "纸灯笼"),
        ("ガラス", "カラス"),
        (" two\twords\n", "two words"),
        ("", ""),
    ],
)
def test_words_fold_to_what_search_compares(typed: str, compared: str) -> None:
    assert fold(typed) == compared


def test_what_is_folded_stays_as_it_is() -> None:
    assert fold(fold("Señor Müller’s Tasse Ｎｏ 5")) == fold("Señor Müller’s Tasse Ｎｏ 5")
