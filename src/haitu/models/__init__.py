"""The tables: one Django app, a module a noun; foreign keys point down. Rows never leave reads and actions."""

from haitu.models.catalog import Category, MarketPrice, Picture, Product, ProductStatus, ProductText, Variant
from haitu.models.clockwork import Clockwork
from haitu.models.customer import Customer
from haitu.models.ledger import Entry, EntryWeek, Event, LedgerMark
from haitu.models.market import Market, Outlet, PaymentAccount
from haitu.models.merchant import Audit, Domain, LoginTry, Member, Merchant, Role, User
from haitu.models.order import (
    Letter,
    NoticeState,
    Order,
    OrderLine,
    Payment,
    PaymentNotice,
    PaymentStatus,
    Refund,
    RefundStatus,
    Reservation,
    Return,
    Shipment,
    ShipmentLine,
)
from haitu.models.reference import DutyLine, FxRate, TaxRate, Threshold
from haitu.models.scope import Owned, ScopedQuerySet, Unscoped
from haitu.models.stock import MoveKind, Stock, StockMove
from haitu.models.supply import Lane, Tariff, Warehouse, WarehouseKind

__all__ = [
    "Audit",
    "Category",
    "Clockwork",
    "Customer",
    "Domain",
    "DutyLine",
    "Entry",
    "EntryWeek",
    "Event",
    "FxRate",
    "Lane",
    "LedgerMark",
    "Letter",
    "LoginTry",
    "Market",
    "MarketPrice",
    "Member",
    "Merchant",
    "MoveKind",
    "NoticeState",
    "Order",
    "OrderLine",
    "Outlet",
    "Owned",
    "Payment",
    "PaymentAccount",
    "PaymentNotice",
    "PaymentStatus",
    "Picture",
    "Product",
    "ProductStatus",
    "ProductText",
    "Refund",
    "RefundStatus",
    "Reservation",
    "Return",
    "Role",
    "ScopedQuerySet",
    "Shipment",
    "ShipmentLine",
    "Stock",
    "StockMove",
    "Tariff",
    "TaxRate",
    "Threshold",
    "Unscoped",
    "User",
    "Variant",
    "Warehouse",
    "WarehouseKind",
]
