"""A folder of tables, csv or parquet: the good rows as columns, the bad ones refused by number."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import polars as pl

from haitu.core.errors import Refusal

Kind = Literal["text", "date", "week", "moment", "amount", "count", "number", "flag"]

# What a column of each kind holds once read, and what a row that was refused should have said.
HELD: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "date": pl.Date(),
    "week": pl.Date(),  # its Monday
    "moment": pl.Datetime("us"),  # UTC
    "amount": pl.Float64(),
    "count": pl.Int64(),
    "number": pl.Float64(),
    "flag": pl.Boolean(),
}
WANTED: dict[Kind, str] = {
    "text": "a word",
    "date": "a day such as 2026-03-31",
    "week": "a day of the week such as 2026-03-30, or 2026-W14",
    "moment": "a day or a moment such as 2026-03-31T18:00:00Z",
    "amount": "an amount such as 1234.50",
    "count": "a whole number, not below 0",
    "number": "a number such as 0.25",
    "flag": "yes or no",
}
YES, NO = ("yes", "true", "1", "y", "t"), ("no", "false", "0", "n", "f")
ROW = "row"  # the number of the line in the file, 1 for the first below the header


class BadTable(Refusal):
    """A table that is missing, cannot be read, lacks a column or speaks of two currencies."""

    code = "bad_table"


@dataclass(frozen=True, slots=True)
class Column:
    """What a table should hold. An empty cell is a problem, unless `default` says what it means.

    A column that is not `required` may be missing as a whole; it then holds `default` (or nothing) in every row.
    """

    name: str
    kind: Kind
    required: bool = True
    default: str | float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A row that was left out, and why; `row` counts from 1, the header not counted."""

    table: str
    row: int
    column: str
    given: str
    wanted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The good rows of a table, each with its number in `row`, and the problems of the others."""

    name: str
    frame: pl.DataFrame
    problems: tuple[Problem, ...] = ()
    currency: str = ""  # of the whole table, "" where it does not say


def read(folder: Path, name: str, columns: Sequence[Column], *, required: bool = True) -> Table:
    """Reads NAME.parquet, or else NAME.csv. A table that is not `required` and not there has no rows.

    Columns come in the order asked, of the types in HELD; other columns of the file are left alone, except
    `currency`, in which a table may hold one value only.
    """
    given = _given(folder, name)
    if given is None:
        if required:
            raise BadTable(f"{folder} holds no {name}.csv and no {name}.parquet.", field=name)
        return Table(name=name, frame=pl.DataFrame(schema={ROW: pl.Int64, **{c.name: HELD[c.kind] for c in columns}}))
    frame, torn = given
    missing = [column.name for column in columns if column.required and column.name not in frame.columns]
    if missing:
        has = ", ".join(name for name in frame.columns if name != ROW)
        raise BadTable(f"The table {name} lacks the column {', '.join(missing)}; it has {has}.", field=name)
    parsed = frame.select(ROW, *(_parsed(frame, column).alias(column.name) for column in columns))
    problems = list(torn)
    for column in columns:
        if column.name in frame.columns and (column.required or column.default is not None):
            bad = parsed[column.name].is_null()
        elif column.name in frame.columns:  # may be empty, but not wrong
            bad = parsed[column.name].is_null() & (_text(frame[column.name]).fill_null("") != "")
        else:
            continue
        problems += _problems(name, frame.filter(bad), column.name, WANTED[column.kind])
    wrong = {problem.row for problem in problems}
    kept = parsed.filter(~pl.col(ROW).is_in(list(wrong))) if wrong else parsed
    return Table(name=name, frame=kept, problems=_in_order(problems), currency=_currency(name, frame))


def refuse(table: Table, bad: pl.Expr, *, column: str, wanted: str) -> Table:
    """The table without the rows for which `bad` holds; they become problems of `column`."""
    marked = table.frame.with_columns(bad.fill_null(value=False).alias("refused"))
    if not marked["refused"].any():
        return table
    found = _problems(table.name, marked.filter("refused"), column, wanted)
    kept = marked.filter(~pl.col("refused")).drop("refused")
    return replace(table, frame=kept, problems=_in_order([*table.problems, *found]))


def refuse_repeats(table: Table, columns: Sequence[str]) -> Table:
    """The table with each combination of `columns` once; the first row stays."""
    again = ~pl.struct(columns).is_first_distinct()
    return refuse(table, again, column=columns[0], wanted="a row of its own, not one that is there already")


def one_currency(*tables: Table) -> str:
    """The currency that all these tables are in, "" if none says; two are refused."""
    named = {table.currency: table.name for table in tables if table.currency}
    if len(named) > 1:
        told = ", ".join(f"{name} in {currency}" for currency, name in sorted(named.items()))
        raise BadTable(f"The tables are in several currencies ({told}); give all amounts in one.", field="currency")
    return next(iter(named), "")


def write(folder: Path, name: str, frame: pl.DataFrame) -> None:
    """Writes NAME.parquet and NAME.csv, the folder made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(folder / f"{name}.parquet")
    frame.write_csv(folder / f"{name}.csv")


def write_problems(folder: Path, problems: Iterable[Problem]) -> None:
    """Writes problems.csv, with its header only when there are none: an old one must not stay."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [(p.table, p.row, p.column, p.given, p.wanted) for p in problems]
    schema = {"table": pl.String, "row": pl.Int64, "column": pl.String, "given": pl.String, "wanted": pl.String}
    pl.DataFrame(rows, schema=schema, orient="row").write_csv(folder / "problems.csv")


def _given(folder: Path, name: str) -> tuple[pl.DataFrame, list[Problem]] | None:
    """The file as it is, rows numbered, with the lines that do not fit its header."""
    parquet, text = folder / f"{name}.parquet", folder / f"{name}.csv"
    torn: list[Problem] = []
    try:
        if parquet.exists():
            frame = pl.read_parquet(parquet)
        elif text.exists():
            frame, torn = _csv(text, name)
        else:
            return None
    except (pl.exceptions.PolarsError, UnicodeDecodeError, OSError) as error:
        raise BadTable(f"The table {name} cannot be read: {error}", field=name) from error
    frame = frame.rename({column: column.strip().lower() for column in frame.columns})
    if ROW in frame.columns:
        return frame, torn
    return frame.with_row_index(ROW, offset=1).with_columns(pl.col(ROW).cast(pl.Int64)), torn


def _csv(path: Path, name: str) -> tuple[pl.DataFrame, list[Problem]]:
    """All cells as text. Lines longer than the header are left out and told; the quick way is tried first."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
    if not header.strip():
        raise BadTable(f"The table {name} is empty: it has no header.", field=name)
    separator = max(",;\t", key=header.count)
    try:
        return pl.read_csv(path, infer_schema=False, separator=separator, encoding="utf8").drop(ROW, strict=False), []
    except pl.exceptions.PolarsError:
        return _csv_line_by_line(path, name, separator)


def _csv_line_by_line(path: Path, name: str, separator: str) -> tuple[pl.DataFrame, list[Problem]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        names, *lines = list(csv.reader(file, delimiter=separator))
    lines = [line for line in lines if line]
    torn = [
        Problem(table=name, row=row, column="", given=separator.join(line), wanted=f"{len(names)} cells")
        for row, line in enumerate(lines, start=1)
        if len(line) > len(names)
    ]
    whole = [[*line[: len(names)], *[None] * (len(names) - len(line))] for line in lines]
    frame = pl.DataFrame(whole, schema=dict.fromkeys(names, pl.String), orient="row").drop(ROW, strict=False)
    return frame, torn


def _parsed(frame: pl.DataFrame, column: Column) -> pl.Series:
    """The column in its own type, null where a cell is empty or wrong."""
    held = HELD[column.kind]
    if column.name not in frame.columns:
        return pl.repeat(column.default, frame.height, dtype=held, eager=True)
    series = frame[column.name]
    values = _monday(_cells(series, column.kind), column.kind)
    if column.default is None:
        return values
    empty = _text(series).fill_null("") == ""
    return values.to_frame("v").select(
        pl.when(empty).then(pl.lit(column.default, dtype=held)).otherwise("v").alias("v")
    )["v"]


def _cells(series: pl.Series, kind: Kind) -> pl.Series:
    if kind == "text":
        text = _text(series)
        return text.set(text == "", None)
    if kind in {"date", "week"}:
        return _days(series)
    if kind == "moment":
        return _moments(series)
    if kind == "flag":
        return _flags(series)
    numbers = (
        _text(series).cast(HELD[kind], strict=False)
        if series.dtype == pl.String
        else series.cast(HELD[kind], strict=False)
    )
    if kind == "count":
        whole = numbers if not series.dtype.is_float() else numbers.set(series != series.floor(), None)
        return whole.set(whole < 0, None)
    return numbers.set(~numbers.is_finite(), None)


def _text(series: pl.Series) -> pl.Series:
    return series.cast(pl.String, strict=False).str.strip_chars()


def _days(series: pl.Series) -> pl.Series:
    if series.dtype.is_temporal():
        return series.cast(pl.Date, strict=False)
    text = _text(series)
    monday = (text.str.to_uppercase() + "-1").str.to_date("%G-W%V-%u", strict=False)
    return text.str.to_date("%Y-%m-%d", strict=False).fill_null(monday).fill_null(_moments(series).cast(pl.Date))


def _monday(series: pl.Series, kind: Kind) -> pl.Series:
    return series.dt.truncate("1w") if kind == "week" else series


def _moments(series: pl.Series) -> pl.Series:
    """UTC without a zone; a moment with no offset is taken as UTC, a day as its beginning."""
    held = HELD["moment"]
    if isinstance(series.dtype, pl.Datetime):
        return (
            series.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if series.dtype.time_zone else series
        ).cast(held)
    if series.dtype == pl.Date:
        return series.cast(held)
    text = _text(series)
    bare = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    if bare.null_count() == series.null_count():
        return bare
    text = text.str.replace(" ", "T", literal=True).str.replace("Z$", "+00:00")
    bare = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    found = bare.fill_null(text.str.to_date("%Y-%m-%d", strict=False).cast(held))
    if found.null_count() == series.null_count():
        return found
    for form in ("%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%dT%H:%M:%S%.f%z"):
        with_zone = text.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
        found = found.fill_null(with_zone.dt.replace_time_zone(None))
    return found.fill_null(text.str.to_datetime("%Y-%m-%dT%H:%M", strict=False, time_unit="us"))


def _flags(series: pl.Series) -> pl.Series:
    if series.dtype == pl.Boolean:
        return series
    text = _text(series).str.to_lowercase()
    yes, no = text.is_in(list(YES)), text.is_in(list(NO))
    return yes.set(~(yes | no), None)


def _currency(name: str, frame: pl.DataFrame) -> str:
    if "currency" not in frame.columns:
        return ""
    found = sorted(set(_text(frame["currency"]).str.to_uppercase().drop_nulls()) - {""})
    if len(found) > 1:
        told = ", ".join(found)
        raise BadTable(
            f"The table {name} is in several currencies ({told}); give all amounts in one.", field="currency"
        )
    return found[0] if found else ""


def _problems(name: str, rows: pl.DataFrame, column: str, wanted: str) -> list[Problem]:
    cells = _text(rows[column]).fill_null("") if column in rows.columns else pl.Series([""] * rows.height)
    pairs = zip(rows[ROW], cells, strict=True)
    return [Problem(table=name, row=row, column=column, given=given, wanted=wanted) for row, given in pairs]


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: problem.row))
