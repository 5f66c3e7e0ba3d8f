"""What a letter says about a return."""

from __future__ import annotations

from dataclasses import dataclass

from haitu.models import CaseState, Letter, ReturnCase, ReturnPiece


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnTold:
    """A return in a letter; `waits`: somebody looks at it first; `told`: why it was refused; `path`: of its page."""

    number: str
    path: str
    lines: tuple[tuple[int, str], ...]
    to: tuple[str, ...]
    country: str
    waits: bool
    refused: bool
    told: str


def return_told(letter: Letter) -> ReturnTold | None:
    """The return a letter is about; None for letters about something else."""
    if not letter.kind.startswith("return_"):
        return None
    case = ReturnCase.objects.of(letter.merchant_id).filter(pk=letter.reference.rstrip("+"), order=letter.order).first()
    if case is None:
        return None
    counted: dict[str, int] = {}
    for title in ReturnPiece.objects.of(letter.merchant_id).filter(case=case).values_list("line__title", flat=True):
        counted[title] = counted.get(title, 0) + 1
    place = " ".join(filter(None, (case.address.get("postcode"), case.address.get("city"))))
    return ReturnTold(
        number=case.number,
        path=f"return/{case.pk}/",
        lines=tuple((units, title) for title, units in counted.items()),
        to=tuple(filter(None, (case.address.get("name"), case.address.get("street"), place))),
        country=str(case.address.get("country", "")),
        waits=letter.kind == "return_asked" and not letter.reference.endswith("+") and case.approved_at is None,
        refused=case.state == CaseState.REFUSED,
        told=case.told,
    )
