"""What `./haitu` can do: one command a file, each a `main(arguments)` that returns an exit status."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
