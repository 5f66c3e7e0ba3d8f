"""Deeds: one function, one transaction, one event; nothing else writes."""
