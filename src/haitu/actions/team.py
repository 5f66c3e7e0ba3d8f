"""Who works at a merchant, and in which language they are spoken to."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from haitu.actions.audit import audit
from haitu.core.errors import Refusal
from haitu.models import Member, Merchant, Role, User


class NoSuchUser(Refusal):
    """There is no active account of that name."""

    code = "no_such_user"


class UnknownRole(Refusal):
    """The role is none of those there are."""

    code = "unknown_role"


class LastOwner(Refusal):
    """A merchant keeps at least one owner."""

    code = "last_owner"


class NoSuchMember(Refusal):
    """That person is not on this merchant's team."""

    code = "no_such_member"


def choose_language(*, user: User, language: str) -> None:
    """Keeps the language a user reads the desk in."""
    User.objects.filter(pk=user.pk).update(language=language)


def save_member(*, merchant_id: int, username: str, role: str, by: User | None, now: datetime) -> None:
    """Puts an existing account on the team, or gives a member another role."""
    if role not in Role.values:
        raise UnknownRole(f"{role!r} is no role; there are {', '.join(Role.values)}.", field="role", role=role)
    with transaction.atomic():
        _lock(merchant_id)
        user = User.objects.filter(username=username.strip(), is_active=True).first()
        if user is None:
            raise NoSuchUser(f"There is no account {username!r}.", field="username", username=username)
        old = Member.objects.of(merchant_id).filter(user=user).first()
        if old is not None and old.role == Role.OWNER and role != Role.OWNER:
            _keep_an_owner(merchant_id, old.pk)
        Member.objects.of(merchant_id).update_or_create(merchant_id=merchant_id, user=user, defaults={"role": role})
        change = {"role": (old.role if old else None, role)}
        audit(by, "team.save", user.username, merchant_id=merchant_id, now=now, change=change)


def remove_member(*, merchant_id: int, member_id: int, by: User | None, now: datetime) -> None:
    """Takes somebody off the team; the account stays."""
    with transaction.atomic():
        _lock(merchant_id)
        member = Member.objects.of(merchant_id).select_related("user").filter(pk=member_id).first()
        if member is None:
            raise NoSuchMember("That person is not on this team.")
        if member.role == Role.OWNER:
            _keep_an_owner(merchant_id, member.pk)
        change = {"role": (member.role, None)}
        member.delete()
        audit(by, "team.remove", member.user.username, merchant_id=merchant_id, now=now, change=change)


def _lock(merchant_id: int) -> None:
    """Two owners who remove each other at once must not both succeed."""
    Merchant.objects.select_for_update().get(pk=merchant_id)


def _keep_an_owner(merchant_id: int, leaving_id: int) -> None:
    if not Member.objects.of(merchant_id).filter(role=Role.OWNER).exclude(pk=leaving_id).exists():
        raise LastOwner("This is the last owner; make somebody else an owner first.")
