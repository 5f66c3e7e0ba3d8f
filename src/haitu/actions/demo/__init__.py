"""The demo merchant: a real shop's eighteen months, brought to today, with all that is assumed read from one file."""

from haitu.actions.demo.load import BadFile, Loaded, Report, load

__all__ = ["BadFile", "Loaded", "Report", "load"]
