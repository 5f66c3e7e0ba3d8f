"""The operators' pages at /admin/: people, merchants and reference tables; what happened can be read, not changed.

Operators are superusers and see every merchant, so these pages use `everyone`; merchants work at the desk instead.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Field, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from haitu.models import (
    Audit,
    Clockwork,
    Closure,
    Domain,
    DutyLine,
    Entry,
    Event,
    FxRate,
    Lane,
    Letter,
    Market,
    Member,
    Merchant,
    Order,
    Payment,
    PaymentNotice,
    Product,
    Refund,
    Shipment,
    Stock,
    StockMove,
    Tariff,
    TaxRate,
    Threshold,
    User,
    Warehouse,
)

admin.site.site_header = admin.site.site_title = "Haitu"


def _operators_only(request: HttpRequest) -> bool:
    """Staff who are not superusers have no business here: their merchants' desk shows them what is theirs."""
    return bool(request.user.is_active and request.user.is_superuser)


admin.site.has_permission = _operators_only  # type: ignore[method-assign]  # how Django lets it be narrowed


class Operated(ModelAdmin):  # type: ignore[misc]  # Unfold ships no types
    """A table of all merchants, for operators."""

    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        every: QuerySet[Any] = getattr(self.model, "everyone", self.model._default_manager).all()
        return every.order_by(*(self.get_ordering(request) or ("-pk",)))

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **given: Any) -> Any:
        """What the table may leave empty, the form may."""
        field = super().formfield_for_dbfield(db_field, request, **given)
        if field is not None and db_field.null:
            field.required = False
        return field


class Seen(Operated):
    """What happened: it can be looked at, and nothing else."""

    def has_add_permission(self, *_given: Any) -> bool:
        return False

    def has_change_permission(self, *_given: Any) -> bool:
        return False

    def has_delete_permission(self, *_given: Any) -> bool:
        return False


class People(UserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]  # Unfold ships no types
    """Accounts; passwords are set here, never shown."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


site = admin.site
site.register(User, People)

# Who is here, and the rules of the world: changed by operators.
site.register(
    Merchant,
    Operated,
    list_display=("name", "slug", "base_currency", "list_currency", "version", "created_at"),
    search_fields=("name", "slug"),
    readonly_fields=("version", "history_shift_weeks"),
)
site.register(Domain, Operated, list_display=("host", "merchant"), search_fields=("host",))
site.register(
    Member,
    Operated,
    list_display=("user", "merchant", "role"),
    list_filter=("role",),
    search_fields=("user__username", "merchant__name"),
    autocomplete_fields=("user", "merchant"),
)
site.register(
    TaxRate,
    Operated,
    list_display=("country", "region", "kind", "category", "rate_bp", "valid_from", "valid_to", "source"),
    list_filter=("kind", "category"),
    search_fields=("country", "region"),
)
site.register(
    Threshold,
    Operated,
    list_display=("country", "kind", "amount_minor", "currency", "valid_from", "valid_to", "source"),
    list_filter=("kind",),
    search_fields=("country",),
)
site.register(
    DutyLine,
    Operated,
    list_display=("territory", "hs_code", "origin", "text", "valid_from", "valid_to", "source"),
    list_filter=("territory",),
    search_fields=("hs_code",),
)
site.register(
    FxRate,
    Operated,
    list_display=("on", "currency", "per_eur_e9", "source"),
    search_fields=("currency",),
    ordering=("-on", "currency"),
)

# What merchants do at their desk, and what happened: only to be looked at.
site.register(
    Order,
    Seen,
    list_display=("number", "merchant", "status", "currency", "total_minor", "placed_at"),
    search_fields=("number",),
)
site.register(
    Payment,
    Seen,
    list_display=("id", "merchant", "order", "status", "currency", "amount_minor", "refunded_minor", "told"),
)
site.register(
    PaymentNotice,
    Seen,
    list_display=("external_id", "merchant", "kind", "state", "received_at", "told"),
    list_filter=("state",),
    exclude=("payload",),
)
site.register(Refund, Seen, list_display=("id", "merchant", "order", "status", "currency", "amount_minor", "told"))
site.register(Shipment, Seen, list_display=("number", "merchant", "order", "shipped_at", "delivered_at"))
site.register(Letter, Seen, list_display=("id", "merchant", "kind", "created_at", "sent_at", "tries", "told"))
site.register(Stock, Seen, list_display=("id", "merchant", "variant_id", "warehouse", "on_hand", "reserved", "buffer"))
site.register(StockMove, Seen, list_display=("id", "merchant", "stock_id", "kind", "quantity", "at", "reference"))
site.register(Event, Seen, list_display=("key", "merchant", "kind", "at", "recorded_at"), search_fields=("key",))
site.register(
    Entry,
    Seen,
    list_display=("id", "merchant_id", "book", "account", "assumed", "currency", "amount_minor", "base_minor", "week"),
)
site.register(Audit, Seen, list_display=("at", "merchant", "user", "action", "subject"))
site.register(Clockwork, Seen, list_display=("name", "every_s", "next_run_at", "last_run_at", "last_told"))
site.register(Product, Seen, list_display=("slug", "merchant", "status", "rank"), search_fields=("slug",))
site.register(Market, Seen, list_display=("country", "merchant", "currency", "incoterm", "open"))
site.register(Warehouse, Seen, list_display=("code", "merchant", "country", "kind", "active"))
site.register(Lane, Seen, list_display=("code", "merchant", "carrier", "destination", "open", "closed_reason"))
site.register(
    Closure, Seen, list_display=("merchant", "lane", "warehouse", "passage", "valid_from", "valid_to", "reason")
)
site.register(Tariff, Seen, list_display=("code", "merchant", "currency", "valid_from", "valid_to", "assumed"))
