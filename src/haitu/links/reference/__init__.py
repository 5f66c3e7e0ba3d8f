"""Reference data from files: rates, thresholds, tariffs, countries, the demo's assumptions.

One file per subject. Every parser takes a path (ours or a merchant's own with the same columns, CSV or parquet) and
returns (rows, problems): a row that cannot be understood is reported by line and column, never dropped in silence.
"""
