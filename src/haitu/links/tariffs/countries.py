"""Countries as forwarders name them: ISO codes, English, Chinese, and the usual short names."""

from __future__ import annotations

import re
from functools import cache

from babel import Locale

SHORT = {
    "usa": "US", "u.s.a.": "US", "u.s.": "US", "america": "US", "美": "US", "美线": "US", "美西": "US", "美东": "US",
    "美中": "US", "美国本土": "US", "uk": "GB", "u.k.": "GB", "england": "GB", "great britain": "GB", "大不列颠": "GB",
    "south korea": "KR", "korea": "KR", "republic of korea": "KR", "南韩": "KR", "大韩民国": "KR", "russia": "RU",
    "russian federation": "RU", "uae": "AE", "阿联酋": "AE", "迪拜": "AE", "czech republic": "CZ", "czechia": "CZ",
    "捷克共和国": "CZ", "holland": "NL", "the netherlands": "NL", "沙特": "SA", "ksa": "SA", "viet nam": "VN",
    "turkey": "TR", "türkiye": "TR", "turkiye": "TR", "hong kong": "HK", "香港": "HK", "中国香港": "HK", "macau": "MO",
    "macao": "MO", "澳门": "MO", "taiwan": "TW", "台湾": "TW", "中国台湾": "TW", "slovak republic": "SK",
    "brasil": "BR", "deutschland": "DE", "españa": "ES", "italia": "IT", "méxico": "MX", "bosnia": "BA", "波黑": "BA",
    "north macedonia": "MK", "马其顿": "MK", "moldova": "MD", "ivory coast": "CI", "新西兰": "NZ", "纽西兰": "NZ",
    "马来": "MY", "印尼": "ID", "英": "GB", "德": "DE", "法": "FR", "日": "JP", "加": "CA", "澳": "AU", "澳洲": "AU",
    "巴布亚新几内亚": "PG", "korea, republic of": "KR", "moldova, republic of": "MD",
    "tanzania, united republic of": "TZ", "taiwan, province of china": "TW",
    "china": "CN", "mainland china": "CN", "中国": "CN", "中国大陆": "CN",
}  # fmt: skip
NOT_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}
BETWEEN = re.compile(r"[,、;|\n]|/| and |&|及|和(?=[\u4e00-\u9fff]{2})")
CODE_AFTER = re.compile(r"(?P<name>.*[^A-Z])(?P<code>[A-Z]{2})\s*[\])]?")


@cache
def names() -> dict[str, str]:
    """Every known name, small letters, → ISO code."""
    known: dict[str, str] = {}
    for tag in ("en", "zh_Hans"):
        for code, name in Locale.parse(tag).territories.items():
            if len(code) == 2 and code.isalpha() and code not in NOT_COUNTRIES:
                known.setdefault(name.lower(), code)
    return known | SHORT


@cache
def codes() -> frozenset[str]:
    """The ISO codes that the names stand for."""
    return frozenset(names().values())


def country(text: str) -> str:
    """The ISO code of one country, "" if the text names none: "德国", "DE", "United States (US)", "美国US"."""
    text = re.sub(r"\s+and\s+", " & ", text.strip().strip("*"), flags=re.IGNORECASE)
    if len(text) == 2 and text.isascii():
        return text.upper() if text.upper() in codes() else {"uk": "GB"}.get(text.lower(), "")
    bare = re.sub(r"[\[(].*?[\])]", "", text).strip()
    return names().get(text.lower()) or names().get(bare.lower()) or _twice(text) or _with_code(text)


def _with_code(text: str) -> str:
    """A name beside its own code: 美国US, US-United States."""
    if (match := CODE_AFTER.fullmatch(text)) and match["code"] in codes():
        named = names().get(match["name"].strip(" -([").lower())
        return match["code"] if named in {None, match["code"]} and named else ""
    if (match := re.fullmatch(r"([A-Z]{2})\s*[-:(]?\s*(.+?)\)?", text)) and names().get(match[2].lower()) == match[1]:
        return match[1]
    return ""


def _twice(text: str) -> str:
    """法国 France: the same country in Chinese and in Latin letters."""
    chinese = "".join(re.findall(r"[\u4e00-\u9fff]+", text))
    latin = " ".join(re.findall(r"[A-Za-z][A-Za-z&. '-]*", text)).strip()
    first, second = names().get(chinese), names().get(latin.lower(), latin.upper() if len(latin) == 2 else "")
    return first if first and first == second else ""


def countries(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The countries that a cell lists, and the words in it that name none."""
    if one := country(text):
        return (one,), ()
    parts = [part.strip() for part in BETWEEN.split(text) if part.strip()]
    known = tuple(dict.fromkeys(code for part in parts if (code := country(part))))
    return known, tuple(part for part in parts if not country(part))


@cache
def _inside() -> re.Pattern[str]:
    """Names long enough to be looked for inside of a title."""
    found = [name for name in names() if len(name) >= (2 if not name.isascii() else 4)]
    return re.compile(
        "|".join(rf"\b{re.escape(n)}\b" if n.isascii() else re.escape(n) for n in sorted(found, key=len, reverse=True))
    )


def named_in(text: str) -> tuple[str, ...]:
    """The countries that a title mentions, in order; China, where such lists start, is left out."""
    found = (names()[match[0]] for match in _inside().finditer(text.lower()))
    return tuple(dict.fromkeys(code for code in found if code != "CN"))
