"""Refreshes src/haitu/static/vendor from npm, at the versions written here; only developers need node for it.

    .venv/bin/python tools/vendor.py

Files are copied unchanged, and vendor.json records name, version, licence and the SHA-256 of each; a test compares.
"""

import hashlib
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from topojson import land_geojson  # type: ignore[import-not-found]  # it lies beside this script

VENDOR = Path(__file__).resolve().parents[1] / "src" / "haitu" / "static" / "vendor"
ICONS = """
adjustments alert-triangle archive arrow-back-up arrow-left arrow-right arrows-exchange arrows-sort ban
barcode box building-store building-warehouse calendar chart-bar chart-line check chevron-down chevron-left
chevron-right chevron-up circle-check circle-x clock copy credit-card currency-dollar dots download edit
external-link eye eye-off file-invoice file-text filter gift globe help home info-circle key language
layout-dashboard list loader lock login logout mail map-pin menu-2 message moon package package-export package-import
paperclip percentage phone photo plane plus printer receipt receipt-refund receipt-tax refresh route scale search
send settings ship shopping-bag shopping-cart sitemap star stack sun tag train trash truck truck-delivery
truck-return upload user users wallet world x
""".split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One npm package: which of its files we ship, and under which names."""

    name: str
    version: str
    licence: str
    files: dict[str, str]
    written_here: tuple[str, ...] = ()


TABLER, WORLD = "@tabler/core", "world-atlas"
LEAFLET_IMAGES = ("layers.png", "layers-2x.png", "marker-icon.png")
PACKAGES = (
    Package(
        name="htmx.org",
        version="4.0.1",
        licence="BSD-0-Clause",
        files={"dist/htmx.min.js": "htmx/htmx.min.js", "LICENSE": "htmx/LICENSE"},
    ),
    Package(
        name=TABLER,
        version="1.6.1",
        licence="MIT",
        files={
            "dist/css/tabler.min.css": "tabler/tabler.min.css",
            "dist/css/tabler.rtl.min.css": "tabler/tabler.rtl.min.css",
            "dist/js/tabler.min.js": "tabler/tabler.min.js",
        },
        written_here=("tabler/LICENSE",),
    ),
    Package(
        name="@tabler/icons",
        version="3.51.0",
        licence="MIT",
        files={"LICENSE": "icons/LICENSE"}
        | {f"icons/outline/{name}.svg": f"icons/{name}.svg" for name in sorted(ICONS)},
    ),
    Package(
        name="uplot",
        version="1.6.32",
        licence="MIT",
        files={
            "dist/uPlot.iife.min.js": "uplot/uPlot.iife.min.js",
            "dist/uPlot.min.css": "uplot/uPlot.min.css",
            "LICENSE": "uplot/LICENSE",
        },
    ),
    Package(
        name="echarts",
        version="6.1.0",
        licence="Apache-2.0",
        files={
            "dist/echarts.simple.min.js": "echarts/echarts.simple.min.js",
            "LICENSE": "echarts/LICENSE",
            "NOTICE": "echarts/NOTICE",
        },
    ),
    Package(
        name="leaflet",
        version="1.9.4",
        licence="BSD-2-Clause",
        files={
            "dist/leaflet.js": "leaflet/leaflet.js",
            "dist/leaflet.css": "leaflet/leaflet.css",
            "LICENSE": "leaflet/LICENSE",
        }
        # The style sheet names them, so the manifest of static files wants them.
        | {f"dist/images/{name}": f"leaflet/images/{name}" for name in LEAFLET_IMAGES},
    ),
    Package(  # the shapes are Natural Earth's (public domain), the package is ISC
        name=WORLD,
        version="2.0.2",
        licence="ISC",
        files={"LICENSE": "world/LICENSE"},
        written_here=("world/land.json",),
    ),
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "package.json").write_text('{"private": true}')
        wanted = [f"{package.name}@{package.version}" for package in PACKAGES]
        subprocess.run(
            ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *wanted], check=True, cwd=folder
        )
        if VENDOR.exists():
            shutil.rmtree(VENDOR)
        for package in PACKAGES:
            copy(package, Path(folder) / "node_modules" / package.name)
        write_land(Path(folder) / "node_modules" / WORLD)
    (VENDOR / "tabler" / "LICENSE").write_text(tabler_licence())
    (VENDOR / "vendor.json").write_text(json.dumps([entry(package) for package in PACKAGES], indent=1) + "\n")


def copy(package: Package, source: Path) -> None:
    """Copies the package's files, once it has shown to be the one we asked for."""
    stated = json.loads((source / "package.json").read_text())
    if (stated["version"], stated["license"]) != (package.version, package.licence):
        raise SystemExit(f"{package.name}: {stated['version']} under {stated['license']} is not what was asked for.")
    for origin, target in package.files.items():
        content = without_source_map((source / origin).read_bytes())
        (VENDOR / target).parent.mkdir(parents=True, exist_ok=True)
        (VENDOR / target).write_bytes(content)


def entry(package: Package) -> dict[str, object]:
    """What vendor.json says of a package."""
    files = [*package.files.values(), *package.written_here]
    hashes = {file: hashlib.sha256((VENDOR / file).read_bytes()).hexdigest() for file in sorted(files)}
    return {"name": package.name, "version": package.version, "licence": package.licence, "sha256": hashes}


def write_land(source: Path) -> None:
    """The countries of Natural Earth at 1:110 million as the map of the desk draws them."""
    (VENDOR / "world" / "land.json").write_text(land_geojson(json.loads((source / "countries-110m.json").read_text())))


def tabler_licence() -> str:
    """Tabler's package ships no licence text; it is MIT like its icons', under the copyright its files state."""
    mit = (VENDOR / "icons" / "LICENSE").read_text()
    header = (VENDOR / "tabler" / "tabler.min.css").read_text()[:400]
    holders = [line.removeprefix(" * ") for line in header.splitlines() if line.startswith(" * Copyright")]
    return "\n".join(["MIT License", "", *holders, "", mit[mit.index("Permission is hereby") :].rstrip(), ""])


def without_source_map(content: bytes) -> bytes:
    """Drops the last line's pointer to a source map we do not ship: the manifest of static files would miss it."""
    kept = [line for line in content.splitlines(keepends=True) if b"sourceMappingURL=" not in line[:30]]
    return b"".join(kept)


if __name__ == "__main__":
    main()
