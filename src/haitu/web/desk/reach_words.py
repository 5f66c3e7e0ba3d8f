"""The desk's words for traffic: acts and refusals."""

from __future__ import annotations

from django.utils.translation import gettext_noop

ACTIONS = {
    "link.new": gettext_noop("Link made"),
    "link.end": gettext_noop("Link ended"),
    "experiment.plan": gettext_noop("Test of a channel planned"),
    "experiment.read": gettext_noop("Test of a channel read"),
    "experiment.end": gettext_noop("Test of a channel given up"),
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
    "nothing_to_plan": gettext_noop(
        "There is nothing to plan with yet: the budget rests on the paybacks and on spend."
    ),
    "payback_too_far": gettext_noop("The paybacks reach to month 24; ask for one by then."),
    "no_horizon": gettext_noop("The paybacks say nothing of any month yet; reckon them anew."),
    "no_test": gettext_noop("A test is planned from 16 weeks of sales or more, and needs a market to compare with."),
    "bad_test": gettext_noop(
        "A test has a channel, one to 26 weeks, and markets of which some go on as before, to compare with."
    ),
    "test_not_over": gettext_noop("The test runs until %(last_day)s and is read after that."),
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
    "bad_feed": gettext_noop("A feed is for an open market, one of its languages, and a platform with known rules."),
    "no_such_feed": gettext_noop("There is no such feed."),
    "no_plan_fits": gettext_noop(
        "No plan keeps all of this: give more cash or a later payback; the invoices of the quarter have to be paid "
        "before its buyers have paid."
    ),
    "plan_out_of_time": gettext_noop("The time was up before a plan was found; ask for less at once."),
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
