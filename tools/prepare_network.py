"""Make the shipped files of the world network from their originals: sea lanes, ports, airports, lateness, LPI scores.

    python tools/prepare_network.py ORIGINALS

ORIGINALS is a folder with one folder per data set, as each PROVENANCE.md under src/haitu/data names it.
"""

import shutil
import sys
from pathlib import Path

import polars as pl

DATA = Path(__file__).parents[1] / "src/haitu/data"
MODES = {"Ocean": "sea", "Air": "air", "Truck": "road"}
FEWEST_OF_A_MODE = 300
LPI_NAMES = {
    "Bosnia and Herzegovina": "BA",
    "Czech Republic": "CZ",
    "Hong Kong": "HK",
    "Kyrgyz Republic": "KG",
    "Lao PDR": "LA",
    "Russian Federation": "RU",
    "Slovak Republic": "SK",
    "Syrian Arab Republic": "SY",
}


def main(originals: Path) -> None:
    sea_network(originals / "sea_network", DATA / "sea_network")
    airports(originals / "airports/airports_iata.csv", DATA / "airports/airports.parquet")
    lateness(originals / "scms_delivery_history/scms_delivery_history.parquet", DATA / "lead_times/lateness.csv")
    freight(originals / "scms_delivery_history/scms_delivery_history.parquet", DATA / "lead_times/freight_per_kg.csv")
    lpi(originals / "world_bank_lpi/lpi_2012_2023.csv", DATA / "lpi/lpi_2023.csv")


def sea_network(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in ("marnet_edges.parquet", "ports.csv"):
        shutil.copyfile(source / name, target / name)


def airports(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    table = pl.read_csv(source, infer_schema_length=None).select(
        "iata",
        "name",
        "city",
        "country",
        (pl.col("lat") * 1e6).round().cast(pl.Int32).alias("lat_e6"),
        (pl.col("lon") * 1e6).round().cast(pl.Int32).alias("lon_e6"),
    )
    table.unique("iata", keep="first").sort("iata").write_parquet(target, compression="zstd")


def lateness(source: Path, target: Path) -> None:
    """Per mode the 11 quantiles of days late; the last is the 99 % one, for the worst row may be a typing error."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shipments = pl.read_parquet(source).with_columns(pl.col("Shipment Mode").replace_strict(MODES, default=None))
    late = shipments.drop_nulls(["Shipment Mode", "days_late"]).group_by("Shipment Mode")
    points = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99]
    late.agg(
        pl.len().alias("shipments"),
        *(pl.col("days_late").quantile(p, "higher").cast(pl.Int32).alias(f"q{k * 10}") for k, p in enumerate(points)),
    ).filter(pl.col("shipments") >= FEWEST_OF_A_MODE).rename({"Shipment Mode": "mode"}).sort("mode").write_csv(target)


def freight(source: Path, target: Path) -> None:
    """Median freight per kilogram by mode and weight, in US cents."""
    shipments = pl.read_parquet(source).with_columns(pl.col("Shipment Mode").replace_strict(MODES, default=None))
    priced = shipments.drop_nulls("Shipment Mode").filter(pl.col("weight_kg_num") > 0, pl.col("freight_usd_num") > 0)
    banded = priced.with_columns(
        pl.when(pl.col("weight_kg_num") < 50)
        .then(pl.lit(50))
        .when(pl.col("weight_kg_num") < 200)
        .then(pl.lit(200))
        .when(pl.col("weight_kg_num") < 1000)
        .then(pl.lit(1000))
        .when(pl.col("weight_kg_num") < 5000)
        .then(pl.lit(5000))
        .otherwise(pl.lit(1_000_000))
        .alias("up_to_kg"),
        (100 * pl.col("freight_usd_num") / pl.col("weight_kg_num")).alias("cents"),
    )
    banded.group_by("Shipment Mode", "up_to_kg").agg(
        pl.len().alias("shipments"), pl.col("cents").median().round().cast(pl.Int32).alias("usd_minor_per_kg")
    ).rename({"Shipment Mode": "mode"}).sort("mode", "up_to_kg").write_csv(target)


def lpi(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    named = pl.read_csv(DATA / "countries/countries.csv").select(pl.col("name_en").alias("country"), "iso2")
    scores = pl.read_csv(source).filter(pl.col("year") == 2023).join(named, on="country", how="left")
    iso2 = pl.coalesce("iso2", pl.col("country").replace_strict(LPI_NAMES, default=None))
    scores.select(
        iso2.alias("country"),
        *((pl.col(name) * 10).round().cast(pl.Int32).alias(f"{name}_x10") for name in ("lpi_score", "customs_score")),
        (pl.col("timeliness_score") * 10).round().cast(pl.Int32).alias("timeliness_score_x10"),
    ).sort("country").write_csv(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
