"""Where the borders of customs and VAT lie, by date.

Northern Ireland stands under both British and Union rules (Windsor Framework) and is not modelled: deliveries to GB
mean Great Britain, and XI is no country here.
"""

from __future__ import annotations

from datetime import date

# Customs territory of the Union by first day of membership (Reg. (EU) 952/2013 Art. 4 and the treaties of accession).
EU_SINCE = {
    date(1958, 1, 1): "BE DE FR IT LU NL",
    date(1973, 1, 1): "DK GB IE",
    date(1981, 1, 1): "GR",
    date(1986, 1, 1): "ES PT",
    date(1995, 1, 1): "AT FI SE",
    date(2004, 5, 1): "CY CZ EE HU LT LV MT PL SI SK",
    date(2007, 1, 1): "BG RO",
    date(2013, 7, 1): "HR",
}
JOINED = {country: day for day, countries in EU_SINCE.items() for country in countries.split()}
LEFT = {"GB": date(2021, 1, 1)}  # end of the transition period, Withdrawal Agreement Art. 126

# Places with an ISO code of their own inside another country's area. Monaco: Reg. 952/2013 Art. 4(2)(a) and Directive
# 2006/112 Art. 7; Isle of Man: Customs and Excise Agreement 1979; Liechtenstein: customs treaty with Switzerland 1923.
WHOLLY_WITHIN = {"MC": "FR", "IM": "GB", "LI": "CH"}
# Inside the customs territory, outside the VAT area: Directive 2006/112 Art. 6; Jersey and Guernsey: customs
# arrangements with the UK of 2018; Puerto Rico: 19 U.S.C. §1401(h).
CUSTOMS_ONLY = {
    "AX": "FI", "GF": "FR", "GP": "FR", "MF": "FR", "MQ": "FR", "RE": "FR", "YT": "FR",
    "JE": "GB", "GG": "GB", "PR": "US",
}  # fmt: skip


def in_eu(country: str, on: date) -> bool:
    """Whether the country belongs to the customs territory of the Union on that day as a member."""
    return country in JOINED and JOINED[country] <= on < LEFT.get(country, date.max)


def vat_area_of(country: str, on: date) -> str:
    """The area inside which goods move without import VAT: "EU", or the country (Monaco counts as France)."""
    country = WHOLLY_WITHIN.get(country, country)
    return "EU" if in_eu(country, on) else country


def territory_of(country: str, on: date) -> str:
    """The customs territory, inside which no duty is due: "EU", or the country (Guadeloupe counts as France)."""
    return vat_area_of(CUSTOMS_ONLY.get(country, country), on)
