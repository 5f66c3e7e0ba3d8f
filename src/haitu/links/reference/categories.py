"""What an article is, told from its title by rules: category, HS code, weight, size, icon."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from haitu.links.reference.table import Problem
from haitu.links.reference.toml import Document, Entry

SUBHEADING = re.compile(r"\d{6}")
CATEGORY_KEYS = ("code", "icon", "names")
RULE_KEYS = ("category", "goods", "hs", "weight_g", "size_mm", "icon", "restrictions", "words")
ALL_TITLES = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A shelf of the shop with its name by language."""

    code: str
    icon: str
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Titles that hold one of `words` (none: every title) are such goods; measures are those of one piece."""

    category: str
    goods: str
    hs_code: str
    weight_g: int
    size_mm: tuple[int, int, int]
    icon: str
    restrictions: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Categories:
    """The shelves in their order and the rules in theirs: the first that fits wins."""

    categories: tuple[Category, ...]
    rules: tuple[Rule, ...]


def parse_categories(path: Path) -> tuple[Categories, tuple[Problem, ...]]:
    """Shelves and rules; the last rule must fit every title, so that nothing is left without a place."""
    problems: list[Problem] = []
    document = Document(path, problems)
    categories: list[Category] = []
    for entry in document.entries("category"):
        entry.only(CATEGORY_KEYS)
        category = Category(code=entry.text("code"), icon=entry.text("icon"), names=entry.texts_by_name("names"))
        if entry.sound:
            categories.append(category)
    codes = {category.code for category in categories}
    read = [(entry, _rule(entry, codes)) for entry in document.entries("rule")]
    rules = tuple(rule for entry, rule in read if entry.sound)
    if not rules or rules[-1].words != ALL_TITLES:
        problems.append(Problem(line=len(document.lines), column="words", given="", wanted="a last rule with no words"))
    return Categories(categories=tuple(categories), rules=rules), tuple(problems)


def _rule(entry: Entry, categories: set[str]) -> Rule:
    entry.only(RULE_KEYS)
    length, width, height = entry.wholes("size_mm", 3)
    return Rule(
        category=entry.one_of("category", categories),
        goods=entry.text("goods"),
        hs_code=entry.matching("hs", SUBHEADING, "six digits of the Harmonized System"),
        weight_g=entry.whole("weight_g", least=1),
        size_mm=(length, width, height),
        icon=entry.text("icon"),
        restrictions=entry.texts("restrictions"),
        words=tuple(_folded(words) for words in entry.texts("words")),
    )


def rule_for(title: str, rules: Sequence[Rule]) -> Rule:
    """The first rule one of whose words stands in the title, whole and side by side, a plural S allowed."""
    text = f" {_folded(title)} "
    for rule in rules:
        if rule.words == ALL_TITLES or any(f" {word} " in text or f" {word}S " in text for word in rule.words):
            return rule
    raise ValueError("the last rule must fit every title")  # parse_categories sees to it


def _folded(text: str) -> str:
    return re.sub(r"[^A-Z0-9]+", " ", text.upper()).strip()
