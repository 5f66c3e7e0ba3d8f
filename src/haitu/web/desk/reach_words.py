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
    "ad_account.save": gettext_noop("Ad account kept"),
    "spend.apply": gettext_noop("Spend report applied"),
    "spend.undo": gettext_noop("Spend report undone"),
    "spend.type": gettext_noop("Cost typed in"),
    "customer.forget": gettext_noop("Person forgotten"),
}
REFUSALS = {
    "ads_silent": gettext_noop(
        "The platform does not answer (%(reason)s); it is asked again by itself. Nothing is lost."
    ),
    "bad_ads_answer": gettext_noop("The platform answered with something that is no report; nothing was taken over."),
    "ads_refused": gettext_noop("The platform refused: %(given)s"),
    "no_such_ad_account": gettext_noop("There is no such ad account."),
    "no_such_spend_file": gettext_noop("There is no such report here, or its state has changed; look again."),
    "spend_problems": gettext_noop("%(count)s lines cannot be read; say that they shall be left out."),
    "newer_spend": gettext_noop("A newer report covers the same days; undo that one first."),
    "unknown_channel": gettext_noop("A line names a channel that you do not have: %(given)s."),
    "still_underway": gettext_noop("Order %(number)s is not done with; the person is forgotten when it is."),
}
# What several sentences of one code say in general.
GENERAL = {
    "not_a_spend_file": gettext_noop(
        "A spend report is a CSV or XLSX table with a day, a campaign and a cost in each line."
    ),
    "bad_cost": gettext_noop("A cost has a day that has begun, a campaign, a kind and an amount."),
    "bad_ad_account": gettext_noop("An ad account has a free name, a channel, a currency and a time zone."),
    "no_reports": gettext_noop(
        "Reports need the account’s secrets, and its numbers at the platform in letters, digits and dashes."
    ),
    "bad_link": gettext_noop(
        "A link has a channel, a name of 2 to 40 letters, digits and dashes that is free, and a page of the shop."
    ),
}
