"""The team, and the trail of what it did."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.actions import team as actions
from haitu.models import Role
from haitu.reads.desk import members
from haitu.reads.desk import trail as trails
from haitu.web.desk import changes, forms, words
from haitu.web.desk.answers import acted, csv_file, csv_lines
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
    page = trails.trail(desk.merchant, forms.page_number(request.GET), language=desk.language, search=search)
    return show(request, desk, "trail.html", page=page, search=search, changes=changes)


@door(read=Right.TEAM)
def trail_export(request: HttpRequest, desk: Desk, /) -> StreamingHttpResponse:
    """The trail as it is filtered, as a CSV file; a line a field, and one for an act that changed none."""
    heading = ("at", "user", "action", "about", "field", "old", "new")
    acts = trails.every_act(desk.merchant, language=desk.language, search=request.GET.get("q", "").strip())
    rows = (
        (
            timezone.localtime(row.at).isoformat(timespec="seconds"),
            row.user,
            words.action(row.action),
            changes.about(row),
            *field,
        )
        for row in acts
        for field in [(each.name, each.old, each.new) for each in changes.changes(row)] or [("", "", "")]
    )
    return csv_file("trail.csv", csv_lines([heading, *rows]))
