"""Forwarders' price lists: files as they come → what was recognised, rate cards, and problems. Nothing is written."""
