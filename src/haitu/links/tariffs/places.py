"""Which country or which of our warehouses a list means by 美西, LAX, 1区 or 深圳."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from haitu.links.tariffs.countries import countries
from haitu.links.tariffs.draft import KnownWarehouse
from haitu.links.tariffs.figures import tight
from haitu.links.tariffs.said import Said, said
from haitu.links.tariffs.tables import ZONE, Table

# Chinese names of places where such lists start or end, as warehouses' cities are written in Latin letters.
CITIES = {
    "深圳": "Shenzhen", "盐田": "Shenzhen", "蛇口": "Shenzhen", "广州": "Guangzhou", "南沙": "Guangzhou",
    "东莞": "Dongguan", "义乌": "Yiwu", "宁波": "Ningbo",
    "上海": "Shanghai", "杭州": "Hangzhou", "厦门": "Xiamen", "青岛": "Qingdao",
    "天津": "Tianjin", "重庆": "Chongqing", "成都": "Chengdu", "郑州": "Zhengzhou", "西安": "Xi'an", "武汉": "Wuhan",
    "香港": "Hong Kong", "洛杉矶": "Los Angeles", "长滩": "Long Beach", "纽约": "New York", "纽瓦克": "Newark",
    "芝加哥": "Chicago", "休斯顿": "Houston", "萨凡纳": "Savannah", "汉堡": "Hamburg", "不来梅": "Bremen",
    "法兰克福": "Frankfurt", "莱比锡": "Leipzig", "鹿特丹": "Rotterdam", "费利克斯托": "Felixstowe", "伦敦": "London",
    "伯明翰": "Birmingham", "勒阿弗尔": "Le Havre", "巴黎": "Paris", "华沙": "Warsaw", "巴塞罗那": "Barcelona",
    "东京": "Tokyo", "大阪": "Osaka", "横滨": "Yokohama", "首尔": "Seoul", "釜山": "Busan", "新加坡": "Singapore",
    "悉尼": "Sydney", "墨尔本": "Melbourne", "迪拜": "Dubai", "圣保罗": "São Paulo", "多伦多": "Toronto",
    "温哥华": "Vancouver", "墨西哥城": "Mexico City",
}  # fmt: skip
SKIP = "skip"
NUMERALS = str.maketrans("一二三四五六七八九", "123456789")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a price goes: the consumers of a country (of a zone of it), or one of our warehouses."""

    country: str
    to: str = ""
    zone: str = ""


@dataclass(slots=True)
class Places:
    """What a file and a person say about places; `unknown` collects the labels that nobody explained."""

    warehouses: tuple[KnownWarehouse, ...]
    chosen: Mapping[str, str]
    zones: Mapping[tuple[str, str], tuple[str, ...]]  # (sheet or "", zone) → countries
    unknown: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def targets(
        self, label: str, kind: str, *, sheet: str, country: str, zone: str, to: str, cargo: bool
    ) -> tuple[Target, ...]:
        """Where a label leads; empty where it is unknown or a person left it out."""
        if label in self.chosen:
            return self._chosen(label)
        if to and (one := self.warehouse(to)):
            return (Target(country=one.country, to=one.code),)
        if ZONE.fullmatch(tight(label)) or kind == "zone":
            return self._of_zone(label, sheet, country, zone)
        known, unknown = countries(label) if label else ((country,) if country else (), ())
        if (cargo or kind == "destination") and (one := self._match(label)):
            return (Target(country=one.country, to=one.code),)
        if unknown or not known or cargo or kind == "destination":
            self.unknown[label] = self._likely(known)
            return ()
        return tuple(Target(country=code) for code in known)

    def warehouse(self, code: str) -> KnownWarehouse | None:
        """By its code."""
        return next((each for each in self.warehouses if each.code.upper() == code.upper()), None)

    def origin(self, label: str) -> tuple[str, int, Said]:
        """(code of our warehouse, sureness, why) for where a list starts; "" if several could be meant."""
        if label and (one := self.warehouse(label) or self._match(label)):
            return one.code, 95, said("“%(label)s” is our %(warehouse)s", label=label, warehouse=one.code)
        starts = [each for each in self.warehouses if each.kind == "origin"]
        if len(starts) == 1 and not label:
            return starts[0].code, 60, said("the only warehouse of origin")
        return "", 0, said("several warehouses could be meant")

    def _chosen(self, label: str) -> tuple[Target, ...]:
        choice = self.chosen[label]
        if choice.startswith("warehouse:") and (one := self.warehouse(choice.removeprefix("warehouse:"))):
            return (Target(country=one.country, to=one.code),)
        known, unknown = countries(choice) if choice != SKIP else ((), ())
        return tuple(Target(country=code) for code in known) if not unknown else ()

    def _of_zone(self, label: str, sheet: str, country: str, zone: str) -> tuple[Target, ...]:
        """A zone of countries is each of them; a zone inside a country needs a person to pick one."""
        name = zone_name(label)
        if found := self.zones.get((sheet, name)) or self.zones.get(("", name)):
            return tuple(Target(country=code) for code in found)
        if zone and country:
            return (Target(country=country, zone=name),) if zone_name(zone) == name else ()
        self.unknown[label] = (country,) if country else ()
        return ()

    def _match(self, label: str) -> KnownWarehouse | None:
        """The one of our warehouses whose code, place, name or city stands in the label."""
        wanted = label.lower()
        for chinese, city in CITIES.items():
            if chinese in label:
                wanted += f" {city.lower()}"
        found = [
            each
            for each in self.warehouses
            if re.search(rf"\b{re.escape(each.code.lower())}\b", wanted)
            or (each.place and re.search(rf"\b{re.escape(each.place.lower())}\b", wanted))
            or (each.name and each.name.lower() in wanted)
            or (each.city and each.city.lower() in wanted)
        ]
        return found[0] if len(found) == 1 else None

    def _likely(self, known: Iterable[str]) -> tuple[str, ...]:
        """Our warehouses in the countries that the label names."""
        wanted = set(known)
        return tuple(f"warehouse:{each.code}" for each in self.warehouses if each.country in wanted)


def zone_name(label: str) -> str:
    """1区, Zone 1, 分区一 → 1."""
    found = re.sub(r"zone|分区|区域|第|区|-", "", tight(label)).translate(NUMERALS)
    return found.removeprefix("z").upper() if len(found) > 1 else found.upper()


def zone_lists(tables: Iterable[Table]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Zones → countries from the tables that hold no prices, under their sheet's name and for all sheets."""
    found: dict[tuple[str, str], list[str]] = {}
    for table in tables:
        if table.has_prices or not (table.of("zone") and table.of("country")):
            continue
        above = ""
        for row in range(table.first, table.last + 1):
            above = table.sheet.at(row, table.of("zone")[0].index) or above
            for column in table.of("country"):
                known, _ = countries(table.sheet.at(row, column.index))
                for sheet in (table.sheet.name, ""):
                    listed = found.setdefault((sheet, zone_name(above)), [])
                    listed += [code for code in known if code not in listed]
    return {key: tuple(codes) for key, codes in found.items() if codes}
