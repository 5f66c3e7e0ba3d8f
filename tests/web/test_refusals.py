"""No refusal is forgotten: whatever can reach a page of the desk or the shop has words in Chinese."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

import haitu
from haitu.actions.market import BadMarket
from haitu.core.errors import Refusal
from haitu.web import refusals
from haitu.web.desk import refusal_words as worded_by

CHINESE = re.compile(r"[\u4e00-\u9fff]")
PACKAGE = Path(str(haitu.__file__)).parent
# Refusals that no person meets on a page, and where they end instead.
NEVER_ON_A_PAGE = {
    "platform_silent": "the clock's reports to ad platforms, told on the account",
    "token_expired": "the clock's reports to ad platforms, told on the account",
    "batch_refused": "the clock's reports to ad platforms, told row by row",
    "bad_file": "the command that loads the demo",
    "bad_notice": "a payment provider's hook",
    "forged": "a payment provider's hook",
    "no_such_account": "a payment provider's hook",
    "forged_push": "a carrier's hook",
    "no_such_hook": "a carrier's hook",
    "too_many_scans": "a carrier's hook",
    "network_there": "the command that draws the demo's network",
    "no_such_merchant": "the command that gives orders another way",
    "unknown_engine": "the setting that names an engine",
    "unknown_provider": "setting up an account, by an operator",
    "cannot_split": "a slip of ours in asking for shares",
    "fx_mismatch": "a slip of ours in joining two rates",
    "refund_currency": "a slip of ours in booking a refund",
    "bad_facts": "the planner's columns",
    "bad_table": "a command of the planner, by its folder of tables",
    "nothing_spent": "the command that tells paybacks",
    "mix_too_little": "the command that fits the mix",
    "nothing_before": "the command that tells cohorts",
    "bad_horizon": "the command that tells cohorts",
    "plan_without_end": "the command that plans the budget",
    "no_such_shock": "the command that plans the budget",
    "no_touch": "the command that tells attribution",
    "no_sales": "the command that forecasts demand",
    "bad_weeks": "the command that forecasts demand",
}


def kinds() -> Iterator[type[Refusal]]:
    """Every Refusal there is, all of haitu imported."""
    for module in pkgutil.walk_packages(haitu.__path__, "haitu."):
        if not module.name.endswith(("__main__", "haitu.wsgi")) and ".migrations" not in module.name:
            importlib.import_module(module.name)
    waiting = [Refusal]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind is not Refusal and kind.__module__.startswith("haitu."):
            yield kind


def worded() -> set[str]:
    """Codes with a sentence of their own at the desk or in the shop."""
    return {*worded_by.REFUSALS, *worded_by.GENERAL, *refusals._SENTENCES}


def test_every_refusal_that_can_reach_a_page_has_words() -> None:
    wordless = {
        f"{kind.code} ({kind.__module__})" for kind in kinds() if kind.code not in {*worded(), *NEVER_ON_A_PAGE}
    }
    assert wordless == set()


def test_no_words_are_kept_for_a_refusal_that_is_gone() -> None:
    codes = {kind.code for kind in kinds()}
    assert {*worded(), *NEVER_ON_A_PAGE} - codes == set()
    assert worded() & set(NEVER_ON_A_PAGE) == set()


def test_every_sentence_of_the_desk_is_in_chinese() -> None:
    with translation.override("zh-hans"):
        english = {
            sentence
            for sentence in (
                *worded_by.REFUSALS.values(),
                *worded_by.GENERAL.values(),
                *worded_by.TOLD,
                *worded_by.WANTED,
            )
            if not CHINESE.search(translation.gettext(sentence))
        }
    assert english == set()


@pytest.mark.parametrize("code", sorted(refusals._SENTENCES))
def test_every_sentence_of_the_shop_is_in_chinese(code: str) -> None:
    given = {"available": 2, "most": 9}
    with translation.override("zh-hans"):
        assert CHINESE.search(refusals._SENTENCES[code](given))


def test_a_sentence_of_its_own_comes_before_the_general_one() -> None:
    with translation.override("zh-hans"):
        assert worded_by.refusal(BadMarket("A market speaks at least one language.")) == "市场至少需要一种语言。"
        assert worded_by.refusal(BadMarket("'7' is no price ending; there are 99.")) == "有一项设置超出允许范围。"
    with translation.override("en"):
        assert worded_by.refusal(BadMarket("'7' is no price ending; there are 99.")) == (
            "'7' is no price ending; there are 99."
        )


def test_the_sentences_kept_for_translation_are_those_that_are_told() -> None:
    said = {
        node.value
        for path in PACKAGE.rglob("*.py")
        if path.name != "words.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(worded_by.TOLD) - said == set()
