"""All pairs of 87 ports on the marine network, routed anew after a closure; beside searoute where it is installed.

Run: .venv/bin/python -m bench.sea
The figure asked for is 0.2 s for all pairs. searoute (pip install searoute) is asked for 40 of the same pairs, one by
one, as it is made to be used; it is no dependency of ours.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from haitu.core.place import Place
from haitu.plan.network.places import world_places
from haitu.plan.sea import sea_network

PORTS = 87
RUNS = 5
ASKED_OF_SEAROUTE = 40


def ports() -> list[Place]:
    """87 ports spread over the alphabet of the world's codes, so over the world."""
    every = [place for _, place in sorted(world_places().items()) if place.kind == "port"]
    near = [place for place in every[:: len(every) // (PORTS + 25)] if sea_network().off_nm(place) < 60]
    return near[:PORTS]


def best_of(runs: int, places: Sequence[Place], closed: Sequence[str]) -> tuple[float, Any]:
    best, found = float("inf"), None
    for _ in range(runs):
        started = time.perf_counter()
        found = sea_network().distances_nm(places, closed=closed)
        best = min(best, time.perf_counter() - started)
    return best, found


def beside(places: Sequence[Place], ours: Any) -> dict[str, object]:
    """searoute's time a pair, and how far its distances are from ours."""
    try:
        from searoute import searoute  # noqa: PLC0415  # only where somebody has installed it
    except ImportError:
        return {"searoute": "not installed"}
    pairs = [(a, (7 * a + 11) % len(places)) for a in range(len(places))][:ASKED_OF_SEAROUTE]
    lonlat = [[place.degrees[1], place.degrees[0]] for place in places]
    searoute(lonlat[0], lonlat[1], units="naut")  # builds its graph
    started = time.perf_counter()
    theirs = [searoute(lonlat[a], lonlat[b], units="naut")["properties"]["length"] for a, b in pairs]
    each_s = (time.perf_counter() - started) / len(pairs)
    off = sorted(abs(ours[a, b] / length - 1) for (a, b), length in zip(pairs, theirs, strict=True) if length > 100)
    return {"searoute_ms_a_pair": round(1000 * each_s, 2), "median_difference_pct": round(100 * off[len(off) // 2], 2)}


def main() -> int:
    places = ports()
    started = time.perf_counter()
    sea_network.cache_clear()
    sea_network()
    loaded_s = time.perf_counter() - started
    open_s, _ = best_of(RUNS, places, ())
    shut_s, shut = best_of(RUNS, places, ("suez",))
    _, ours = best_of(1, places, ())
    theirs = beside(places, ours)
    each_us = 1e6 * shut_s / len(places) ** 2
    print(f"{'':<34}{'seconds':>10}")
    print(f"{'network read, once a process':<34}{loaded_s:>10.3f}")
    print(f"{f'all pairs of {len(places)} ports':<34}{open_s:>10.3f}")
    print(f"{'the same with Suez closed':<34}{shut_s:>10.3f}   {each_us:.1f} µs a route; asked: 0.200")
    if "searoute_ms_a_pair" in theirs:
        ratio = float(str(theirs["searoute_ms_a_pair"])) * 1000 / each_us
        told = f"{theirs['searoute_ms_a_pair']} ms a route, ×{ratio:,.0f}; median difference"
        print(f"searoute: {told} {theirs['median_difference_pct']} %")
    else:
        print("searoute: not installed")
    figures = {"ports": len(places), "all_pairs_s": round(open_s, 4), "after_closure_s": round(shut_s, 4)}
    print(json.dumps(figures | theirs | {"reached": int((shut < float("inf")).sum())}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
