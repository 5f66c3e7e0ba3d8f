"""What every command of the planner is told: where the facts lie, as of when, and where the answer goes."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

SEED = 20261123


def parser(name: str, says: str) -> argparse.ArgumentParser:
    """`--facts DIR --as-of DATE --out DIR [--seed N]`; a command adds what is its own."""
    asked = argparse.ArgumentParser(prog=f"python -m haitu.plan {name}", description=says)
    asked.add_argument("--facts", type=Path, required=True, metavar="DIR", help="the folder of tables, csv or parquet")
    asked.add_argument("--as-of", type=date.fromisoformat, required=True, metavar="DATE", help="the last day known")
    asked.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the answer is written")
    asked.add_argument("--seed", type=int, default=SEED, metavar="N", help="same facts and seed, same answer")
    return asked
