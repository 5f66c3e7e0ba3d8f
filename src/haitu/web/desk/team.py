"""The team, and the trail of what it did."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.actions import team as actions
from haitu.models import Role
from haitu.reads.desk import members
from haitu.reads.desk import trail as trails
from haitu.web.desk import forms
from haitu.web.desk.answers import acted
from haitu.web.desk.door import Desk, Right, door, show


@door(read=Right.TEAM, write=Right.TEAM)
def team(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Who works here; a POST adds somebody or changes a role."""
    if request.method == "POST":
        return acted(
            request,
            reverse("desk:team"),
            lambda: actions.save_member(
                merchant_id=desk.merchant.id,
                username=forms.text(request.POST, "username"),
                role=forms.text(request.POST, "role"),
                by=desk.user,
                now=timezone.now(),
            ),
            _("The team is changed."),
        )
    return show(request, desk, "team.html", team=members.team(desk.merchant.id), roles=Role.values)


@door(write=Right.TEAM)
def remove(request: HttpRequest, desk: Desk, /, *, member_id: int) -> HttpResponse:
    """Takes somebody off the team."""
    return acted(
        request,
        reverse("desk:team"),
        lambda: actions.remove_member(
            merchant_id=desk.merchant.id, member_id=member_id, by=desk.user, now=timezone.now()
        ),
        _("The team is changed."),
    )


@door(read=Right.TEAM)
def trail(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Who did what."""
    search = request.GET.get("q", "").strip()
    page = trails.trail(desk.merchant.id, forms.page_number(request.GET), search=search)
    return show(request, desk, "trail.html", page=page, search=search)
