"""The catalogues' check sees what is missing, what is only guessed, and what was not compiled."""

from pathlib import Path

import pytest

from haitu.commands import messages

PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Order"
msgstr "订单"
"""


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with one marked sentence and its complete Chinese catalogue."""
    monkeypatch.setattr(messages, "PACKAGE", tmp_path)
    monkeypatch.setattr(messages, "LOCALE", tmp_path / "locale")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "order.html").write_text('<h1>{{ _("Order") }}</h1>')
    path = tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(PO)
    messages.main(["compile"])
    return path


def test_a_complete_catalogue_has_no_problems(catalogue: Path) -> None:
    assert messages.problems() == []


def test_a_sentence_that_is_not_in_the_catalogue_is_named(catalogue: Path) -> None:
    (messages.PACKAGE / "pay.py").write_text('told = _("Pay")')
    assert messages.problems() == ["zh_Hans: not in the catalogue (./haitu messages update): 'Pay'"]


def test_an_untranslated_and_a_guessed_sentence_are_named(catalogue: Path) -> None:
    catalogue.write_text(PO.replace('msgid "Order"', '#, fuzzy\nmsgid "Order"') + '\nmsgid "Cart"\nmsgstr ""\n')
    messages.main(["compile"])
    assert messages.problems() == ["zh_Hans: not translated: 'Order'", "zh_Hans: not translated: 'Cart'"]


def test_an_uncompiled_change_is_named(catalogue: Path) -> None:
    catalogue.write_text(PO.replace("订单", "单"))
    assert messages.problems() == ["zh_Hans: the .mo differs from the .po (./haitu messages compile)"]


def test_update_keeps_translations_and_adds_what_is_new(catalogue: Path) -> None:
    (messages.PACKAGE / "pay.py").write_text('told = ngettext("one parcel", "many parcels", 2)')
    messages.main(["update"])
    messages.main(["compile"])
    assert messages.problems() == ["zh_Hans: not translated: 'one parcel'"]
