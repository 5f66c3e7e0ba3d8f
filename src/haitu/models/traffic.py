"""Where buyers come from and what bringing them costs: channels, campaigns, visitors, touches, spend, experiments."""

from __future__ import annotations

from django.db import models

from haitu.models.market import Market
from haitu.models.merchant import User
from haitu.models.order import Order
from haitu.models.scope import Owned
from haitu.models.visitor import Visitor


class ChannelKind(models.TextChoices):
    """What sort of traffic it is: the first belief about its delay and about how much of it would have come anyway."""

    SEARCH = "search"
    BRAND_SEARCH = "brand_search"
    SHOPPING = "shopping"
    SOCIAL = "social"
    VIDEO = "video"
    RETARGETING = "retargeting"
    CREATOR = "creator"
    COMMUNITY = "community"
    EMAIL = "email"
    AFFILIATE = "affiliate"
    REFERRAL = "referral"
    ORGANIC = "organic"
    DIRECT = "direct"


class Channel(Owned):
    """A source of traffic as the merchant speaks of it: google-search, meta, tiktok, a creator's community."""

    code = models.SlugField(max_length=20)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=12, choices=ChannelKind.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "code"], name="one_channel_per_code")]


class Campaign(Owned):
    """A campaign of a channel. `code` is what links and files call it; a campaign renamed midway keeps its row."""

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="campaigns")
    code = models.CharField(max_length=120, help_text="utm_campaign, or the name in the ad account's files")
    external_id = models.CharField(max_length=40, blank=True, help_text="the ad account's own number")
    renamed_from = models.JSONField(default=list, help_text="codes it had before")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "code"], name="one_campaign_per_code")]


class CampaignLink(Owned):
    """A short address of the shop's own, /go/<code>/, that leads to a page and remembers who sent the reader."""

    code = models.SlugField(max_length=40)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, null=True, related_name="+")
    market = models.ForeignKey(
        Market, on_delete=models.CASCADE, null=True, related_name="+", help_text="empty: guessed"
    )
    path = models.CharField(max_length=200, blank=True, help_text="below the market's root; empty: home")
    creator = models.CharField(max_length=80, blank=True, help_text="who was given the link")
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "code"], name="one_link_per_code")]


class Touch(Owned):
    """A visit that named its source, of a visitor who allowed it to be kept. `click_id` is sealed (links.secrets)."""

    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="touches")
    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, null=True, related_name="+")
    link = models.ForeignKey(CampaignLink, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    click_kind = models.CharField(max_length=8, blank=True, help_text="gclid, gbraid, wbraid, fbclid, ttclid, msclkid")
    click_id = models.TextField(blank=True)
    referrer = models.CharField(max_length=100, blank=True, help_text="host name only")
    landing = models.CharField(max_length=200, blank=True, help_text="path only")

    class Meta:
        indexes = [models.Index(fields=["merchant", "at"], name="touches_by_time")]


class VisitCount(Owned):
    """How many visits of a day named a source, with no word of who; the share that allowed more is known by it."""

    day = models.DateField()
    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, null=True, related_name="+")
    allowed = models.BooleanField(help_text="the visitor allowed the touch to be kept")
    visits = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["market", "day", "channel", "campaign", "allowed"],
                name="one_visit_count_a_day",
                nulls_distinct=False,
            )
        ]


class AdAccount(Owned):
    """An account at an ad platform, or a purse that traffic is paid from. Its days are those of its own time zone."""

    platform = models.CharField(max_length=12, help_text="google, meta, tiktok, microsoft, pinterest, other")
    name = models.CharField(max_length=80)
    external_id = models.CharField(max_length=40, blank=True)
    channel = models.ForeignKey(
        Channel, on_delete=models.PROTECT, related_name="+", help_text="of campaigns without one"
    )
    currency = models.CharField(max_length=3)
    time_zone = models.CharField(max_length=40)
    fee_bp = models.IntegerField(default=0, help_text="the agency's fee on what is spent")
    credit_days = models.IntegerField(default=0, help_text="days after the month's end until it is paid")
    address = models.URLField(blank=True, help_text="the platform's API; empty: files only")
    secrets_sealed = models.TextField(blank=True)
    settings = models.JSONField(
        default=dict, help_text="what is not secret: login customer, pixel, conversion action ..."
    )
    active = models.BooleanField(default=True)
    reports_from = models.DateTimeField(
        null=True, help_text="orders placed since then are reported to the platform; empty: none are"
    )
    reported_told = models.CharField(max_length=200, blank=True, help_text="what the last report's answer was")
    pulled_at = models.DateTimeField(null=True)
    pulled_told = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "name"], name="one_ad_account_per_name"),
            models.CheckConstraint(condition=models.Q(fee_bp__gte=0), name="agency_fee_not_below_zero"),
            models.CheckConstraint(condition=models.Q(credit_days__gte=0), name="credit_days_not_below_zero"),
        ]


class SpendFileState(models.TextChoices):
    """A file is looked at before it counts, and can be taken back."""

    PREVIEWED = "previewed"
    APPLIED = "applied"
    UNDONE = "undone"


class SpendFile(Owned):
    """A spend file as it came, or one pull from an API, with the lines that were refused."""

    account = models.ForeignKey(AdAccount, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the bytes")
    rows = models.JSONField(default=list)
    problems = models.JSONField(default=list)
    columns = models.JSONField(default=dict, help_text="what each column was taken for")
    choices = models.JSONField(default=dict, help_text="what a person said about the file: order of dates, market")
    replaced = models.JSONField(default=list, help_text="the spend that applying it took away, to undo it")
    first_day = models.DateField(null=True)
    last_day = models.DateField(null=True)
    state = models.CharField(max_length=9, choices=SpendFileState.choices, default=SpendFileState.PREVIEWED)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()


class SpendKind(models.TextChoices):
    """What was paid for."""

    MEDIA = "media"
    AGENCY = "agency"
    CREATOR = "creator"
    SAMPLE = "sample"
    VOUCHER = "voucher"
    OTHER = "other"
    CREDIT = "credit"


class Spend(Owned):
    """What a day of a campaign cost in a market, in the account's currency; a later file replaces it."""

    account = models.ForeignKey(AdAccount, on_delete=models.CASCADE, related_name="spend")
    file = models.ForeignKey(SpendFile, on_delete=models.SET_NULL, null=True, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+")
    market = models.ForeignKey(
        Market, on_delete=models.CASCADE, null=True, related_name="+", help_text="empty: not said"
    )
    kind = models.CharField(max_length=8, choices=SpendKind.choices, default=SpendKind.MEDIA)
    day = models.DateField()
    amount_minor = models.BigIntegerField()
    impressions = models.BigIntegerField(default=0)
    clicks = models.BigIntegerField(default=0)
    claimed_orders_milli = models.BigIntegerField(default=0, help_text="conversions the platform claims, times 1,000")
    claimed_value_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "campaign", "market", "day", "kind"], name="one_spend_a_day", nulls_distinct=False
            )
        ]
        indexes = [models.Index(fields=["merchant", "day"], name="spend_by_day")]


class SpendBook(Owned):
    """What of a week's spend the ledger holds, so that a corrected file books the difference alone."""

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+")
    market = models.ForeignKey(Market, on_delete=models.CASCADE, null=True, related_name="+")
    week = models.DateField(help_text="its Monday")
    currency = models.CharField(max_length=3)
    fx_e9 = models.BigIntegerField(help_text="base currency for one of `currency`, × 10⁹; frozen when first booked")
    booked_minor = models.BigIntegerField(default=0)
    version = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "campaign", "market", "week", "currency"],
                name="one_spend_book_a_week",
                nulls_distinct=False,
            )
        ]


class Experiment(Owned):
    """A geo or holdout test: planned, running, read. The design and the reading are kept as they were worked out."""

    name = models.CharField(max_length=80)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, null=True, related_name="+")
    first_day = models.DateField()
    last_day = models.DateField()
    design = models.JSONField(default=dict, help_text="cells, length, cost, detectable effect")
    lift = models.FloatField(null=True, help_text="share of the credited contribution that the channel caused")
    se = models.FloatField(null=True)
    told = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_day__gte=models.F("first_day")), name="a_test_ends_after_it_began"
            )
        ]


class ConversionState(models.TextChoices):
    """Where a report to a platform stands; a waiting one may be sent again safely."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"
    DROPPED = "dropped"


class Conversion(Owned):
    """An order, or a change of it, reported to a platform; `event_id` is the same one however often it is sent."""

    account = models.ForeignKey(AdAccount, on_delete=models.CASCADE, related_name="conversions")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+")
    event_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=10, help_text="purchase, adjust (a refund in part) or retract")
    matched = models.CharField(max_length=80, blank=True, help_text="names of the keys it is matched by, never values")
    value_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=ConversionState.choices, default=ConversionState.WAITING)
    tries = models.IntegerField(default=0)
    told = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField(help_text="not to be sent before")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "event_id"], name="one_conversion_per_event")]
        indexes = [models.Index(fields=["due_at"], name="conversion_waits", condition=models.Q(state="waiting"))]


class Feed(Owned):
    """A product feed of a market for a platform, fetched at an address nobody can guess."""

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="+")
    language = models.CharField(max_length=10)
    format = models.CharField(max_length=8, help_text="google, meta or tiktok")
    token = models.CharField(max_length=32, unique=True)
    active = models.BooleanField(default=True)
    items = models.IntegerField(default=0)
    left_out = models.JSONField(default=dict, help_text="why → how many variants")
    problems = models.JSONField(default=list, help_text="the first of them: sku, attribute, given, wanted, source")
    problem_count = models.IntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of what was last built")
    changed_at = models.DateTimeField(null=True, help_text="when that became another")
    built_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["market", "language", "format"], name="one_feed_per_market_and_format")
        ]


class ReachRun(Owned):
    """One answer of the planner to "what has traffic paid back": the tables as they came, for a day's facts."""

    as_of = models.DateField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    step = models.CharField(max_length=8, default="waiting", help_text="waiting, facts, model, done or failed")
    told = models.CharField(max_length=300, blank=True, help_text="why there is no answer")
    facts = models.JSONField(default=dict, help_text="rows, bad rows, and the share of orders whose source is known")
    payback = models.JSONField(default=list, help_text="a row a channel, market and campaign, as docs/payback.md says")
    months = models.JSONField(default=list, help_text="spend_month of the same page")
    ages = models.JSONField(default=list, help_text="cell, month of the spend, months since, what leads brought then")
    credit = models.JSONField(default=list, help_text="credit of docs/attribution.md, a row a channel, market and rule")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant"], condition=models.Q(ended_at=None), name="one_reckoning_at_a_time"
            )
        ]
        indexes = [models.Index(fields=["merchant", "-started_at"], name="reach_newest")]
