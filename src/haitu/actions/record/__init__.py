"""The ledger's only door: events go in once, with their entries and their order's move, in one transaction."""

from haitu.actions.record.audit import Audited, LedgerProblem, audit_ledger, audit_orders, audit_weeks
from haitu.actions.record.bulk import record_many
from haitu.actions.record.post import record
from haitu.actions.record.weeks import rebuild, roll_up

__all__ = [
    "Audited",
    "LedgerProblem",
    "audit_ledger",
    "audit_orders",
    "audit_weeks",
    "rebuild",
    "record",
    "record_many",
    "roll_up",
]
