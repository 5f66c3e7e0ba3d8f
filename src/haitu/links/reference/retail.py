"""The demo merchant's history: the lines of Online Retail II, each with its kind, and the articles sold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from haitu.links.reference.table import Problem, rows

# What a line can be. Only goods, cancelled goods and postage are trade with a customer that a shop's ledger can repeat.
KINDS: Mapping[str, str] = {
    "goods": "an article sold",
    "cancel": "an article taken back (invoice letter C; cancelled or returned, the data does not say which)",
    "gift": "an article given to a known customer for nothing",
    "postage": "carriage charged to the customer",
    "discount": "a discount on the invoice",
    "voucher": "a gift voucher sold",
    "write_off": "articles taken out of stock at price 0 (damaged, lost, thrown away, miscounted)",
    "write_on": "articles put into stock at price 0 (found, recounted)",
    "fee": "bank charges and marketplace fees",
    "bad_debt": "a debt written off",
    "manual": "an entry by hand without an article",
    "adjust": "an adjustment of the books",
    "sample": "samples",
    "test": "a test",
    "unknown": "a code that is no article and nothing known",
}
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "invoice": pl.String,
    "at": pl.Datetime("ms"),
    "customer": pl.Int32,
    "country": pl.String,
    "country_given": pl.String,
    "sku": pl.String,
    "kind": pl.String,
    "quantity": pl.Int32,
    "price_minor": pl.Int32,
    "note": pl.String,
}
ARTICLE_COLUMNS = (
    "sku", "title", "title_given", "list_price_minor", "lines", "units", "revenue_minor", "first_sold", "last_sold",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All lines as columns (SCHEMA; prices in pence, times local London time) and how many there are of each kind."""

    lines: pl.DataFrame
    count_by_kind: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """Something sold at least once: commonest title, commonest recent price in pence, what it sold."""

    sku: str
    title: str
    title_given: str
    list_price_minor: int
    lines: int
    units: int
    revenue_minor: int
    first_sold: date
    last_sold: date


def read_history(path: Path) -> tuple[History, tuple[Problem, ...]]:
    """The lines whose kind is known; a line of another kind is a problem, a file of other columns is one too."""
    given = pl.read_parquet(path)
    problems = [
        Problem(line=1, column=name, given=str(given.schema.get(name, "")), wanted=f"a column of type {wanted}")
        for name, wanted in SCHEMA.items()
        if given.schema.get(name) != wanted
    ]
    if problems:
        return History(lines=pl.DataFrame(schema=SCHEMA), count_by_kind={}), tuple(problems)
    known = pl.col("kind").is_in(list(KINDS))
    numbered = given.with_row_index("line", offset=2)
    wanted = "one of " + ", ".join(KINDS)
    for line, kind in numbered.filter(~known | pl.col("kind").is_null()).select("line", "kind").iter_rows():
        problems.append(Problem(line=line, column="kind", given=kind or "", wanted=wanted))
    lines = given.filter(known)
    counted = lines.group_by("kind").len().sort("len", descending=True)
    return History(lines=lines, count_by_kind=dict(counted.iter_rows())), tuple(problems)


def parse_articles(path: Path) -> tuple[tuple[Article, ...], tuple[Problem, ...]]:
    """The articles, sold at least once each."""
    articles: list[Article] = []
    problems: list[Problem] = []
    for row in rows(path, ARTICLE_COLUMNS, problems):
        article = Article(
            sku=row.text("sku", longest=40),
            title=row.text("title", longest=200),
            title_given=row.given("title_given"),
            list_price_minor=row.whole("list_price_minor", least=1),
            lines=row.whole("lines", least=1),
            units=row.whole("units", least=1),
            revenue_minor=row.whole("revenue_minor"),
            first_sold=row.day("first_sold"),
            last_sold=row.day("last_sold"),
        )
        if row.sound:
            articles.append(article)
    return tuple(articles), tuple(problems)
