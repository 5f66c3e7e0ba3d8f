"""The page on which a buyer pays: plain HTML that works without scripts, on a phone and with a screen reader."""

from __future__ import annotations

from html import escape
from typing import Any

from haitu.core.errors import Refusal
from haitu.core.money import display

STYLE = """
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:16px;background:#eef1f5;color:#17212b;
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{width:100%;max-width:420px;background:#fff;border-radius:14px;overflow:hidden;
box-shadow:0 1px 2px rgb(0 0 0/.08),0 12px 32px rgb(23 33 43/.10)}
header{padding:12px 24px;background:#fff4d6;border-bottom:1px solid #ecd9a0;color:#5a4300;font-size:14px}
section{padding:24px}
h1{margin:0;font-size:17px;font-weight:600;overflow-wrap:anywhere}
.amount{margin:4px 0 0;font-size:34px;font-weight:700;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.amount small{font-size:17px;font-weight:600;color:#51606f}
.card{margin:20px 0;padding:14px 16px;border:1px solid #d5dce4;border-radius:10px;background:#f8fafc;
font:15px/1.6 ui-monospace,"SF Mono",Menlo,"DejaVu Sans Mono",monospace}
.card span{display:block;color:#51606f;font:13px/1.4 system-ui,sans-serif}
form{display:grid;gap:10px;margin:0}
button,a.button{display:block;width:100%;min-height:48px;padding:12px 16px;border:1px solid #b9c4cf;border-radius:10px;
background:#fff;color:#17212b;font-family:inherit;font-size:16px;font-weight:600;line-height:1.4;text-align:center;text-decoration:none;
cursor:pointer}
button.first,a.first{border-color:#0b6b3a;background:#0b6b3a;color:#fff}
button:hover,a.button:hover{filter:brightness(.96)}
button:focus-visible,a:focus-visible{outline:3px solid #1c6fd6;outline-offset:2px}
p{margin:0 0 16px}
p.small{margin:16px 0 0;color:#51606f;font-size:14px}
"""
NOTICE = "Sandbox: this is a rehearsal. No real money moves, and no card is asked for."
# The language of the page is the buyer's where we speak it.
WORDS = {
    "en": ("Pay", "Decline the card", "Pay by bank transfer (takes a while)", "Back to the shop"),
    "de": ("Bezahlen", "Karte ablehnen", "Per Überweisung zahlen (dauert etwas)", "Zurück zum Shop"),
    "fr": ("Payer", "Refuser la carte", "Payer par virement (prend un moment)", "Retour à la boutique"),
    "ja": ("支払う", "カードを拒否する", "銀行振込で支払う（時間がかかります）", "ショップに戻る"),
    "pt": ("Pagar", "Recusar o cartão", "Pagar por transferência (demora um pouco)", "Voltar à loja"),
    "ar": ("ادفع", "ارفض البطاقة", "ادفع بتحويل مصرفي (يستغرق وقتًا)", "العودة إلى المتجر"),
    "zh": ("付款", "拒绝付款", "银行转账付款（需要一些时间）", "返回商店"),
}
NOTICES = {
    "en": NOTICE,
    "de": "Sandbox: Das ist eine Probe. Es fließt kein echtes Geld, und keine Karte wird verlangt.",
    "fr": "Bac à sable : ceci est un essai. Aucun argent réel ne circule, aucune carte n’est demandée.",
    "ja": "サンドボックス：これはリハーサルです。実際のお金は動かず、カードも必要ありません。",
    "pt": "Sandbox: isto é um ensaio. Nenhum dinheiro real circula e nenhum cartão é pedido.",
    "ar": "بيئة تجريبية: هذه تجربة فقط. لا تُنقل أموال حقيقية ولا تُطلب أي بطاقة.",
    "zh": "沙盒：这只是演练。不会发生真实的资金流动，也不需要银行卡。",
}


def pay_page(intent: dict[str, Any]) -> str:
    """What to pay, to whom, and three ways to end it; once it has ended, the way back."""
    language = _language(intent)
    pay, decline, later, back = WORDS[language]
    amount = f"{escape(_amount(intent))} <small>{escape(intent['currency'])}</small>"
    if intent["status"] == "pending" and intent["settles_at"] is None:
        ways = (
            f'<form method="post" action="/pay/{escape(intent["id"])}">'
            f'<button class="first" name="choice" value="pay">{pay} {amount_text(intent)}</button>'
            f'<button name="choice" value="later">{later}</button>'
            f'<button name="choice" value="decline">{decline}</button></form>'
        )
    else:
        ways = f'<a class="button first" href="{escape(back_address(intent))}">{back}</a>'
    body = (
        f'<header role="note">{NOTICES[language]}</header><section>'
        f'<h1>{escape(intent["description"])}</h1><p class="amount"><bdi>{amount}</bdi></p>'
        f'<div class="card" aria-hidden="true"><span>Sandbox card</span><bdi dir="ltr">4242 4242 4242 4242</bdi></div>'
        f"{ways}</section>"
    )
    return _page(f"{pay} {amount_text(intent)}", language, body)


def told_page(told: str) -> str:
    """A sentence instead of a payment."""
    body = f'<header role="note">{NOTICE}</header><section><h1>{escape(told)}</h1></section>'
    return _page(told, "en", body)


def front_page(intents: int) -> str:
    """What this server is, for whoever opens it."""
    body = (
        f'<header role="note">{NOTICE}</header><section><h1>Sandbox payments</h1>'
        f"<p>A stand-in for a payment provider: shops open payments here, buyers pay them, and signed notices tell"
        f" the shop. {intents} payments were opened so far.</p></section>"
    )
    return _page("Sandbox payments", "en", body)


def back_address(intent: dict[str, Any]) -> str:
    """Where the buyer came from."""
    return str(intent["return_url"])


def amount_text(intent: dict[str, Any]) -> str:
    """12.34 EUR, kept together on pages that run from right to left."""
    return f"<bdi>{escape(_amount(intent))} {escape(intent['currency'])}</bdi>"


def _amount(intent: dict[str, Any]) -> str:
    try:
        return display(intent["amount_minor"], intent["currency"])
    except Refusal:  # a currency we do not know: say the minor units
        return str(intent["amount_minor"])


def _language(intent: dict[str, Any]) -> str:
    first = str(intent["language"]).split("-")[0].lower()
    return first if first in WORDS else "en"


def _page(title: str, language: str, body: str) -> str:
    direction = "rtl" if language == "ar" else "ltr"
    plain = title.replace("<bdi>", "").replace("</bdi>", "")
    return (
        f'<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{plain}</title>'
        f"<style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )
