"""What a column holds, by its heading: Chinese and English, with how sure that is and by which word."""

from __future__ import annotations

import re
from dataclasses import dataclass

from haitu.links.tariffs.figures import CURRENCIES, Band, band, currency_in, tight, unit_in
from haitu.links.tariffs.said import Said, said

# What a column can be. Prices first: amounts of the list's currency.
PRICES = {
    "per_kg": "price per kg",
    "per_half_kg": "price per half kg",
    "per_100g": "price per 100 g",
    "per_lb": "price per pound",
    "per_cbm": "price per cubic metre",
    "flat": "price of a parcel",
    "fee": "fee per parcel",
    "first": "price of the first weight",
    "additional": "price of each further weight",
    "minimum": "least freight",
    "remote": "remote area fee",
    "box_20GP": "20 ft container",
    "box_40GP": "40 ft container",
    "box_40HQ": "40 ft high cube container",
}
KEYS = {
    "country": "country",
    "zone": "zone",
    "destination": "port or warehouse of destination",
    "origin": "origin",
    "carrier": "carrier",
    "service": "service",
    "band": "weight range",
    "weight_from": "weight from",
    "weight_to": "weight to",
    "least_weight": "least billed weight",
    "step": "weight step",
    "most_weight": "heaviest parcel",
    "divisor": "volume divisor",
    "days": "days",
    "days_from": "days from",
    "days_to": "days to",
    "currency": "currency",
    "fuel": "fuel surcharge",
    "valid_from": "valid from",
    "valid_to": "valid to",
    "postcode": "postcodes",
    "month": "month",
}
NOTHING = "ignore"
KINDS = (*PRICES, *KEYS, NOTHING)

BOXES = {
    "box_20GP": r"20'?\s*(gp|dv|dc|尺|英尺|ft|std)",
    "box_40HQ": r"40'?\s*(hq|hc|高柜|尺高|high)",
    "box_40GP": r"40'?\s*(gp|dv|dc|尺|英尺|ft|std)",
}
MONEY = "|".join(re.escape(sign) for sign in sorted(CURRENCIES, key=len, reverse=True) if sign != "元") + "|元|¥"
PER = r"(?:/|每|per)"
# (kind, sure in percent, words); the first that is found counts. Looked for in the heading without blanks.
WORDS: tuple[tuple[str, int, str], ...] = (
    *((kind, 95, words.replace(r"\s*", "")) for kind, words in BOXES.items()),
    (
        "least_weight", 95,
        r"起重|最低计费重|最低重量|起运重|最小计费|min(imum)?\.?(billable|chargeable)?weight|least.*weight",
    ),
    ("most_weight", 90, r"限重|最大重量|最高重量|max(imum)?\.?weight|weightlimit"),
    ("step", 90, r"进位|计费单位|计重单位|重量单位|billingstep|increment|weightstep"),
    ("divisor", 90, r"材积|体积重|计抛|抛重|抛比|divisor|volumetric|dim\.?(factor|weight)"),
    ("days_from", 90, r"最快(时效|天)|mindays|daysfrom"),
    ("days_to", 90, r"最慢(时效|天)|maxdays|daysto"),
    ("days", 90, r"时效|参考天数|航程|运输时间|transit|deliverytime|leadtime|days|工作日|eta"),
    ("valid_from", 90, r"生效|validfrom|effective"),
    ("valid_to", 90, r"失效|截止|validto|validuntil|validtill|expir"),
    ("fuel", 90, r"燃油|fuel|fsc"),
    ("remote", 90, r"偏远|remote"),
    ("postcode", 90, r"邮编|邮政编码|post(al)?code|zipcode|^zip"),
    ("month", 80, r"^月份|^month"),
    ("additional", 90, r"续重|每增加|续\d|additional|eachadd|every(extra|further)"),
    ("first", 90, r"首重|首\d|first"),
    ("minimum", 90, r"最低收费|最低消费|最低运费|min(imum)?\.?charge|minimumfreight"),
    (
        "fee", 92,
        rf"挂号费?|处理费|操作费|派送费|订单费|registration|handling|{PER}(票|件|包裹|item|parcel|piece|order|pcs?)",
    ),
    ("per_half_kg", 92, rf"{PER}0?\.5(kg|公斤)|{PER}半公斤|{PER}500g"),
    ("per_100g", 92, rf"{PER}(100g|百克)"),
    ("per_kg", 95, rf"{PER}\(?(kg|公斤|千克)|每公斤|单价\(?kg|perkilo"),
    ("per_lb", 95, rf"{PER}\(?(lb|磅|pound)"),
    ("per_cbm", 95, rf"{PER}\(?(cbm|m3|方|立方)|每方|每立方|perrt|w/m"),
    ("weight_from", 90, r"(起始|开始|最小|下限)重量|重量起|weightfrom|fromweight|minweight|重量下限|(重量|weight)\(?>"),
    ("weight_to", 90, r"(结束|截止|最大|上限)重量|重量止|weightto|toweight|notover|重量上限|(重量|weight)\(?≤"),
    ("band", 90, r"重量段|重量范围|重量区间|公斤段|计费段|weight(range|segment|band|tier|bracket)?|重量|计费重|kgs?$"),
    ("origin", 90, r"起运|始发|发货仓|出发|揽收|交货仓|pol$|portofloading|origin|^from|departure"),
    (
        "destination", 90,
        r"目的港|目的仓|仓库|到港|卸货港|pod$|portofdischarge|fba|warehouse|destinationport|deliveryto",
    ),
    ("zone", 92, r"分区|区域|^区$|区号|zone|area"),
    ("country", 95, r"国家|目的国|目的地|地区|二字代?码|寄达|到达国|country|destination|shipto|deliverto"),
    ("currency", 95, r"币种|货币|币别|currency|curr\."),
    ("carrier", 92, r"承运|物流商|船公司|carrier|shippingline"),
    ("service", 90, r"产品|服务|渠道|线路|运输方式|service|product|channel|method|route"),
    ("flat", 75, rf"价格|运费|单价|费用|资费|报价|price|rate|freight|charge|cost|amount|({MONEY})$"),
    (NOTHING, 90, r"备注|说明|remark|note|comment|序号|^no\.?$|状态|status|英文名|简称"),
)  # fmt: skip
COMPILED = tuple((kind, sure, re.compile(words)) for kind, sure, words in WORDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What a heading says: its kind, how sure that is (percent), why; perhaps a weight band, a unit, a currency."""

    kind: str
    sure: int
    why: Said
    band: Band | None = None
    unit: str = ""
    currencies: frozenset[str] = frozenset()


def heading(text: str, unit: str = "") -> Heading | None:
    """The best reading of a heading, None where no word of it is known. `unit` for a bare band such as "0-0.5"."""
    flat = tight(text)
    if not flat or len(flat) > 120:
        return None
    currencies, its_unit = currency_in(text), unit_in(text)
    for part in _parts(text):
        # A heading that is itself a band ("0-0.5KG", "21kg+") carries prices; of which kind, others must say.
        if (its_band := band(part, unit)) and not re.search(r"gp|hq|hc|尺", part.lower()):
            rest = text.replace(part, " ", 1)
            known = _word(tight(rest))
            if known and known[0] in PRICES:
                why = said("its heading says “%(word)s” and a weight", word=known[2])
                return Heading(
                    kind=known[0], sure=known[1], why=why, band=its_band, unit=its_unit, currencies=currencies
                )
            why = said("its heading is a weight; whether a price per kg or of a parcel, the figures must say")
            return Heading(kind="flat", sure=50, why=why, band=its_band, unit=its_unit, currencies=currencies)
    if known := _word(flat):
        why = said("its heading says “%(word)s”", word=known[2])
        return Heading(kind=known[0], sure=known[1], why=why, unit=its_unit, currencies=currencies)
    return None


def _word(flat: str) -> tuple[str, int, str] | None:
    """Kind, sureness and the word found. A price needs to look like one: 重量(KG) is no price per kg."""
    for kind, sure, words in COMPILED:
        if found := words.search(flat):
            return kind, sure, found[0]
    return None


def _parts(text: str) -> list[str]:
    """The heading, and its pieces between blanks and signs: two merged heading rows stand in one text."""
    return [text, *[piece for piece in re.split(r"[\s|]+", text) if piece != text and re.search(r"\d", piece)]]
