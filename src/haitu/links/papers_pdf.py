"""Papers as PDF, A4 (labels for parcels: A6), in English or with Chinese beside it; a pure function of its values.

Latin, Greek and Cyrillic are embedded (DejaVu Sans). Chinese, Japanese and Korean are set in the fonts that every PDF
reader brings along (Adobe's CID fonts), so a file stays small. Arabic and Hebrew names print unshaped; carriers ask
for Latin letters on customs papers in any case (UPU Letter Post Regulations).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, A6
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from haitu.core.money import display
from haitu.core.papers import PaperLine, Papers, Party

Language = Literal["en", "zh"]
Kind = Literal["invoice", "packing", "CN22", "CN23", "pick"]
FONTS = Path(__file__).resolve().parents[1] / "data" / "fonts"
SANS, BOLD = "Haitu", "Haitu-Bold"
CHINESE, JAPANESE, KOREAN = "STSong-Light", "HeiseiMin-W3", "HYSMyeongJo-Medium"
GRAMS_PER_KG = 1000
FRAME_PADDING = 6  # points that reportlab keeps free inside the margins

WORDS = {
    "invoice": ("Commercial invoice", "商业发票"),
    "packing": ("Packing list", "装箱单"),
    "CN22": ("Customs declaration CN22", "报关单 CN22"),
    "CN23": ("Customs declaration CN23", "报关单 CN23"),
    "pick": ("Pick list", "拣货单"),
    "number": ("Number", "编号"),
    "date": ("Date", "日期"),
    "sender": ("Sender / exporter", "发件人 / 出口商"),
    "receiver": ("Receiver / importer", "收件人 / 进口商"),
    "sku": ("SKU", "货号"),
    "goods": ("Description of goods", "货物名称"),
    "hs": ("HS code", "海关编码"),
    "origin": ("Origin", "原产国"),
    "units": ("Units", "数量"),
    "each": ("Unit value", "单价"),
    "value": ("Value", "金额"),
    "net": ("Net weight (kg)", "净重（千克）"),
    "gross": ("Gross weight (kg)", "毛重（千克）"),
    "boxes": ("Boxes", "件数"),
    "freight": ("Freight", "运费"),
    "total": ("Total", "总计"),
    "incoterm": ("Delivery term (Incoterms 2020)", "贸易术语（Incoterms 2020）"),
    "carrier": ("Carrier", "承运人"),
    "waybill": ("Waybill", "运单号"),
    "reason": ("Reason for export: sale of goods", "出口原因：货物销售"),
    "sale": ("Category: sale of goods", "类别：货物销售"),
    "truth": (
        "I certify that the particulars given are true and that this item holds no dangerous article.",
        "兹证明上述内容属实，本件不含危险品。",
    ),
    "signature": ("Date and sender's signature", "日期及寄件人签名"),
    "place": ("Place", "库位"),
    "picked": ("Picked", "已拣"),
}


def pdf(kind: Kind, papers: Sequence[Papers], *, language: Language = "en") -> bytes:
    """One file with a page (or more) for each parcel; the same values give the same words."""
    _register()
    page = A6 if kind == "CN22" else A4
    margin = 6 * mm if kind == "CN22" else 16 * mm
    file = BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=page,
        leftMargin=margin,
        rightMargin=margin,
        topMargin=margin,
        bottomMargin=margin,
        title=f"{WORDS[kind][0]} {', '.join(paper.number for paper in papers)}"[:200],
        author=papers[0].sender.name if papers else "",
        invariant=1,
    )
    say = partial(_say, language)
    wide = page[0] - 2 * margin - 2 * FRAME_PADDING
    story: list[object] = []
    for place, paper in enumerate(papers):
        if place:
            story.append(PageBreak())
        story.extend(BODIES[kind](paper, say, wide))
    document.build(story)
    return file.getvalue()


Say = Callable[[str], str]


def _invoice(paper: Papers, say: Say, wide: float) -> list[object]:
    rows = [[say(name) for name in ("sku", "goods", "hs", "origin", "units", "each", "value")]]
    rows += [
        [
            line.sku,
            line.description,
            line.hs_code,
            line.origin_country,
            str(line.quantity),
            _each(line, paper.currency),
            _money(line.value_minor, paper.currency),
        ]
        for line in paper.lines
    ]
    rows += [
        ["", "", "", "", "", say("freight"), _money(paper.freight_minor, paper.currency)],
        ["", "", "", "", str(paper.units), say("total"), _money(paper.total_minor, paper.currency)],
    ]
    shares = (0.14, 0.32, 0.11, 0.08, 0.08, 0.135, 0.135)
    return [
        *_head("invoice", paper, say, wide),
        _table(rows, wide, shares, right=(4, 5, 6), sums=2),
        Spacer(1, 4 * mm),
        *_facts(paper, say, ("incoterm", "carrier", "waybill", "net", "gross", "boxes")),
        _text(say("reason")),
        Spacer(1, 14 * mm),
        _text(f"____________________  {say('signature')}"),
    ]


def _packing(paper: Papers, say: Say, wide: float) -> list[object]:
    rows = [[say(name) for name in ("sku", "goods", "units", "net")]]
    rows += [[line.sku, line.description, str(line.quantity), _kg(line.weight_g)] for line in paper.lines]
    rows.append(["", say("total"), str(paper.units), _kg(paper.net_g)])
    return [
        *_head("packing", paper, say, wide),
        _table(rows, wide, (0.2, 0.5, 0.12, 0.18), right=(2, 3), sums=1),
        Spacer(1, 4 * mm),
        *_facts(paper, say, ("carrier", "waybill", "gross", "boxes")),
    ]


def _declaration(kind: Literal["CN22", "CN23"], paper: Papers, say: Say, wide: float) -> list[object]:
    rows = [[say(name) for name in ("goods", "units", "net", "value", "hs", "origin")]]
    rows += [
        [
            line.description,
            str(line.quantity),
            _kg(line.weight_g),
            _money(line.value_minor, paper.currency),
            line.hs_code,
            line.origin_country,
        ]
        for line in paper.lines
    ]
    rows.append([say("total"), str(paper.units), _kg(paper.net_g), _money(paper.goods_minor, paper.currency), "", ""])
    small = kind == "CN22"
    about = [] if small else _facts(paper, say, ("freight", "incoterm", "carrier", "waybill", "gross", "boxes"))
    return [
        *_head(kind, paper, say, wide),
        _text(say("sale"), small=small),
        _table(rows, wide, (0.34, 0.11, 0.15, 0.16, 0.13, 0.11), right=(1, 2, 3), sums=1, small=small),
        Spacer(1, 2 * mm),
        *about,
        _text(say("truth"), small=small),
        Spacer(1, (4 if small else 14) * mm),
        _text(f"______________  {say('signature')}", small=small),
    ]


def _pick(paper: Papers, say: Say, wide: float) -> list[object]:
    """In the order a person walks: by place, then by SKU."""
    rows = [[say(name) for name in ("place", "sku", "goods", "units", "picked")]]
    walked = sorted(paper.lines, key=lambda line: (line.place, line.sku))
    rows += [[line.place, line.sku, line.description, str(line.quantity), "[   ]"] for line in walked]
    rows.append(["", "", say("total"), str(paper.units), ""])
    return [
        *_title("pick", paper, say),
        _text(f"{paper.receiver.name} · {paper.receiver.country}"),
        Spacer(1, 3 * mm),
        _table(rows, wide, (0.14, 0.2, 0.42, 0.1, 0.14), right=(3,), sums=1),
    ]


BODIES: dict[str, Callable[[Papers, Say, float], list[object]]] = {
    "invoice": _invoice,
    "packing": _packing,
    "CN22": partial(_declaration, "CN22"),
    "CN23": partial(_declaration, "CN23"),
    "pick": _pick,
}


# Parts of a page ---------------------------------------------------------------------------------------------
def _title(kind: str, paper: Papers, say: Say) -> list[object]:
    small = kind == "CN22"
    facts = f"{say('number')} {paper.number} · {say('date')} {paper.on.isoformat()}"
    return [
        _text(say(kind), bold=True, size=9 if small else 15),
        _text(facts, small=small),
        Spacer(1, (1 if small else 4) * mm),
    ]


def _head(kind: str, paper: Papers, say: Say, wide: float) -> list[object]:
    small = kind == "CN22"
    cells = [[_party(say("sender"), paper.sender, small=small), _party(say("receiver"), paper.receiver, small=small)]]
    parties = Table(cells, colWidths=[wide / 2] * 2)
    parties.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]))
    return [*_title(kind, paper, say), parties, Spacer(1, (1 if small else 4) * mm)]


def _party(label: str, party: Party, *, small: bool) -> list[Paragraph]:
    lines = [party.name, *party.lines, party.country]
    lines += [f"{kind} {number}" for kind, number in party.ids]
    lines += [] if small else [line for line in (party.phone, party.email) if line]
    return [_text(label, bold=True, small=small), *(_text(line, small=small) for line in lines if line)]


def _facts(paper: Papers, say: Say, names: Sequence[str]) -> list[Paragraph]:
    values = {
        "incoterm": f"{paper.incoterm} {paper.receiver.country}",
        "carrier": paper.carrier,
        "waybill": paper.waybill,
        "net": _kg(paper.net_g),
        "gross": _kg(paper.gross_g),
        "boxes": str(paper.boxes),
        "freight": _money(paper.freight_minor, paper.currency),
    }
    return [_text(f"{say(name)}: {values[name]}") for name in names if values[name]]


def _table(
    rows: list[list[str]],
    wide: float,
    shares: Sequence[float],
    *,
    right: Sequence[int],
    sums: int,
    small: bool = False,
) -> Table:
    """A ruled table whose first row repeats on every page and whose last `sums` rows stand out."""
    cells = [
        [
            _text(cell, bold=number == 0 or number >= len(rows) - sums, small=small, right=column in right)
            for column, cell in enumerate(row)
        ]
        for number, row in enumerate(rows)
    ]
    table = Table(cells, colWidths=[wide * share for share in shares], repeatRows=1)
    pad = 1 if small else 2
    table.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.4, colors.HexColor("#7a8794")),
                ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#e8edf1")),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), pad),
                ("BOTTOMPADDING", (0, 0), (-1, -1), pad),
                ("LEFTPADDING", (0, 0), (-1, -1), pad + 1),
                ("RIGHTPADDING", (0, 0), (-1, -1), pad + 1),
            ]
        )
    )
    return table


def _text(text: str, *, bold: bool = False, small: bool = False, size: int = 0, right: bool = False) -> Paragraph:
    points = size or (6 if small else 9)
    style = ParagraphStyle(
        "haitu",
        fontName=BOLD if bold else SANS,
        fontSize=points,
        leading=points * 1.3,
        alignment=2 if right else 0,
        wordWrap="CJK" if any(_font(letter, SANS) != SANS for letter in text) else None,
    )
    return Paragraph(_marked(text, BOLD if bold else SANS), style)


def _marked(text: str, font: str) -> str:
    """The text as markup, each run in a font that has its letters."""
    runs = ((name, "".join(letters)) for name, letters in groupby(text, key=lambda letter: _font(letter, font)))
    return "".join(escape(run) if name == font else f'<font name="{name}">{escape(run)}</font>' for name, run in runs)


def _font(letter: str, font: str) -> str:
    code = ord(letter)
    if 0x3040 <= code <= 0x30FF:
        return JAPANESE
    if 0xAC00 <= code <= 0xD7A3:
        return KOREAN
    if 0x2E80 <= code <= 0x9FFF or 0xFF00 <= code <= 0xFFEF or 0x3000 <= code <= 0x303F:
        return CHINESE
    return font


@cache
def _register() -> None:
    pdfmetrics.registerFont(TTFont(SANS, str(FONTS / "DejaVuSans.ttf")))
    pdfmetrics.registerFont(TTFont(BOLD, str(FONTS / "DejaVuSans-Bold.ttf")))
    for name in (CHINESE, JAPANESE, KOREAN):
        pdfmetrics.registerFont(UnicodeCIDFont(name))


def _say(language: Language, name: str) -> str:
    english, chinese = WORDS[name]
    return f"{english} {chinese}" if language == "zh" else english


def _money(minor: int, currency: str) -> str:
    return f"{display(minor, currency)} {currency}"


def _each(line: PaperLine, currency: str) -> str:
    """The value of one unit; ≈ where the line's value does not divide evenly, for the sum is what is exact."""
    each, rest = divmod(line.value_minor, line.quantity)
    return f"{'≈ ' if rest else ''}{_money(each, currency)}"


def _kg(weight_g: int | None) -> str:
    return "" if weight_g is None else f"{weight_g / GRAMS_PER_KG:.3f}"
