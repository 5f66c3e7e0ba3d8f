"""Demand per SKU, market and week as quantiles, and over the whole horizon: all series at once."""
