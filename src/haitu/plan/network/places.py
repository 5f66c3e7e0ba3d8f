"""Ports and airports of the world, from the shipped tables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import polars as pl

from haitu.core.place import Place

DATA = Path(__file__).resolve().parents[2] / "data"
PORTS_SOURCE = "searoute 1.6.0 ports.geojson"
AIRPORTS_SOURCE = "airportsdata 20260905"


@lru_cache(maxsize=1)
def world_places() -> Mapping[str, Place]:
    """Every port by UN/LOCODE (the first point of each) and every airport by IATA code."""
    return {place.code: place for place in (*_ports(), *_airports())}


def _ports() -> list[Place]:
    table = pl.read_csv(DATA / "sea_network" / "ports.csv").unique("unlocode", keep="first", maintain_order=True)
    return [
        Place(
            code=code,
            name=name,
            country=code[:2],
            kind="port",
            lat_e6=round(lat * 1e6),
            lon_e6=round(lon * 1e6),
        )
        for code, name, lat, lon in table.select("unlocode", "name", "lat", "lon").iter_rows()
    ]


def _airports() -> list[Place]:
    table = pl.read_parquet(DATA / "airports" / "airports.parquet").fill_null("")
    columns = table.select("iata", "name", "city", "country", "lat_e6", "lon_e6")
    return [
        Place(code=iata, name=name or city, country=country, kind="airport", lat_e6=lat_e6, lon_e6=lon_e6)
        for iata, name, city, country, lat_e6, lon_e6 in columns.iter_rows()
    ]
