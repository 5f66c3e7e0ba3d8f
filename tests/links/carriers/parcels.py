"""A parcel of Hengda's to Anna in Leipzig, as carriers are asked to carry it."""

from __future__ import annotations

from dataclasses import replace

from haitu.links.carriers.protocol import Address, CustomsLine, ParcelWanted, ShipmentWanted

HENGDA = Address(
    name="Lin Wei",
    company="Hengda",
    street="福田区华强北路 1 号",
    city="深圳市",
    region="广东省",
    postcode="518000",
    country="CN",
    phone="+8675512345678",
)
ANNA = Address(
    name="Anna Schmidt",
    street="Markt 1",
    city="Leipzig",
    postcode="04109",
    country="DE",
    phone="+493411234567",
    email="anna@example.test",
)
PARCEL = ShipmentWanted(
    reference="A-1001-1",
    sender=HENGDA,
    receiver=ANNA,
    parcels=(ParcelWanted(weight_g=640, length_mm=210, width_mm=205, height_mm=130),),
    customs=(
        CustomsLine(
            sku="LANTERN",
            told="Paper lantern",
            told_local="纸灯笼",
            quantity=2,
            value_minor=4_000,
            weight_g=600,
            hs_code="940550",
            origin_country="CN",
        ),
    ),
    currency="EUR",
    incoterm="DDP",
)


def nowhere(wanted: ShipmentWanted = PARCEL) -> ShipmentWanted:
    """The same to an address that no carrier accepts."""
    return replace(wanted, reference="A-1001-9", receiver=replace(ANNA, street="", city=""))
