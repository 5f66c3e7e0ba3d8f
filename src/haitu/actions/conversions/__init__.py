"""Reporting orders back to the platform that brought them: derived from orders, sent by the clock, repeat-safe."""

from haitu.actions.conversions.derive import derive
from haitu.actions.conversions.send import send_waiting
from haitu.actions.conversions.switch import ReportsDraft, save_reports, send_again

__all__ = ["ReportsDraft", "derive", "save_reports", "send_again", "send_waiting"]
