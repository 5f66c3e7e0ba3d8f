"""What the columns of ad platforms' export files are called, in the languages people have their accounts in.

Microsoft's names: learn.microsoft.com, CampaignPerformanceReportColumn; Google's display names: developers.google.com,
report types. The others are written as the platforms' interfaces show them and were not checked against a live account;
a column that is called otherwise can be said by hand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

FIELDS: Mapping[str, tuple[str, ...]] = {
    "day": (
        *("day", "date", "tag", "datum", "日期", "天"),
        *("日", "按天", "日付", "stat_time_day", "time_period", "by day"),
        *("gregorian date", "gregoriandate", "timeperiod", "time period", "stat time day", "stat_time_hour"),
        *("date_start", "日期(天)", "每日", "时间"),
    ),
    "starts": (
        *("reporting starts", "beginn des berichts", "berichtsbeginn"),
        *("报告开始日期", "开始日期", "レポート開始日"),
    ),
    "ends": ("reporting ends", "ende des berichts", "berichtsende", "报告结束日期", "结束日期", "レポート終了日"),
    "hour": (
        *("hour", "hour of the day", "hour of day", "stunde", "tageszeit"),
        *("uhrzeit", "小时", "一天中的小时", "時間", "時間帯"),
        *("time of day (ad account time zone)", "time of day (ad account timezone)", "时段(广告账户时区)"),
    ),
    "campaign": (
        *("campaign", "campaign name", "campaign_name"),
        *("campaignname", "kampagne", "kampagnenname", "name der kampagne"),
        *("广告系列", "广告系列名称", "推广系列名称", "推广系列"),
        *("キャンペーン", "キャンペーン名", "活动", "活动名称"),
    ),
    "campaign_id": (
        *("campaign id", "campaign_id", "campaignid", "kampagnen-id", "广告系列编号", "广告系列 id", "推广系列 id"),
        *("キャンペーン id", "広告キャンペーン id"),
    ),
    "country": (
        *("country", "country/territory", "country/region"),
        *("country/territory (user location)", "country_code", "geo"),
        *("country (user location)", "country code", "country/territory (matched)"),
        *("user country", "location", "land"),
        *("land/gebiet", "land/region", "land/gebiet (nutzerstandort)", "国家/地区"),
        *("国家", "国家或地区", "地区", "市场"),
        *("国", "国/地域", "国 / 地域", "market", "targeting country", "customer country"),
    ),
    "amount": (
        *("cost", "spend", "amount spent", "total cost"),
        *("total spend", "kosten", "ausgaben", "ausgegebener betrag"),
        *("花费", "费用", "消耗", "总消耗", "花费金额", "已花费金额"),
        *("支出", "金额", "費用", "消化金額", "ご利用金額", "利用金額"),
        *("spend in account currency", "amount", "spent", "betrag", "支出额"),
    ),
    "currency": (
        *("currency", "currency code", "currencycode"),
        *("currency_code", "account currency", "währung", "währungscode"),
        *("货币", "币种", "货币代码", "币种代码", "通貨", "通貨コード"),
    ),
    "impressions": (
        *("impr.", "impressions", "impression", "impr", "impressionen"),
        *("展示", "展示次数", "展现量", "曝光", "表示回数", "インプレッション"),
    ),
    "clicks": (
        *("clicks", "click", "clicks (all)"),
        *("link clicks", "clicks (destination)", "outbound clicks", "pin clicks"),
        *("klicks", "klicks (alle)", "点击", "点击次数", "点击量", "点击数", "クリック数", "クリック"),
    ),
    "orders": (
        *("conversions", "purchases", "results", "conversion", "konversionen", "conversions (total)", "käufe"),
        *("转化", "转化次数", "转化数", "购物次数", "成效", "コンバージョン", "コンバージョン数", "購入"),
        *("total conversions (checkout)",),
    ),
    "value": (
        *("conv. value", "conversion value", "purchases conversion value", "purchase conversion value", "revenue"),
        *("conv.-wert", "conversion-wert", "转化价值"),
        *("购物转化价值", "コンバージョン値", "value", "total order value (checkout)"),
    ),
    "kind": ("kind", "type of cost", "cost type", "art", "kostenart", "费用类型", "类型", "種類", "費目"),
    "channel": ("channel", "kanal", "渠道", "流量渠道", "チャネル"),
}  # fmt: skip
NEEDED = ("day", "campaign", "amount")
# Reports by something else than the day, which cannot be told apart any more.
COARSE = ("week", "month", "quarter", "year", "woche", "monat", "周", "月", "週", "季度", "quartal")
KIND_NAMES: Mapping[str, tuple[str, ...]] = {
    "media": ("media", "ads", "advertising", "广告", "媒体", "广告费", "werbung", "広告"),
    "agency": ("agency", "agency fee", "fee", "代理费", "服务费", "agentur", "代理店"),
    "creator": ("creator", "creator fee", "influencer", "达人", "达人费", "网红", "クリエイター"),
    "sample": ("sample", "samples", "样品", "寄样", "muster", "サンプル"),
    "voucher": ("voucher", "vouchers", "coupon", "优惠券", "代金券", "gutschein", "クーポン"),
    "other": ("other", "其他", "其它", "sonstiges", "その他"),
    "credit": (
        *("credit", "adjustment", "credits", "adjustments"),
        *("invalid activity", "refund", "调整", "抵扣", "赠款"),
        *("退款", "gutschrift", "korrektur", "クレジット", "調整"),
    ),
}
TOTALS = re.compile(r"(total|totals|gesamt|summe|总计|合计|总数|汇总|合計|総計|小計)(?:[:：\s].*)?", re.IGNORECASE)
CURRENCY_IN_HEADER = re.compile(r"[(\[（]\s*([A-Z]{3})\s*[)\]）]")


def field_of(header: str) -> str:
    """What a column's header stands for, "" for nothing we need."""
    bare = _bare(header)
    return next((field for field, names in FIELDS.items() if bare in names), "")


def currency_of(header: str) -> str:
    """The currency a header names: Amount spent (USD)."""
    found = CURRENCY_IN_HEADER.search(header)
    return found[1] if found else ""


def kind_of(text: str) -> str:
    """The kind of a cost by any of its names; "" for an unknown one."""
    said = text.strip().lower()
    return next((kind for kind, names in KIND_NAMES.items() if said in names), "")


def heading(rows: Sequence[Sequence[str]]) -> int | None:
    """Which of the first rows names the columns: the one with most that are known, three at the least."""
    best, most = None, 2
    for at, cells in enumerate(rows[:40]):
        known = len({field_of(cell) or ("coarse" if _bare(cell) in COARSE else "") for cell in cells} - {""})
        if known > most:
            best, most = at, known
    return best


def _bare(header: str) -> str:
    text = CURRENCY_IN_HEADER.sub("", header).strip().lower()
    return re.sub(r"\s+", " ", text)
