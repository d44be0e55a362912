"""One spelling for one class."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from luthier.data.synonyms import same_class

SHORTEST_PREFIX = 3
"""Letters that an abbreviation needs."""

RARE = 4
"""A beginning of a label is its abbreviation, and no class of its own, where the whole is at
least this many times as frequent."""

USUAL = {"pos": "positive", "neg": "negative", "neu": "neutral", "neut": "neutral"}
"""Abbreviations that are read as such however frequent they are."""

_WHOLE = re.compile(r"([+-]?\d+)\.0+")
_JOINTS = re.compile(r"(?<=[^\W\d_])[\s_-]+(?=[^\W\d_])")


@dataclass(frozen=True)
class Spelling:
    """How every label that occurs is to be spelt."""

    of: Mapping[str, str]
    """Label as it occurs to label of its class."""
    abbreviations: Mapping[str, str]
    """Those of them that were taken as abbreviations, with the label they stand for."""
    synonyms: Mapping[str, str] = field(default_factory=dict)
    """Those of them that another label of the same meaning stands for."""


def settle(
    counts: Mapping[str, int],
    *,
    aliases: Mapping[str, str],
    classes: Sequence[str] = (),
    abbreviations: bool = True,
    synonyms: bool = True,
) -> Spelling:
    """Decide the spelling of each class.

    Labels are one class that differ in case, Unicode form, blanks around, ``_``, ``-`` or
    blank between words, a full stop at the end, or ``.0`` after a number. Its spelling is
    the one that ``aliases`` or ``classes`` give, else the most frequent, else the first.

    Args:
        counts: Labels as they occur, with their rows.
        aliases: Other spellings of labels, from the recipe; they go first.
        classes: Settled class names.
        abbreviations: Whether the only label that begins so is meant: `pos` for `positive`.
        synonyms: Whether labels of the same meaning are one class: `正面` and `positive`.
    """
    given = {fold(label): target for label, target in aliases.items()}
    fixed = {fold(label): label for label in (*aliases.values(), *classes)}
    keys = {label: fold(given.get(fold(label), label)) for label in counts}
    spellings: dict[str, Counter[str]] = {}
    for label, key in keys.items():
        spellings.setdefault(key, Counter())[trim(label)] += counts[label]
    names = {key: found.most_common(1)[0][0] for key, found in spellings.items()} | fixed
    weights = {key: float(found.total()) for key, found in spellings.items()}
    weights |= dict.fromkeys(map(fold, classes), math.inf)
    full = _full_forms(weights) if abbreviations else {}
    short = USUAL if abbreviations else {}
    same = _synonyms(weights, full, set(fixed), short) if synonyms else {}
    heads = {key: same.get(full.get(key, key), full.get(key, key)) for key in names}
    return Spelling(
        {label: names[heads[key]] for label, key in keys.items()},
        {label: names[full[key]] for label, key in keys.items() if key in full},
        {
            label: names[same[key]]
            for label, key in ((label, full.get(key, key)) for label, key in keys.items())
            if key in same
        },
    )


def _synonyms(
    weights: Mapping[str, float], full: Mapping[str, str], settled: set[str],
    short: Mapping[str, str],
) -> dict[str, str]:  # fmt: skip
    """Label to the one of the same meaning, once abbreviations are spelt out."""
    whole: dict[str, float] = {}
    for key, weight in weights.items():
        head = full.get(key, key)
        whole[head] = whole.get(head, 0.0) + weight
    return same_class(whole, settled, short)


def trim(label: str) -> str:
    """Unicode form NFKC without blanks around; ``1.0`` as ``1``."""
    trimmed = " ".join(unicodedata.normalize("NFKC", label).split())
    whole = _WHOLE.fullmatch(trimmed)
    return whole[1] if whole else trimmed


def fold(label: str) -> str:
    """What all spellings of one class have in common."""
    trimmed = trim(label)
    return _JOINTS.sub(" ", trimmed.rstrip(" .") or trimmed).casefold()


def _full_forms(weights: Mapping[str, float]) -> dict[str, str]:
    """Abbreviation to the only class it begins."""
    words = [key for key in weights if key.isalpha() and key.isascii()]
    forms = {}
    for key in words:
        longer = [other for other in words if other != key and other.startswith(key)]
        # Where `posit` occurs beside `positive`, `pos` begins one class, not two.
        longer = [a for a in longer if not any(b != a and b.startswith(a) for b in longer)]
        if len(longer) != 1 or weights[key] == math.inf:
            continue
        rare = len(key) >= SHORTEST_PREFIX and weights[longer[0]] >= RARE * weights[key]
        if rare or USUAL.get(key) == longer[0]:
            forms[key] = longer[0]
    return forms
