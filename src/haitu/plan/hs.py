"""Which code of the Harmonized System a product may have: a search over the nomenclature's and the tariffs' own words.

Okapi BM25 (Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework") over one document per six-digit code:
its text, its heading's, its chapter's at less weight, and what national tariffs say of the lines below it. It proposes;
a person decides, because a code is a statement to the customs that the importer answers for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

K1, B = 1.2, 0.6
OWN, HEADING, CHAPTER, TARIFF = 3.0, 1.0, 0.3, 1.5  # how much a word counts by where it stands
LONGEST_QUERY = 400  # characters
WORD = re.compile(r"[a-z]+|[一-鿿]+")
EMPTY = frozenset(
    "a an and any are as at be but by for from has have in into is it its kind kinds like made n nec not of on or "
    "other others part parts put similar such than that the thereof these this to up used whether which with without "
    "excl excluding including incl item items heading headings subheading chapter elsewhere specified".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A code of 2, 4 or 6 digits (a tariff line: 8 or 10) and what is said of it."""

    hs_code: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A six-digit code with its text; `score` is relative to the best (1.0), `because` the words it was found by."""

    hs_code: str
    description: str
    heading: str
    score: float
    because: tuple[str, ...]


def stem(word: str) -> str:
    """A plural's singular, roughly: both the search and the texts pass through it."""
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def words(text: str) -> list[str]:
    """The words that say something, in small letters and singular; Chinese runs stay whole."""
    text = re.sub(
        r"\((?:excl|excluding|other than)[^)]*\)", " ", text.lower()
    )  # what a code is not is no reason for it
    return [stem(word) for word in WORD.findall(text) if word not in EMPTY and len(word) > 1]


class HsIndex:
    """The searchable nomenclature. `codes`: 2, 4 and 6 digits; `lines`: national tariff lines below them; `everyday`:
    words people use → words that tariffs use (a Chinese word is looked for inside what was typed).
    """

    def __init__(
        self, codes: Iterable[Described], lines: Iterable[Described] = (), everyday: Mapping[str, str] | None = None
    ) -> None:
        texts = {code.hs_code: code.description for code in codes}
        self._codes = sorted(code for code in texts if len(code) == 6)
        self._texts = texts
        self._everyday = {
            " ".join(words(key)) if key.isascii() else key: words(value) for key, value in (everyday or {}).items()
        }
        below: dict[str, set[str]] = {}
        for line in lines:
            below.setdefault(line.hs_code[:6], set()).add(line.description)
        counts = [self._weights(code, below.get(code, set())) for code in self._codes]
        self._vocabulary = {
            word: place for place, word in enumerate(sorted({word for found in counts for word in found}))
        }
        self._matrix = self._bm25(counts)

    def _weights(self, code: str, lines: Iterable[str]) -> dict[str, float]:
        weights: dict[str, float] = {}
        for text, weight in (
            (self._texts[code], OWN),
            (self._texts.get(code[:4], ""), HEADING),
            (self._texts.get(code[:2], ""), CHAPTER),
            *((line, TARIFF) for line in sorted(lines)),
        ):
            for word in set(words(text)):
                weights[word] = max(weights.get(word, 0.0), weight)
        return weights

    def _bm25(self, counts: Sequence[Mapping[str, float]]) -> csr_matrix:
        """Words × codes."""
        lengths = np.array([sum(found.values()) for found in counts])
        rows = np.array([self._vocabulary[word] for found in counts for word in found])
        columns = np.repeat(np.arange(len(counts)), [len(found) for found in counts])
        weights = np.array([weight for found in counts for weight in found.values()])
        present = np.bincount(rows, minlength=len(self._vocabulary))
        rarity = np.log1p((len(counts) - present + 0.5) / (present + 0.5))
        norm = K1 * (1 - B + B * lengths / lengths.mean())
        values = rarity[rows] * weights * (K1 + 1) / (weights + norm[columns])
        return csr_matrix((values, (rows, columns)), shape=(len(self._vocabulary), len(counts)))

    def asked(self, text: str) -> dict[str, float]:
        """The words that are searched for, with their weight; those an everyday word stands for count half."""
        given = text[:LONGEST_QUERY]
        typed = words(given)
        wanted = dict.fromkeys(typed, 1.0)
        joined = f" {' '.join(typed)} "
        for everyday, tariff in self._everyday.items():
            if f" {everyday} " in joined if everyday.isascii() else everyday in given:
                for word in tariff:
                    wanted[word] = max(wanted.get(word, 0.0), 0.6)
        return wanted

    def propose(self, text: str, most: int = 8) -> tuple[Proposal, ...]:
        """The likeliest codes for a product's title, material and use, best first; empty where no word is known."""
        wanted = {word: weight for word, weight in self.asked(text).items() if word in self._vocabulary}
        if not wanted:
            return ()
        places = np.array([self._vocabulary[word] for word in wanted])
        found = self._matrix[places]
        scores = np.asarray(found.multiply(np.array(list(wanted.values()))[:, None]).sum(axis=0)).ravel()
        best = np.argsort(-scores, kind="stable")[:most]
        top = scores[best[0]]
        hits = found.tocsc()
        names = list(wanted)
        return tuple(
            Proposal(
                hs_code=self._codes[place],
                description=self._texts[self._codes[place]],
                heading=self._texts.get(self._codes[place][:4], ""),
                score=float(scores[place] / top),
                because=tuple(names[row] for row in sorted(hits[:, [place]].indices)),
            )
            for place in best
            if scores[place] > 0
        )

    def known(self, hs_code: str) -> str | None:
        """The text of a code of two, four or six digits, None if there is no such code."""
        return self._texts.get(hs_code)
