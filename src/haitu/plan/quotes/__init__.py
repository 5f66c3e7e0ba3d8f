"""The columnar twin of `core.quote`: SKU × market × path → every component of the waterfall, to the last minor unit.

Goods, lanes and borders become columns and small tables once; what depends on the path is three additions per SKU.
docs/landed-cost.md tells how, `tests/plan` holds it to the scalar quote.
"""
