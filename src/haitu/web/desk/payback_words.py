"""The desk's words for what the planner says of traffic: verdicts, their reasons, moves of money, worth of bounds."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

VERDICTS = {
    "paid_back": gettext_noop("Paid back"),
    "pays_back": gettext_noop("Pays back"),
    "beyond_24": gettext_noop("Later than month 24"),
    "never": gettext_noop("Does not pay back"),
    "unidentified": gettext_noop("Not known yet: run a test"),
    "no_data": gettext_noop("No data"),
}
COLOURS = {
    "paid_back": "green",
    "pays_back": "green",
    "beyond_24": "yellow",
    "never": "red",
    "unidentified": "azure",
    "no_data": "secondary",
}
WHYS = {
    "earned": gettext_noop("What came in so far is as much as was spent."),
    "likely": gettext_noop("By month 24 the money is back with a probability of at least 80 %."),
    "even": gettext_noop("By month 24 the money is rather back than not."),
    "later": gettext_noop("Rather not back by month 24, but by month 36."),
    "too_little": gettext_noop("Not back by month 36 either."),
    "too_wide": gettext_noop("The figures so far allow both a loss and a gain: only a test can tell."),
    "too_few": gettext_noop("Too few have bought so far to tell."),
    "no_touches": gettext_noop("Money was spent, but nobody was seen coming from it: check the links, or test."),
    "no_orders": gettext_noop("Nobody who came has ordered yet."),
}
HINTS = {
    "renamed": gettext_noop("One channel ends as this one begins. If they are the same, give them one name."),
    "unexplained_orders": gettext_noop(
        "Many of those who ordered were never seen coming: unpaid visits, no consent, or lost links."
    ),
}
STEPS = {
    "waiting": gettext_noop("Waiting for its turn"),
    "facts": gettext_noop("Gathering spend, visits and orders"),
    "model": gettext_noop("Reckoning paybacks"),
}
NO_ANSWER = {
    "nothing_spent": gettext_noop("No spend is known yet, so there is nothing to pay back."),
    "bad_table": gettext_noop("The facts cannot be read together."),
    "stopped": gettext_noop("The last reckoning was cut short."),
    "broken": gettext_noop("The last reckoning failed; the log says why."),
}
RULES = {
    "first": gettext_noop("First visit"),
    "last": gettext_noop("Last visit"),
    "linear": gettext_noop("Every visit alike"),
    "position": gettext_noop("First and last most"),
    "markov": gettext_noop("By what is lost without it (Markov)"),
    "shapley": gettext_noop("By fair share (Shapley)"),
}
CREDITS = {
    "measured": gettext_noop("measured by a test"),
    "pooled": gettext_noop("from a test elsewhere"),
    "unmeasured": gettext_noop("assumed, not measured"),
    "no_data": gettext_noop("no data"),
}
DESIGNS = {
    "runs": gettext_noop("This test can tell"),
    "too_weak": gettext_noop("Too weak to tell"),
    "no_data": gettext_noop("Nothing to switch off"),
    "found": gettext_noop("An effect was found"),
    "not_seen": gettext_noop("Nothing beyond chance"),
}
GIVEN = {
    "planned": gettext_noop("planned"),
    "at_maximum": gettext_noop("at its limit"),
    "nothing": gettext_noop("nothing"),
    "unidentified": gettext_noop("no more than today: not known"),
    "below_minimum_effective": gettext_noop("below what works"),
}
MOVES = {
    "brings_more": gettext_noop("A unit brings %(target)s there and %(source)s here."),
    "other_month": gettext_noop("A unit brings %(target)s in another month and %(source)s in this."),
    "brings_too_little": gettext_noop("A unit brings only %(source)s."),
    "brings_enough": gettext_noop("A unit brings %(target)s."),
    "no_cash": gettext_noop("There is not the cash for it, though a unit brings %(source)s."),
    "no_payback": gettext_noop("It comes back too late, though a unit brings %(source)s in the end."),
}
WORTHS = {
    "cash_worth": gettext_noop("One more of cash in %(month)s is worth %(amount)s."),
    "cash_suffices": gettext_noop("Cash suffices in every month; more of it changes nothing."),
    "cash_not_watched": gettext_noop("No cash was given, so no month's cash was watched."),
    "payback_costs_nothing": gettext_noop("The payback asked for costs nothing."),
    "payback_month_worth": gettext_noop("Waiting one month longer for the payback is worth %(amount)s."),
    "limit_maximum": gettext_noop("One more allowed for %(about)s in %(month)s is worth %(amount)s."),
    "limit_minimum": gettext_noop("The last one that %(about)s must spend in %(month)s brings %(amount)s."),
    "below_minimum_effective": gettext_noop("%(about)s in %(month)s gets less than the least that works (%(amount)s)."),
    "unidentified": gettext_noop("What %(about)s brings is not known yet, so it gets no more than today; run a test."),
    "not_proven": gettext_noop("The time was up; a better plan could bring a little more."),
}


def told(words: Mapping[str, str], code: str, **given: str) -> str:
    """The sentence of a code in the reader's language; a code nobody knows is shown as it is."""
    if code not in words:
        return code
    return _(words[code]) % given if given else _(words[code])


def verdict(code: str) -> str:
    """A row's verdict."""
    return told(VERDICTS, code)


def colour(code: str) -> str:
    """The badge's."""
    return COLOURS.get(code, "secondary")


def why(code: str) -> str:
    """The verdict's reason."""
    return told(WHYS, code)
