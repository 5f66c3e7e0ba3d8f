"""Make the shipped reference tables (tax, tariff, HS codes, exchange rates, countries, icons) from their originals.

    python tools/prepare_reference.py ORIGINALS

ORIGINALS is a folder with one folder per data set, as each PROVENANCE.md under src/haitu/data names it. What we know
better than an original stands in files written by hand (overrides.csv, thresholds.csv, pegs.csv ...), never in here.
"""

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
from babel import Locale

from haitu.core.money import EXPONENTS
from haitu.links.reference.duty_text import Duty, duty

DATA = Path(__file__).parents[1] / "src/haitu/data"
EXPORT_OF_US_TARIFF = date(2024, 11, 1)
START_OF_UK_TARIFF = date(2021, 1, 1)

TaxRow = tuple[str, str, str, str, int, str, str, str]


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path, compression="zstd", compression_level=19, statistics=False)


# ---- tax -------------------------------------------------------------------------------------------------------


def basis_points(rate: float | str, *, of: int) -> int:
    """A rate given as percent (of=100) or fraction (of=10_000) in whole basis points, half up."""
    return int(Decimal(str(rate)) * of + Decimal("0.5"))


def dated(steps: Sequence[tuple[str, Any]]) -> list[tuple[str, str, Any]]:
    """(start, value) in order of time as (start, last day, value); an empty start or end is open."""
    ends = [str(date.fromisoformat(start) - timedelta(days=1)) for start, _ in steps[1:]] + [""]
    return [(start, end, value) for (start, value), end in zip(steps, ends, strict=True)]


def european(folder: Path) -> tuple[list[TaxRow], list[Sequence[object]]]:
    """Rates of the EU and the United Kingdom; areas with rates of their own, told by postcode, apart."""
    rates: list[TaxRow] = []
    areas: list[Sequence[object]] = []
    source = "ibericode/vat-rates 5abb1e1b"
    for country, periods in sorted(json.loads((folder / "eu_uk_vat_rates.json").read_text()).items()):
        ordered = sorted(periods, key=lambda period: str(period["effective_from"]))
        steps = [("" if p["effective_from"] == "0000-01-01" else p["effective_from"], p) for p in ordered]
        for start, end, period in dated(steps):
            for category, percent in sorted(period["rates"].items()):
                rates.append((country, "", "vat", category, basis_points(percent, of=100), start, end, source))
            for area in period.get("exceptions", ()):
                for category in sorted(area.keys() - {"name", "postcode"}):
                    bp = basis_points(area[category], of=100)
                    areas.append((country, area["name"], area["postcode"], category, bp, start, end, source))
    return rates, areas


def changes(entry: Mapping[str, Any]) -> list[tuple[str, float]]:
    """A world entry's rates in order of time. `before` gives the UTC moment at which an older rate ended."""
    ends = sorted(
        (datetime.fromisoformat(moment.removesuffix("Z")), old["rate"])
        for moment, old in entry.get("before", {}).items()
    )
    starts = ["", *(str((end + timedelta(hours=12)).date()) for end, _ in ends)]
    return list(zip(starts, [*(rate for _, rate in ends), entry["rate"]], strict=True))


PROVINCES_WITHOUT_OWN_TAX = ("AB", "NT", "NU", "YT")
STATES_WITHOUT_TAX = ("AK", "DE", "MT", "NH", "OR")


def worldwide(folder: Path, done: set[str]) -> list[TaxRow]:
    """Rates of everywhere else; a Canadian province's row is the whole of federal and provincial tax."""
    source = "sales-tax 2.23.0"
    rates: list[TaxRow] = []
    world = json.loads((folder / "sales_tax_rates_world.json").read_text())
    for country, entry in sorted(world.items()):
        if country in done or country == "US":
            continue
        kind = "vat" if entry["type"] == "none" else entry["type"]
        for start, end, rate in dated(changes(entry)):
            rates.append((country, "", kind, "standard", basis_points(rate, of=10_000), start, end, source))
    for state, entry in sorted(world["US"]["states"].items()):
        rates.append(("US", state, "sales", "standard", basis_points(entry["rate"], of=10_000), "", "", source))
    rates.append(("US", "", "sales", "standard", 0, "", "", "the United States have no federal sales tax"))
    rates += [("US", s, "sales", "standard", 0, "", "", "the state has no sales tax") for s in STATES_WITHOUT_TAX]
    federal = Decimal(str(world["CA"]["rate"]))
    for province, entry in sorted(world["CA"]["states"].items()):
        kind = "hst" if entry["type"] == "hst" else "gst+" + entry["type"]
        for start, end, rate in dated(changes(entry)):
            whole = basis_points(str(federal + Decimal(str(rate))), of=10_000)
            rates.append(("CA", province, kind, "standard", whole, start, end, source))
    rates += [("CA", p, "gst", "standard", 500, "", "", "no provincial tax") for p in PROVINCES_WITHOUT_OWN_TAX]
    return rates


def history(folder: Path, country: str) -> list[TaxRow]:
    """The dated standard rates of one territory from the second set, newest known step included."""
    with (folder / "vat_rates_history.csv").open(encoding="utf-8", newline="") as file:
        found = [row for row in csv.DictReader(file) if row["territory_codes"] == country]
    # Its last days are the next row's first day in some rows and the day before in others: only starts are used.
    steps = [(row["start_date"], row["rate"]) for row in sorted(found, key=lambda row: row["start_date"])]
    source = "kdeldycke/vat-rates 7585c283"
    return [
        (country, "", "vat", "standard", basis_points(rate, of=10_000), start, end, source)
        for start, end, rate in dated(steps)
    ]


TAX_HEADER = ("country", "region", "kind", "category", "rate_bp", "valid_from", "valid_to", "source")


def superseded(row: TaxRow, first_own: Mapping[tuple[str, ...], str]) -> bool:
    """Whether a row by hand of the same place and category takes over before this one ends."""
    own = first_own.get((row[0], row[1], row[3]))
    return own is not None and (not row[6] or row[6] >= own)


def tax(folder: Path) -> None:
    european_rates, areas = european(folder)
    rest = worldwide(folder, {row[0] for row in european_rates})
    now = {row[0]: row[4] for row in rest if not row[1] and not row[6]}
    better = {country: history(folder, country) for country in ("AU", "CH", "JP", "KR", "NO", "NZ", "ZA")}
    # The dated history is taken where its newest rate is the newest rate of the other set too.
    better = {country: rows for country, rows in better.items() if rows and rows[-1][4] == now[country]}
    rates = (
        european_rates + [row for row in rest if row[0] not in better] + [r for rows in better.values() for r in rows]
    )
    first_own: dict[tuple[str, ...], str] = {}
    with (DATA / "tax/overrides.csv").open(encoding="utf-8", newline="") as file:
        for own in csv.DictReader(file):
            place = (own["country"], own["region"], own["category"])
            first_own[place] = min(own["valid_from"], first_own.get(place, "9999"))
    rates = [row for row in rates if not superseded(row, first_own)]
    write_csv(DATA / "tax/rates.csv", TAX_HEADER, sorted(rates, key=lambda row: (row[:4], row[5])))
    header = ("country", "area", "postcode", "category", "rate_bp", "valid_from", "valid_to", "source")
    write_csv(DATA / "tax/areas.csv", header, sorted(areas, key=str))


# ---- tariff ----------------------------------------------------------------------------------------------------


def numbers(understood: Duty | None) -> dict[str, object]:
    specific = understood.specific if understood else None
    return {
        "ad_valorem_bp": understood.ad_valorem_bp if understood else None,
        "specific_minor": specific.amount_minor if specific else None,
        "specific_currency": specific.currency if specific else None,
        "specific_quantity": specific.quantity if specific else None,
        "specific_unit": specific.unit if specific else None,
    }


def line(territory: str, code: str, description: str, text: str, *, start: date, source: str) -> dict[str, object]:
    fixed = {"territory": territory, "hs_code": code, "description": description, "text": text}
    return fixed | numbers(duty(text)) | {"valid_from": start, "source": source}


def uk_and_eu(folder: Path) -> list[dict[str, object]]:
    table = pl.read_parquet(folder / "uk_global_tariff_2021.parquet")
    start, lines = START_OF_UK_TARIFF, []
    for row in table.iter_rows(named=True):
        code, description = row["commodity"], row["description"]
        lines.append(
            line("EU", code, description, row["cet_duty_rate"], start=start, source="Common External Tariff 2021")
        )
        lines.append(line("GB", code, description, row["ukgt_duty_rate"], start=start, source="UK Global Tariff 2021"))
    return lines


def american(folder: Path) -> list[dict[str, object]]:
    """Lines that carry a general rate, chapters 1 to 97; a heading's words stand before its lines' own."""
    table = pl.read_parquet(folder / "us_hts_2024.parquet")
    above: dict[int, str] = {}
    lines = []
    for row in table.iter_rows(named=True):
        above = {indent: words for indent, words in above.items() if indent < row["Indent"]}
        above[row["Indent"]] = row["Description"].strip(" :")
        code = (row["HTS Number"] or "").replace(".", "")
        if row["General Rate of Duty"] and len(code) >= 8 and code[:2] < "98":
            words = ": ".join(above[indent] for indent in sorted(above)[-3:])
            source = "USITC Harmonized Tariff Schedule, November 2024"
            lines.append(line("US", code, words, row["General Rate of Duty"], start=EXPORT_OF_US_TARIFF, source=source))
    return lines


def six_digits(lines: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """For each subheading the line that stands for it: the chosen one (chosen.csv), else the dearest one understood.

    A catalogue knows six digits, a tariff asks for eight or ten. The dearest line may overstate a duty, and says in
    its text of how many lines it is one; whoever knows better names the line in chosen.csv or the longer code.
    """
    with (DATA / "tariff/chosen.csv").open(encoding="utf-8", newline="") as file:
        chosen = {(row["territory"], row["line"]) for row in csv.DictReader(file)}
    below: dict[tuple[str, str], list[dict[str, object]]] = {}
    for row in lines:
        below.setdefault((str(row["territory"]), str(row["hs_code"])[:6]), []).append(row)
    standing: list[dict[str, object]] = []
    for (territory, code), rows in sorted(below.items()):
        picked = [row for row in rows if (territory, row["hs_code"]) in chosen]
        best = max(picked or rows, key=dearness)
        several = len({row["text"] for row in rows}) > 1
        told = f"{best['text']} (line {best['hs_code']}, one of {len(rows)})" if several else best["text"]
        standing.append(best | {"hs_code": code, "text": told})
    return standing + renumbered(standing)


def dearness(row: Mapping[str, Any]) -> tuple[bool, int, int]:
    return (row["ad_valorem_bp"] is not None, row["ad_valorem_bp"] or 0, row["specific_minor"] or 0)


def renumbered(standing: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """Subheadings the British and European table of 2021 has under their number of the Harmonized System 2017."""
    known = {(row["territory"], row["hs_code"]): row for row in standing}
    with (DATA / "tariff/hs2017.csv").open(encoding="utf-8", newline="") as file:
        pairs = [(row["hs2022"], row["hs2017"]) for row in csv.DictReader(file)]
    return [
        known[territory, old] | {"hs_code": new, "text": f"{known[territory, old]['text']} (as HS 2017 {old})"}
        for territory in ("EU", "GB")
        for new, old in pairs
        if (territory, new) not in known
    ]


TARIFF_SCHEMA = {
    "territory": pl.String,
    "hs_code": pl.String,
    "description": pl.String,
    "text": pl.String,
    "ad_valorem_bp": pl.Int32,
    "specific_minor": pl.Int64,
    "specific_currency": pl.String,
    "specific_quantity": pl.Int64,
    "specific_unit": pl.String,
    "valid_from": pl.Date,
    "source": pl.String,
}


def tariff(originals: Path) -> None:
    lines = uk_and_eu(originals / "tariff_uk_eu") + american(originals / "tariff_us_hts")
    frame = pl.DataFrame(lines, schema=TARIFF_SCHEMA).sort("territory", "hs_code", maintain_order=True)
    write_parquet(frame, DATA / "tariff/lines.parquet")
    six = pl.DataFrame(six_digits(lines), schema=TARIFF_SCHEMA).drop("description").sort("territory", "hs_code")
    write_parquet(six, DATA / "tariff/six_digits.parquet")
    understood = frame.group_by("territory").agg(
        pl.len(), pl.col("ad_valorem_bp").is_not_null().sum().alias("understood")
    )
    print(understood.sort("territory"))


def hs_codes(folder: Path) -> None:
    codes = pl.read_parquet(folder / "harmonized_system.parquet").filter(pl.col("level").is_in([2, 4, 6]))
    write_parquet(
        codes.select(pl.col("hscode").alias("hs_code"), "description", "section").sort("hs_code"),
        DATA / "hs/codes.parquet",
    )


# ---- exchange rates, countries, currencies, icons -------------------------------------------------------------


def exchange(folder: Path) -> None:
    """The last three years; currencies the ECB no longer quotes in them are left out."""
    rates = pl.read_parquet(folder / "ecb_eurofxref_hist.parquet")
    last: date = rates["Date"].max()  # type: ignore[assignment]
    recent = rates.filter(pl.col("Date") > last.replace(year=last.year - 3)).sort("Date")
    quoted = [name for name in recent.columns if recent[name].null_count() < recent.height]
    write_parquet(recent.select(quoted).rename({"Date": "on"}), DATA / "fx/ecb.parquet")


EU_FROM = {
    "1958-01-01": "BE DE FR IT LU NL",
    "1973-01-01": "DK IE",
    "1981-01-01": "GR",
    "1986-01-01": "ES PT",
    "1995-01-01": "AT FI SE",
    "2004-05-01": "CY CZ EE HU LT LV MT PL SI SK",
    "2007-01-01": "BG RO",
    "2013-07-01": "HR",
}
EU_MEMBERS = {country: start for start, countries in EU_FROM.items() for country in countries.split()}
LEFT_THE_EU = {"GB": ("1973-01-01", "2020-12-31")}  # the last day in the customs union and the VAT area
# Where the original is late (Bulgaria pays in euros since 2026-01-01) or names two and the second is the one in use.
CURRENCY = {"BG": "EUR", "BT": "BTN", "SV": "USD"}


def countries(folder: Path) -> None:
    table = pl.read_csv(folder / "country_codes.csv", infer_schema_length=0).fill_null("")
    english, chinese = Locale("en").territories, Locale("zh", script="Hans").territories
    rows = []
    for row in table.iter_rows(named=True):
        iso2 = row["ISO3166-1-Alpha-2"]
        joined, left = LEFT_THE_EU.get(iso2, (EU_MEMBERS.get(iso2, ""), ""))
        rows.append(
            (
                iso2,
                row["ISO3166-1-Alpha-3"],
                english[iso2],
                chinese[iso2],
                CURRENCY.get(iso2, row["ISO4217-currency_alphabetic_code"].split(",")[0]),
                row["Languages"].replace(",", " "),
                row["Dial"],
                row["Region Name"],
                row["Sub-region Name"],
                joined,
                left,
            )
        )
    header = "iso2 iso3 name_en name_zh currency languages dial_code region subregion eu_from eu_to".split()
    write_csv(DATA / "countries/countries.csv", header, sorted(rows))


def currencies() -> None:
    """Decimals from the money rules and names from CLDR, written anew; codes and numbers stay as the file has them."""
    english, chinese = Locale("en").currencies, Locale("zh", script="Hans").currencies
    path = DATA / "countries/currencies.csv"
    with path.open(encoding="utf-8", newline="") as file:
        numbers_by_code = {row["code"]: row["numeric"] for row in csv.DictReader(file)}
    rows = [
        (code, number, EXPONENTS[code], english.get(code, code), chinese.get(code, code))
        for code, number in numbers_by_code.items()
    ]
    write_csv(path, ("code", "numeric", "exponent", "name_en", "name_zh"), rows)


def icons(folder: Path) -> None:
    """The icons of wares, as one file, without those nobody would sell a gift by."""
    given = json.loads((folder / "fluent_emoji_flat_objects.json").read_text())
    text = json.dumps(given, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    (DATA / "pictures").mkdir(parents=True, exist_ok=True)
    (DATA / "pictures/icons.json").write_text(text + "\n", encoding="utf-8")


def main(folder: str) -> None:
    originals = Path(folder)
    tax(originals / "sales_tax_vat")
    tariff(originals)
    hs_codes(originals / "hs_codes")
    exchange(originals / "fx_ecb")
    countries(originals / "countries")
    currencies()
    icons(originals / "product_pictures")


if __name__ == "__main__":
    main(sys.argv[1])
