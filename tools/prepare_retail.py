"""Make the shipped history of the demo merchant from Online Retail II.

    python tools/prepare_retail.py ORIGINAL.parquet

ORIGINAL holds the two sheets under one another (columns Invoice, StockCode, Description, Quantity, InvoiceDate,
Price, Customer ID, Country, Sheet). Nothing is dropped but the sheets' overlap and what lies after the cut: every
other line is kept and told apart by its `kind`, so that whoever loads it can count what it leaves aside.
"""

import re
import sys
from datetime import date
from pathlib import Path

import polars as pl

FOLDER = Path(__file__).parents[1] / "src/haitu/data/online_retail_ii"
OVERLAP_FROM = date(2010, 12, 1)  # the first sheet repeats the second from here on
CUT = date(2011, 6, 1)  # 18 whole months; the rest is kept for judging
LIST_PRICE_FROM = date(2010, 12, 1)

# A stock code of goods: five digits and a variant letter or two, or an article of the old dotcom shop.
GOODS_CODE = r"^(\d{5}[A-Z]{0,2}|DCGS[A-Z0-9]+|SP1002)$"
KIND_OF_CODE = {
    "POST": "postage",
    "DOT": "postage",
    "C2": "postage",
    "23444": "postage",  # looks like an article, is "Next Day Carriage"
    "D": "discount",
    "BANK CHARGES": "fee",
    "AMAZONFEE": "fee",
    "CRUK": "fee",
    "B": "bad_debt",
    "S": "sample",
    "M": "manual",
    "ADJUST": "adjust",
    "ADJUST2": "adjust",
    "PADS": "adjust",
    "C3": "adjust",
}
COUNTRIES = {
    "Australia": "AU",
    "Austria": "AT",
    "Bahrain": "BH",
    "Belgium": "BE",
    "Bermuda": "BM",
    "Brazil": "BR",
    "Canada": "CA",
    "Cyprus": "CY",
    "Czech Republic": "CZ",
    "Denmark": "DK",
    "EIRE": "IE",
    "Finland": "FI",
    "France": "FR",
    "Germany": "DE",
    "Greece": "GR",
    "Hong Kong": "HK",
    "Iceland": "IS",
    "Israel": "IL",
    "Italy": "IT",
    "Japan": "JP",
    "Korea": "KR",
    "Lebanon": "LB",
    "Lithuania": "LT",
    "Malta": "MT",
    "Netherlands": "NL",
    "Nigeria": "NG",
    "Norway": "NO",
    "Poland": "PL",
    "Portugal": "PT",
    "RSA": "ZA",
    "Saudi Arabia": "SA",
    "Singapore": "SG",
    "Spain": "ES",
    "Sweden": "SE",
    "Switzerland": "CH",
    "Thailand": "TH",
    "USA": "US",
    "United Arab Emirates": "AE",
    "United Kingdom": "GB",
}


def cut_and_deduplicated(original: pl.DataFrame) -> pl.DataFrame:
    """The first 18 months, the overlap of the sheets counted once."""
    repeated = (pl.col("Sheet") == "Year 2009-2010") & (pl.col("InvoiceDate") >= OVERLAP_FROM)
    return original.filter(~repeated & (pl.col("InvoiceDate") < CUT))


def kind() -> pl.Expr:
    """What a line is: by its code where the code is no article, else by invoice letter, price and quantity."""
    goods = pl.col("sku").str.contains(GOODS_CODE)
    free = pl.col("price_minor") == 0
    return (
        pl.when(pl.col("sku").is_in(list(KIND_OF_CODE)))
        .then(pl.col("sku").replace_strict(KIND_OF_CODE, default=None))
        .when(~goods & pl.col("sku").str.starts_with("GIFT"))
        .then(pl.lit("voucher"))
        .when(~goods & pl.col("sku").str.starts_with("TEST"))
        .then(pl.lit("test"))
        .when(~goods)
        .then(pl.lit("unknown"))
        .when(pl.col("invoice").str.starts_with("C"))
        .then(pl.lit("cancel"))
        .when(free & (pl.col("quantity") < 0))
        .then(pl.lit("write_off"))
        .when(free & pl.col("customer").is_null())
        .then(pl.lit("write_on"))
        .when(free)
        .then(pl.lit("gift"))
        .otherwise(pl.lit("goods"))
    )


def lines(original: pl.DataFrame) -> pl.DataFrame:
    given = cut_and_deduplicated(original).select(
        pl.col("Invoice").alias("invoice"),
        pl.col("InvoiceDate").dt.cast_time_unit("ms").alias("at"),
        pl.col("Customer ID").alias("customer"),
        pl.col("Country").alias("country_given"),
        pl.col("StockCode").str.strip_chars().str.to_uppercase().alias("sku"),
        pl.col("Quantity").alias("quantity"),
        (pl.col("Price") * 100).round(mode="half_away_from_zero").cast(pl.Int32).alias("price_minor"),
        pl.col("Description").str.strip_chars().str.replace_all(r"\s+", " ").alias("note"),
    )
    known = given.with_columns(
        kind().alias("kind"),
        pl.col("country_given").replace_strict(COUNTRIES, default=None).alias("country"),
    )
    return known.select(
        "invoice", "at", "customer", "country", "country_given", "sku", "kind", "quantity", "price_minor", "note"
    )


def written(title: str) -> str:
    """SHOUTED TITLE -> Shouted Title, with roman numbers, units and the letter after an apostrophe left alone."""
    small = re.sub(r"[A-Za-z]+", lambda word: word[0].capitalize(), title.strip(" ,.*"))
    small = re.sub(r"(?<=['’])(S|T)\b", lambda letter: letter[0].lower(), small)
    small = re.sub(r"(?<=\d)(Cm|Mm|Ml|Pc|Pcs)\b", lambda unit: unit[0].lower(), small)
    for word in ("And", "Of", "In", "With", "For", "The", "On", "To", "De", "Du", "La", "Le"):
        small = re.sub(rf"(?<=\s){word}(?=\s)", word.lower(), small)
    return re.sub(r"\s*,\s*", ", ", re.sub(r"\s*/\s*", "/", small))


def most_frequent(column: str) -> pl.Expr:
    """The commonest value; of equally common ones the greatest, so that two runs agree."""
    return pl.col(column).drop_nulls().mode().max().alias(column)


def articles(history: pl.DataFrame) -> pl.DataFrame:
    """One row for every article ever sold, with its commonest title and its commonest recent price."""
    sold = history.filter(pl.col("kind") == "goods")
    recent = sold.filter(pl.col("at") >= LIST_PRICE_FROM).group_by("sku").agg(most_frequent("price_minor"))
    titled = sold.group_by("sku").agg(
        most_frequent("note").alias("title_given"),
        most_frequent("price_minor").alias("price_ever"),
        pl.len().cast(pl.Int32).alias("lines"),
        pl.col("quantity").sum().alias("units"),
        (pl.col("quantity").cast(pl.Int64) * pl.col("price_minor")).sum().alias("revenue_minor"),
        pl.col("at").min().dt.date().alias("first_sold"),
        pl.col("at").max().dt.date().alias("last_sold"),
    )
    return (
        titled.join(recent, on="sku", how="left")
        .with_columns(
            pl.coalesce("price_minor", "price_ever").alias("list_price_minor"),
            pl.coalesce("title_given", "sku").map_elements(written, return_dtype=pl.String).alias("title"),
        )
        .select(
            "sku",
            "title",
            "title_given",
            "list_price_minor",
            "lines",
            "units",
            "revenue_minor",
            "first_sold",
            "last_sold",
        )
        .sort("sku")
    )


def without_repeated_titles(history: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """A line's text is kept only where it says something else than its article's title: it is then a remark."""
    same = pl.col("note") == pl.col("title_given")
    return (
        history.join(known.select("sku", "title_given"), on="sku", how="left", maintain_order="left")
        .with_columns(pl.when(same).then(None).otherwise(pl.col("note")).alias("note"))
        .drop("title_given")
    )


def main(original: str) -> None:
    history = lines(pl.read_parquet(original))
    known = articles(history)
    history = without_repeated_titles(history, known)
    FOLDER.mkdir(parents=True, exist_ok=True)
    history.write_parquet(FOLDER / "lines.parquet", compression="zstd", compression_level=19, statistics=False)
    known.write_parquet(FOLDER / "articles.parquet", compression="zstd", compression_level=19, statistics=False)
    print(history.group_by("kind").agg(pl.len(), pl.col("quantity").sum()).sort("len", descending=True))
    print(f"{history.height:,} lines, {known.height:,} articles sold")


if __name__ == "__main__":
    main(sys.argv[1])
