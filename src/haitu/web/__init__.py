"""Doors for people and machines: a view parses, calls once and renders."""
