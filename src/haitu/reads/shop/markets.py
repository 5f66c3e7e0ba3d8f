"""The markets and shelves of a merchant, kept in this process while the merchant's version stands."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import OuterRef, Subquery

from haitu.models import Category, Market, Picture, Product, ProductStatus
from haitu.reads.merchant import ShopMerchant
from haitu.reads.shop.rows import picture_address

KEPT = 256  # merchants


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopMarket:
    """A country one can shop in. `tags` are its path names with the language each stands for: ('pt-br', 'pt-br')."""

    id: int
    country: str
    currency: str
    languages: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]

    @property
    def tag(self) -> str:
        """The path name in the market's first language."""
        return self.tags[0][0]

    def language_of(self, tag: str) -> str | None:
        """The language a path name stands for; None when it is not one of this market's."""
        return dict(self.tags).get(tag)

    def tag_of(self, language: str) -> str | None:
        """The path name for a language; None when the market does not speak it."""
        return next((tag for tag, its in self.tags if its == language), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A category, named in each language it has a name for, with the picture of what sells best in it."""

    id: int
    code: str
    names: dict[str, str] = field(hash=False)
    picture: str

    def name(self, language: str) -> str:
        """The name in the language, in its base language, in English, or the code: whichever there is first."""
        for tag in (language, language.split("-", 1)[0], "en"):
            if self.names.get(tag):
                return self.names[tag]
        return self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a merchant's shop is divided: markets in the merchant's order, shelves in theirs."""

    version: int
    markets: tuple[ShopMarket, ...]
    shelves: tuple[Shelf, ...]

    def market(self, country: str) -> ShopMarket | None:
        """The open market of that country."""
        return next((market for market in self.markets if market.country == country), None)

    def shelf(self, code: str) -> Shelf | None:
        """The category with that code."""
        return next((shelf for shelf in self.shelves if shelf.code == code), None)


_layouts: OrderedDict[int, Layout] = OrderedDict()


def layout_of(merchant: ShopMerchant) -> Layout:
    """The merchant's open markets and its shelves that hold something; two queries at each new version, else none."""
    kept = _layouts.get(merchant.id)
    if kept is None or kept.version != merchant.version:
        kept = _layouts[merchant.id] = _load(merchant)
        while len(_layouts) > KEPT:
            _layouts.popitem(last=False)
    return kept


def forget() -> None:
    """Drops what is kept; a test's new world may have an old one's numbers."""
    _layouts.clear()


def _load(merchant: ShopMerchant) -> Layout:
    rows = Market.objects.of(merchant.id).filter(open=True).order_by("position", "id")
    return Layout(
        version=merchant.version,
        markets=tuple(
            ShopMarket(
                id=row.pk,
                country=row.country,
                currency=row.currency,
                languages=tuple(language.lower() for language in row.languages),
                tags=_tags(row.country, [language.lower() for language in row.languages]),
            )
            for row in rows
            if row.languages
        ),
        shelves=tuple(_shelves(merchant.id)),
    )


def _shelves(merchant_id: int) -> Iterable[Shelf]:
    best = (
        Product.objects.of(merchant_id)
        .filter(category=OuterRef("pk"), status=ProductStatus.LIVE)
        .order_by("-rank", "id")
    )
    picture = Picture.objects.of(merchant_id).filter(product=OuterRef("best")).order_by("position", "id")
    rows = (
        Category.objects.of(merchant_id)
        .annotate(best=Subquery(best.values("pk")[:1]))
        .filter(best__isnull=False)
        .annotate(picture_id=Subquery(picture.values("pk")[:1]), path=Subquery(picture.values("path")[:1]))
        .order_by("position", "id")
    )
    for row in rows.values("pk", "code", "names", "picture_id", "path"):
        yield Shelf(
            id=row["pk"],
            code=row["code"],
            names=dict(row["names"]),
            picture=picture_address(row["picture_id"], row["path"]),
        )


def _tags(country: str, languages: list[str]) -> tuple[tuple[str, str], ...]:
    """'pt-br' in Brazil is /pt-br/, 'zh-hans' and 'zh-hant' in Hong Kong are /zh-hans-hk/ and /zh-hant-hk/."""
    bases = [language.split("-", 1)[0] for language in languages]
    names = [base if bases.count(base) == 1 else its for base, its in zip(bases, languages, strict=True)]
    return tuple((f"{name}-{country.lower()}", its) for name, its in zip(names, languages, strict=True))
