"""The desk's words for traffic: acts and refusals."""

from __future__ import annotations

from django.utils.translation import gettext_noop

ACTIONS = {
    "link.new": gettext_noop("Link made"),
    "link.end": gettext_noop("Link ended"),
    "reach.run": gettext_noop("Paybacks reckoned anew"),
    "reports.save": gettext_noop("Reports to a platform changed"),
    "reports.again": gettext_noop("Reports sent again"),
    "feed.save": gettext_noop("Feed switched"),
    "customer.forget": gettext_noop("Person forgotten"),
}
REFUSALS = {
    "still_underway": gettext_noop("Order %(number)s is not done with; the person is forgotten when it is."),
}
# What several sentences of one code say in general.
GENERAL = {
    "no_reports": gettext_noop(
        "Reports need the account’s secrets, and its numbers at the platform in letters, digits and dashes."
    ),
    "bad_link": gettext_noop(
        "A link has a channel, a name of 2 to 40 letters, digits and dashes that is free, and a page of the shop."
    ),
}
