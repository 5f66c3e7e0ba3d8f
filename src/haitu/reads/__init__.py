"""Questions: rows become frozen values here; nothing is written."""
