"""The one base of every expected "no"."""

from __future__ import annotations


class Refusal(Exception):  # not an error: an answer
    """What was asked cannot be done, and here is why.

    `code` names the refusal for machines, `field` the input it is about ("" if none), `told` the sentence for people:
    what was given, what is allowed. Subclasses live beside the code that raises them.
    """

    code = "refused"

    def __init__(self, told: str, *, field: str = "", **given: object) -> None:
        super().__init__(told)
        self.told = told
        self.field = field
        self.given = given

    def __str__(self) -> str:
        return self.told
