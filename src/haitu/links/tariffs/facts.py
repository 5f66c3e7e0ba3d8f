"""What a list says outside of its columns: who carries, from where, in which money, and how weight is counted.

Looked for in the title of a table, the sheet's name, the notes, the file's name, in this order; each fact names the
sentence it was found in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from haitu.links.tariffs.countries import named_in
from haitu.links.tariffs.figures import currency_in, dates_in, days, tight, weight_g
from haitu.links.tariffs.said import Said, said

CARRIERS = {
    "YunExpress": r"yun ?express|云途",
    "4PX": r"4px|递四方",
    "Yanwen": r"yanwen|燕文",
    "SF International": r"\bsf\b|顺丰",
    "Cainiao": r"cainiao|菜鸟",
    "USPS": r"\busps\b",
    "DHL": r"\bdhl\b",
    "UPS": r"\bups\b",
    "FedEx": r"fedex|联邦快递",
    "EMS": r"\bems\b",
    "China Post": r"china post|中国邮政",
    "Matson": r"matson|美森",
    "COSCO": r"cosco|中远",
    "Maersk": r"maersk|马士基",
}
MODES = {  # the first that is found counts
    "sea": r"海运|海派|海卡|整柜|拼箱|\blcl\b|\bfcl\b|\bsea\b|ocean|美森|船期|起运港|\bpol\b",
    "rail": r"铁路|中欧班列|铁派|\brail\b|train",
    "road": r"卡航|卡派|卡车|truck|\broad\b",
    "air": r"空运|空派|空加派|\bair\b(?!mail)",
    "courier": r"快递|专线|express|courier|priority|ground",
    "post": r"小包|挂号|平邮|邮政|\bpost\b|small packet|parcel|mail",
}
KEPT_FOR_ALL = "*"
FIELDS = (
    "carrier", "service", "mode", "origin", "country", "to", "currency", "divisor", "step_g", "fuel", "remote",
    "least_weight_g", "most_weight_g", "most_side_mm", "kg_per_cbm", "days", "valid_from", "valid_to", "incoterms",
    "refuses", "zone",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact as text, how sure it is (percent), and where it was found."""

    name: str
    value: str
    sure: int
    why: Said


def facts(sources: Iterable[tuple[str, str, bool]], given: Mapping[str, str]) -> dict[str, Fact]:
    """The facts of one table. `sources`: (where, text, whether it names the list) in the order in which they count.

    What is `given` by a person wins. Only what names the list, no note, says to which country all of it goes.
    """
    found: dict[str, Fact] = {}
    for where, text, is_name in sources:
        for name, finder in FINDERS.items():
            if name == "country" and not is_name:
                continue
            if name not in found and (value := finder(text)):
                sure = 70 if name in {"country", "mode", "service"} else 90
                why = said("%(where)s: “%(text)s”", where=where, text=text[:80])
                found[name] = Fact(name=name, value=value, sure=sure, why=why)
    for name in FIELDS:
        if value := given.get(name, "").strip():
            found[name] = Fact(name=name, value=value, sure=100, why=said("you said so"))
    return found


def carrier_in(text: str) -> str:
    """A carrier that a text names."""
    if found := re.search(
        r"(?:承运人|承运商|物流商|船公司|\bcarrier)\s*[:：]\s*([^,;，；]{2,40})", text, re.IGNORECASE
    ):
        return found[1].strip()
    return next((name for name, words in CARRIERS.items() if re.search(words, text, re.IGNORECASE)), "")


def mode_in(text: str) -> str:
    """How goods travel by a text."""
    return next((name for name, words in MODES.items() if re.search(words, text, re.IGNORECASE)), "")


def _country(text: str) -> str:
    known = named_in(text) if len(text) <= 60 else ()
    return known[0] if len(known) == 1 else ""


def _currency(text: str) -> str:
    """All that the sentence names, between commas; more than one is for the reader to refuse."""
    if not re.search(r"币|currency|单位|unit|报价|价格|price|rate|rmb|usd|eur|cny", text, re.IGNORECASE):
        return ""
    return ",".join(sorted(currency_in(text)))


def _divisor(text: str) -> str:
    flat = tight(text)
    found = re.search(
        r"(?:材积|体积重|计抛|抛重|抛比|volum|dim|长[*x×]宽[*x×]高|l[*x×]w[*x×]h).{0,40}?(?:/|÷|除以?|:|=|by)?(\d{4,5})(?!\d)",
        flat,
    )
    if found:
        return found[1]
    return "none" if re.search(r"不计(体积|抛|泡)|不算(体积|抛|泡)|按实重|actualweightonly", flat) else ""


def _fuel(text: str) -> str:
    found = re.search(r"(?:燃油|fuel|fsc)[^%\d]{0,20}(\d{1,3}(?:\.\d{1,2})?)\s*%", text, re.IGNORECASE)
    if found:
        return f"{found[1]}%"
    return "0%" if re.search(r"(已?含|包)燃油|fuel (is )?included|incl(uding|\.)? fuel", text, re.IGNORECASE) else ""


def _step(text: str) -> str:
    """ "不足0.5kg按0.5kg计", "以100g为单位进位", "billed in steps of 10 g"."""
    flat = tight(text)
    found = re.search(
        r"(?:不足|不满|进位单位?:?|以|按|每)(\d+(?:\.\d+)?(?:kg|公斤|千克|g|克))(?:的?按|进位|为单位|向上|计费|取整)"
        r"|stepsof(\d+(?:\.\d+)?(?:kg|g|lb))|roundedupto(?:thenext)?(\d+(?:\.\d+)?(?:kg|g|lb))|进位(?:制|单位)?:?(\d+(?:\.\d+)?(?:kg|g|克))",
        flat,
    )
    grams = weight_g(next(filter(None, found.groups()))) if found else None
    return str(grams) if grams else ""


def _most_weight(text: str) -> str:
    found = re.search(
        r"(?:限重|单件(?:重量)?(?:不超过|≤|<)|单票(?:重量)?(?:不超过|≤|<)|max(?:imum|\.)?weight)[:≤为]?(\d+(?:\.\d+)?(?:kgs?|公斤|g|lb))",
        tight(text),
    )
    return str(weight_g(found[1])) if found else ""


def _least_weight(text: str) -> str:
    found = re.search(
        r"(?:起重|最低计费重量?|最低收费重量|minimum(?:billable|chargeable)?weight|min\.?weight)[:为]?(\d+(?:\.\d+)?(?:kgs?|公斤|g|克|lb))"
        r"|(\d+(?:\.\d+)?(?:kgs?|公斤|g))起(?:运|收|重|走)",
        tight(text),
    )
    return str(weight_g(found[1] or found[2])) if found else ""


def _most_side(text: str) -> str:
    found = re.search(
        r"(?:最长边|单边|最大边|长边|longest ?side)\D{0,12}?(\d{2,3})\s*(cm|厘米|mm)", text, re.IGNORECASE
    )
    return str(int(found[1]) * (1 if found[2].lower() == "mm" else 10)) if found else ""


def _kg_per_cbm(text: str) -> str:
    found = re.search(r"1(?:cbm|m3|方|立方米?)=(\d{2,4})(?:kg|公斤)|1:(\d{3,4})(?!\d)", tight(text))
    return (found[1] or found[2]) if found else ""


def _days(text: str) -> str:
    found = re.search(
        r"(?:时效|航程|transit(?: time)?|delivery(?: time)?)[^\d]{0,12}(\d{1,3}\s*[-~–至到]\s*\d{1,3}\s*"
        r"(?:个?工作日|个?自然日|天|日|working days|business days|days)?)",
        text,
        re.IGNORECASE,
    )
    return found[1] if found and days(found[1]) else ""


def _valid_from(text: str) -> str:
    known = dates_in(text)
    if known and re.search(r"生效|有效期|执行|effective|valid", text, re.IGNORECASE):
        return "" if re.search(r"截止|失效|until|expir", text[:12], re.IGNORECASE) else known[0].isoformat()
    return ""


def _valid_to(text: str) -> str:
    known = dates_in(text)
    if len(known) > 1 and re.search(r"有效期|valid|生效|effective", text, re.IGNORECASE):
        return known[1].isoformat()
    if known and re.search(r"截止|失效|valid until|valid to|expir", text, re.IGNORECASE):
        return known[-1].isoformat()
    return ""


def _incoterms(text: str) -> str:
    if re.search(r"\bddp\b|包税|双清", text, re.IGNORECASE) and not re.search(r"不包税", text):
        return "DDP"
    return "DAP" if re.search(r"\b(ddu|dap)\b|不包税|税金自理", text, re.IGNORECASE) else ""


def _refuses(text: str) -> str:
    """普货 is goods without batteries, liquids and powders."""
    if re.search(r"(仅限?|只接?|限)?普货(专线|渠道|价)?", text) and not re.search(r"带电|特货", text):
        return "battery, liquid, powder"
    if found := re.search(r"(不接受?|不收|禁止|拒收|no )([^。;；]*)", text, re.IGNORECASE):
        named = {
            "battery": r"带电|电池|batter",
            "liquid": r"液体|liquid",
            "powder": r"粉末|powder",
            "magnet": r"带磁|磁性|magnet",
        }
        return ", ".join(word for word, words in named.items() if re.search(words, found[2], re.IGNORECASE))
    return ""


FINDERS: Mapping[str, Callable[[str], str]] = {
    "carrier": carrier_in,
    "mode": mode_in,
    "country": _country,
    "currency": _currency,
    "divisor": _divisor,
    "step_g": _step,
    "fuel": _fuel,
    "least_weight_g": _least_weight,
    "most_weight_g": _most_weight,
    "most_side_mm": _most_side,
    "kg_per_cbm": _kg_per_cbm,
    "days": _days,
    "valid_from": _valid_from,
    "valid_to": _valid_to,
    "incoterms": _incoterms,
    "refuses": _refuses,
}
