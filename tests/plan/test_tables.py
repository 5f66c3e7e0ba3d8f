"""A folder of tables is read row by row: the good rows are kept, the others are refused by number."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest

from haitu.plan.tables import (
    HELD,
    BadTable,
    Column,
    Problem,
    one_currency,
    read,
    refuse,
    refuse_repeats,
    write,
    write_problems,
)

SPEND = (Column("channel", "text"), Column("week", "week"), Column("amount", "amount"))
AT = "2026-03-31 18:00:00.000000"


def told(problem: Problem) -> tuple[int, str, str]:
    return problem.row, problem.column, problem.given


def test_good_rows_are_kept_and_bad_ones_refused_by_number(tmp_path: Path) -> None:
    (tmp_path / "spend.csv").write_text(
        "channel,week,amount,note\nGoogle,2026-04-01,10.5,x\n,2026-04-01,1,\nMeta,soon,1,\nMeta,2026-W14,1 000,\n"
        'TikTok,2026-W14,"NaN",\nTikTok,2026-W14,inf,\n Meta ,2026-03-30,-2,\n'
    )
    table = read(tmp_path, "spend", SPEND)
    assert table.frame.rows() == [(1, "Google", date(2026, 3, 30), 10.5), (7, "Meta", date(2026, 3, 30), -2.0)]
    assert [told(p) for p in table.problems] == [
        *[(2, "channel", ""), (3, "week", "soon"), (4, "amount", "1 000"), (5, "amount", "NaN"), (6, "amount", "inf")]
    ]
    assert table.problems[1].wanted == "a day of the week such as 2026-03-30, or 2026-W14"


def test_parquet_and_csv_hold_the_same(tmp_path: Path) -> None:
    frame = pl.DataFrame({"channel": ["Google"], "week": [date(2026, 4, 5)], "amount": [7]})
    frame.write_csv(tmp_path / "spend.csv")
    frame.write_parquet(tmp_path / "cost.parquet")
    assert read(tmp_path, "spend", SPEND).frame.equals(read(tmp_path, "cost", SPEND).frame)


@pytest.mark.parametrize(
    "given",
    [
        *["2026-03-31T18:00:00Z", "2026-03-31 18:00:00", "2026-03-31T18:00", "2026-04-01T02:00:00+08:00"],
        *["2026-04-01T02:00:00.000+0800", "2026-03-31 18:00:00+00:00"],
    ],
)
def test_a_moment_is_utc_however_it_is_written(tmp_path: Path, given: str) -> None:
    (tmp_path / "touch.csv").write_text(f"at\n{given}\n")
    assert read(tmp_path, "touch", [Column("at", "moment")]).frame["at"].cast(pl.String).to_list() == [AT]


def test_a_moment_in_parquet_keeps_its_instant(tmp_path: Path) -> None:
    at = datetime(2026, 4, 1, 2, tzinfo=timezone(timedelta(hours=8)))
    pl.DataFrame({"at": [at.astimezone(UTC)]}).write_parquet(tmp_path / "touch.parquet")
    assert read(tmp_path, "touch", [Column("at", "moment")]).frame["at"].cast(pl.String).to_list() == [AT]


def test_counts_flags_and_numbers(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("n,yes,x\n3,Yes,0.25\n-1,no,1\n2.5,no,1\n2,perhaps,1\n4,0,\n")
    columns = (Column("n", "count"), Column("yes", "flag"), Column("x", "number", required=False))
    table = read(tmp_path, "t", columns)
    assert table.frame.rows() == [(1, 3, True, 0.25), (5, 4, False, None)]
    assert [told(p) for p in table.problems] == [(2, "n", "-1"), (3, "n", "2.5"), (4, "yes", "perhaps")]


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    (tmp_path / "spend.csv").write_text("channel,campaign\nGoogle,\nGoogle,brand\n")
    columns = (Column("channel", "text"), Column("campaign", "text", False, "*"), Column("fee", "amount", False, 0))
    assert read(tmp_path, "spend", columns).frame.rows() == [(1, "Google", "*", 0.0), (2, "Google", "brand", 0.0)]


def test_a_line_with_too_many_cells_is_refused_and_a_short_one_lacks_its_last(tmp_path: Path) -> None:
    (tmp_path / "spend.csv").write_text("channel;week;amount\nMeta;2026-W14;1\nMeta;2026-W14;1;2\nMeta;2026-W14\n")
    table = read(tmp_path, "spend", SPEND)
    assert table.frame["row"].to_list() == [1]
    assert [told(p) for p in table.problems] == [(2, "", "Meta;2026-W14;1;2"), (3, "amount", "")]


def test_a_missing_table_or_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadTable, match=r"no spend\.csv and no spend\.parquet"):
        read(tmp_path, "spend", SPEND)
    (tmp_path / "spend.csv").write_text("channel,day\n")
    with pytest.raises(BadTable, match=r"The table spend lacks the column week, amount; it has channel, day\."):
        read(tmp_path, "spend", SPEND)
    (tmp_path / "order.csv").write_text("")
    with pytest.raises(BadTable, match="it has no header"):
        read(tmp_path, "order", SPEND)
    (tmp_path / "bad.parquet").write_text("not parquet")
    with pytest.raises(BadTable, match="The table bad cannot be read"):
        read(tmp_path, "bad", SPEND)


def test_a_table_that_may_be_missing_has_no_rows_but_its_columns(tmp_path: Path) -> None:
    table = read(tmp_path, "experiment", SPEND, required=False)
    assert dict(table.frame.schema) == {"row": pl.Int64, **{c.name: HELD[c.kind] for c in SPEND}}
    assert table.frame.is_empty()


def test_two_currencies_are_refused_within_a_table_and_between_two(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("amount,currency\n1,USD\n2,EUR\n")
    with pytest.raises(BadTable, match=r"The table a is in several currencies \(EUR, USD\)"):
        read(tmp_path, "a", [Column("amount", "amount")])
    (tmp_path / "b.csv").write_text("amount,currency\n1,usd\n2,\n")
    (tmp_path / "c.csv").write_text("amount,currency\n1,EUR\n")
    (tmp_path / "d.csv").write_text("amount\n1\n")
    b, c, d = (read(tmp_path, name, [Column("amount", "amount")]) for name in "bcd")
    assert one_currency(b, d) == "USD"
    with pytest.raises(BadTable, match="c in EUR, b in USD"):
        one_currency(b, c, d)


def test_further_rows_are_refused_by_a_rule_or_as_repeats(tmp_path: Path) -> None:
    (tmp_path / "spend.csv").write_text(
        "channel,week,amount\nA,2026-W01,1\nA,2026-W01,1\nB,2026-W01,-1\nA,2026-W02,1\n"
    )
    table = refuse_repeats(read(tmp_path, "spend", SPEND), ["channel", "week", "amount"])
    table = refuse(table, pl.col("amount") < 0, column="amount", wanted="0 or more")
    assert table.frame["row"].to_list() == [1, 4]
    assert [told(p) for p in table.problems] == [(2, "channel", "A"), (3, "amount", "-1.0")]


def test_answers_are_written_twice_and_problems_always(tmp_path: Path) -> None:
    frame = pl.DataFrame({"channel": ["Google"], "spent": [1.5]})
    write(tmp_path / "new", "payback", frame)
    assert pl.read_csv(tmp_path / "new" / "payback.csv").equals(pl.read_parquet(tmp_path / "new" / "payback.parquet"))
    write_problems(tmp_path, [Problem(table="spend", row=3, column="week", given="soon", wanted="a day")])
    assert (tmp_path / "problems.csv").read_text() == "table,row,column,given,wanted\nspend,3,week,soon,a day\n"
    write_problems(tmp_path, [])
    assert (tmp_path / "problems.csv").read_text() == "table,row,column,given,wanted\n"
