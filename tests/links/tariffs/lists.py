"""A dozen price lists in the styles forwarders use, made by code; the companies, figures and texts are ours."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

from openpyxl import Workbook

from haitu.links.tariffs.draft import KnownWarehouse

Rows = Sequence[Sequence[Any]]
WAREHOUSES = (
    KnownWarehouse(code="SZX", name="Shenzhen", city="Shenzhen", country="CN", kind="origin", place="CNSZX"),
    KnownWarehouse(code="LEJ", name="Leipzig", city="Leipzig", country="DE", kind="overseas", place="DELEJ"),
    KnownWarehouse(code="EWR", name="Newark", city="Newark", country="US", kind="overseas", place="USEWR"),
)


def book(*sheets: tuple[str, Rows, Sequence[str]], hidden: Sequence[str] = ()) -> bytes:
    """A workbook of sheets: name, rows, merged areas."""
    made = Workbook()
    made.remove(made.active)
    for name, rows, merged in sheets:
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for area in merged:
            sheet.merge_cells(area)
        if name in hidden:
            sheet.sheet_state = "hidden"
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def text(rows: Rows, delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def yunexpress() -> bytes:
    """Countries merged over their weight ranges, a price per kg and a fee per parcel, rules in notes below."""
    rows: list[Any] = [
        ["云途全球专线挂号（普货）价格表"],
        ["生效日期：2026-12-01", None, None, None, None, None, None],
        [],
        ["国家/地区", "国家代码", "重量段（KG）", "运费（RMB/KG）", "挂号费（RMB/票）", "参考时效", "备注"],
        ["美国", "US", "0＜W≤0.1", 98, 18, "6-10工作日", None],
        [None, None, "0.1＜W≤0.5", 95.5, 17, None, None],
        [None, None, "0.5＜W≤2", 92, 16.5, None, "不接受PO BOX"],
        ["德国", "DE", "0＜W≤0.3", 58.35, 21, "6-9工作日", None],
        [None, None, "0.3＜W≤2", 55, 20, None, None],
        ["英国", "GB", "0＜W≤2", "49.5", 15, "5-8工作日", None],
        ["列支敦士登", "LI", "0＜W≤2", "不通", "不通", None, None],
        [],
        ["注：1、计费重量以10g为单位进位，不足10g按10g计；"],
        ["2、体积重量=长×宽×高（cm）/8000；3、单件限重2KG，最长边不超过60cm。"],
        ["4、燃油附加费：12.5%。"],
    ]
    return book(("全球专线挂号", rows, ["A5:A7", "B5:B7", "F5:F7", "A8:A9", "B8:B9", "F8:F9", "A1:G1"]))


def fourpx() -> bytes:
    """Weights across, each over a price per kg and a fee: a heading of two rows."""
    heads = ["0＜W≤0.3KG", "0.3＜W≤1KG", "1＜W≤3KG"]
    rows: list[Any] = [
        ["递四方 联邮通挂号 报价"],
        ["国家", "二字代码", *[each for head in heads for each in (head, None)], "时效（自然日）"],
        [None, None, *["运费（元/KG）", "处理费（元/票）"] * 3, None],
        ["法国 France", "FR", 60, 19, 58, 18.5, 57, 18, "8-12"],
        ["意大利 Italy", "IT", 62, 23, 61, 22, 61, 21, "9-14"],
        ["西班牙 Spain", "ES", 59, 20, 57, 19, "-", "-", "8-12"],
    ]
    merged = ["A1:I1", "A2:A3", "B2:B3", "C2:D2", "E2:F2", "G2:H2", "I2:I3"]
    return book(("联邮通挂号", rows, merged), ("目录", [["旧目录"]], []), hidden=["目录"])


def yanwen() -> bytes:
    """One row a country, weights as columns, prices per kg that fall; a fee column; grams."""
    rows: list[Any] = [
        ["Yanwen Air Registered Parcel, prices in CNY/KG, effective from 2026-12-15"],
        ["Country", "Code", "1-100g", "101-500g", "501-2000g", "Registration fee (CNY/item)", "Transit (working days)"],
        ["United Kingdom", "GB", 88, 84, 80, 14, "5-8"],
        ["Japan", "JP", 61, 60, 59, 12.5, "4-6"],
        ["Korea, Republic of", "KR", 55, 55, 54, 12, "4-6"],
        ["All parcels are billed in steps of 1 g. Volumetric weight is not applied: actual weight only."],
    ]
    return book(("Sheet1", rows, ["A1:G1", "A6:G6"]))


def sf() -> bytes:
    """首重/续重 by zone, and a second sheet that says which countries are in a zone."""
    rows: list[Any] = [
        ["顺丰国际标快（快递） 单位：人民币元"],
        ["分区", "首重0.5KG", "续重0.5KG", "时效"],
        ["1区", 118, 32, "2-4工作日"],
        ["2区", 150, 40.5, "3-5工作日"],
        ["体积重：长*宽*高/5000；单票限重30KG"],
    ]
    zones: list[Any] = [["分区", "国家/地区"], ["1区", "日本、韩国"], ["2区", "美国"], ["2区", "加拿大"]]
    return book(("国际标快", rows, []), ("分区表", zones, []))


def dhl_matrix() -> bytes:
    """Weights down, zones across, price of a parcel; from 21 kg on a price per kg."""
    weights = [(str(half / 2), [50 + 9 * half, 60 + 10 * half, 70 + 11 * half]) for half in range(1, 41)]
    rows: list[Any] = [
        ["DHL 代理价（快递），RMB，含燃油"],
        ["重量（KG）", "Zone 1", "Zone 2", "Zone 3"],
        *[[weight, *prices] for weight, prices in weights],
        ["21-44", 30, 35, 40],
        ["45-70", 28, 33, 38],
        ["71+", 27, 32, 37],
        ["注：材积除以5000，最大重量300KG/max weight: 300 kg；时效：3-5天"],
    ]
    zones: list[Any] = [["国家", "分区"], ["德国", "1"], ["法国", "1"], ["美国", "2"], ["阿联酋", "3"]]
    return book(("价格", rows, []), ("分区", zones, []))


def sea_lcl() -> bytes:
    """Shared containers by the cubic metre, from a port to a warehouse."""
    rows: list[Any] = [
        ["海运拼箱 LCL 报价  有效期：2026-12-01 至 2026-12-31"],
        ["承运人：Blue Whale Lines"],
        ["起运港", "目的港", "1-3CBM (USD/CBM)", "3-10CBM (USD/CBM)", "10CBM+ (USD/CBM)", "航程(天)"],
        ["盐田", "Leipzig (Hamburg)", 95, 88, 80, "32-38"],
        ["盐田", "Newark", 130, 120.5, 110, "28-35"],
        ["1CBM=363KG，DDP双清包税；1CBM起运"],
    ]
    return book(("LCL", rows, []))


def sea_fcl() -> bytes:
    """Whole containers."""
    rows: list[Any] = [
        ["FCL ocean freight, all in USD per container, valid 2026-12-01 to 2026-12-14"],
        ["Carrier", "POL", "POD", "20GP", "40GP", "40HQ", "T/T (days)"],
        ["Blue Whale", "Shenzhen", "Newark", 3900, 5200, 5350, "30-36"],
        ["Blue Whale", "Shenzhen", "Leipzig", 2100, 3600, 3700, "33-40"],
    ]
    return book(("FCL", rows, []))


def fba_truck() -> bytes:
    """A list to fulfilment warehouses, weight ranges as columns."""
    rows: list[Any] = [
        ["美国FBA 卡派（美森快船） 普货 包税  报价单位：RMB/KG"],
        ["仓库代码", "12KG+", "45KG+", "100KG+", "时效"],
        ["EWR", 11.5, 10.8, 10.2, "20-25天"],
        ["ONT8", 9.5, 9, 8.6, "16-20天"],
        ["12KG起运，体积重 长*宽*高/6000，不足1KG按1KG计"],
    ]
    return book(("美森卡派", rows, []))


def euro_csv() -> bytes:
    """A CSV as a German carrier sends it: semicolons, UTF-8 with a mark, weights from and to in two columns."""
    rows: list[Any] = [
        ["Service", "Country", "Weight from (kg)", "Weight to (kg)", "Price (EUR)", "Days",
         "Currency", "Carrier", "Origin"],
        ["Paket", "DE", "0", "2", "4.10", "1-2", "EUR", "Post Nord", "LEJ"],
        ["Paket", "DE", "2", "5", "5.30", "1-2", "EUR", "Post Nord", "LEJ"],
        ["Paket", "DE", "5", "31.5", "8.90", "1-2", "EUR", "Post Nord", "LEJ"],
        ["Paket", "AT", "0", "5", "9.90", "2-4", "EUR", "Post Nord", "LEJ"],
        ["Paket", "AT", "5", "31.5", "14.50", "2-4", "EUR", "Post Nord", "LEJ"],
    ]  # fmt: skip
    return b"\xef\xbb\xbf" + text(rows, ";").encode()


def gbk_csv() -> bytes:
    """A CSV as Chinese spreadsheets save it; blank cells repeat what stands above."""
    rows: list[Any] = [
        ["燕文专线追踪小包", "", "", "", ""],
        ["国家", "重量(g)", "运费(元/KG)", "处理费(元/件)", "时效(工作日)"],
        ["韩国", "0-500", "42", "11", "4-6"],
        ["", "500-2000", "41", "10.5", "4-6"],
        ["日本", "0-2000", "45.5", "12", "4-6"],
    ]
    return text(rows).encode("gb18030")


def with_remote() -> bytes:
    """A list, its remote postcodes on another sheet, and fuel by month on a third."""
    rows: list[Any] = [
        ["UPS ground, prices in USD, effective 2026-12-01, max weight 150 lb, L*W*H/5000"],
        ["Country", "Weight", "Price (USD)", "Transit time", "Origin"],
        ["United States", "0-1 lb", 7.2, "2-5 days", "EWR"],
        ["United States", "1-10 lb", 11.4, "2-5 days", "EWR"],
        ["United States", "10-150 lb", 60, "2-5 days", "EWR"],
    ]
    remote: list[Any] = [
        ["Country", "Postcode", "Remote fee (USD)"],
        ["US", "99500-99999", 4.5],
        ["US", "967*, 968", 4.5],
        ["CA", "X0A", 9],
    ]
    fuel: list[Any] = [["Month", "Fuel surcharge (%)"], ["2026-11", 14.25], ["2026-12", 15.5]]
    return book(("Ground", rows, []), ("Remote area", remote, []), ("Fuel", fuel, []))


LISTS: dict[str, Callable[[], bytes]] = {
    "云途2026年12月.xlsx": yunexpress,
    "4px.xlsx": fourpx,
    "yanwen.xlsx": yanwen,
    "sf.xlsx": sf,
    "dhl.xlsx": dhl_matrix,
    "lcl.xlsx": sea_lcl,
    "fcl.xlsx": sea_fcl,
    "fba.xlsx": fba_truck,
    "post.csv": euro_csv,
    "gbk.csv": gbk_csv,
    "ups.xlsx": with_remote,
}
