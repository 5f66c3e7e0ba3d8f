"""The outside world: one protocol a trade, one folder a party; no tables, no Django."""
