"""Ten thousand real rows with planted faults whose places are known, for tests and benchmarks.

Texts are those of the public data sets (airline tweets, financial news, Chinese hotel reviews),
with three sentiments as labels. Every fault has rows of its own, so that one does not hide
another.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from luthier.data.sources import read_source

SETS = (
    ("twitter_airline/tweets.csv", "text", "airline_sentiment", 5600),
    ("financial_phrasebank/all_agree.csv", "sentence", "label", 2000),
    ("chnsenticorp/train.tsv", "text", "label", 2000),
)
POLARITY = {"1": "positive", "0": "negative"}
EACH = 200
"""Rows of a kind of fault."""

FLIPPED = 0.1
Row = tuple[str, str]


@dataclass
class Planted:
    """Rows, and where the faults are: numbers of rows in the file."""

    rows: list[Row]
    exact: set[int] = field(default_factory=set)
    near: dict[int, int] = field(default_factory=dict)
    """Copy to original; whether they are near must be judged by their texts."""
    contaminated: dict[str, set[int]] = field(default_factory=dict)
    """``exact`` and ``edited`` rows that repeat the benchmark."""
    benchmark: list[str] = field(default_factory=list)
    flipped: set[int] = field(default_factory=set)
    personal: set[int] = field(default_factory=set)
    lookalike: set[int] = field(default_factory=set)
    """Rows with numbers that only look like personal data."""


def base_rows(folder: Path) -> list[Row]:
    """Different real texts, short enough to compare, in an order of chance."""
    parts = []
    for path, text, label, count in SETS:
        rows = read_source(path, base_dir=folder).rows
        columns = [pl.col(text).alias("text"), pl.col(label).cast(pl.String).alias("label")]
        rows = rows.select(columns).drop_nulls().filter(pl.col("text").str.len_chars() < 400)
        rows = rows.with_columns(pl.col("text").str.replace_all(r"\s+", " ").str.strip_chars())
        rows = rows.with_columns(pl.col("label").replace(POLARITY))
        rows = rows.unique("text", maintain_order=True, keep="none")
        parts.append(rows.sample(min(count, len(rows)), shuffle=True, seed=0))
    return list(pl.concat(parts).sample(fraction=1.0, shuffle=True, seed=1).iter_rows())


def plant(folder: Path, seed: int = 0) -> Planted:
    """The rows of :func:`base_rows` with every kind of fault."""
    choose = random.Random(seed)
    rows = base_rows(folder)
    long = [n for n, (text, _) in enumerate(rows) if len(text) > 60]
    drawn = choose.sample(long, 6 * EACH)
    taken = [drawn[start : start + EACH] for start in range(0, len(drawn), EACH)]
    planted = Planted(rows)
    _personal(planted, taken[0], choose, PERSONAL, planted.personal)
    _personal(planted, taken[1], choose, LOOKALIKES, planted.lookalike)
    planted.benchmark = [rows[n][0] for n in (*taken[2], *taken[3])]
    planted.contaminated = {"exact": set(taken[2]), "edited": set(taken[3])}
    for n in taken[3]:
        rows[n] = (edited(rows[n][0], choose, choose.randint(1, 2)), rows[n][1])
    for n in taken[4]:
        planted.exact.add(len(rows))
        rows.append((f"  {rows[n][0]} ", rows[n][1]))
    for n in taken[5]:
        planted.near[len(rows)] = n
        rows.append((edited(rows[n][0], choose, choose.randint(1, 3)), rows[n][1]))
    free = sorted(set(range(len(rows))) - set(drawn) - planted.exact - set(planted.near))
    labels = sorted({label for _, label in rows})
    planted.flipped = set(choose.sample(free, round(FLIPPED * len(free))))
    for n in planted.flipped:
        text, label = rows[n]
        rows[n] = (text, choose.choice([other for other in labels if other != label]))
    return planted


def edited(text: str, choose: random.Random, times: int) -> str:
    """A text with small changes: letters exchanged, a word put in or left out; figures stay."""
    spaced = text.isascii() or " " in text
    parts = text.split(" ") if spaced else list(text)
    for _ in range(times):
        free = [n for n, part in enumerate(parts) if not _has_figure(part)]
        if not free:
            break
        at = choose.choice(free)
        kind = choose.random()
        if kind < 0.35 and len(parts[at]) > 3:
            parts[at] = parts[at][1] + parts[at][0] + parts[at][2:]
        elif kind < 0.7:
            parts.insert(
                at, choose.choice(["just", "now", "very"] if spaced else ["也", "又", "很"])
            )
        elif len(parts) > 8:
            parts.pop(at)
    return (" " if spaced else "").join(parts)


def _has_figure(part: str) -> bool:
    return any(letter.isdigit() for letter in part)


def _personal(
    planted: Planted, numbers: list[int], choose: random.Random,
    kinds: list[Callable[[random.Random], str]], places: set[int],
) -> None:  # fmt: skip
    """Put values of these kinds into rows, at their ends or between two words."""
    for turn, n in enumerate(numbers):
        text, label = planted.rows[n]
        value = kinds[turn % len(kinds)](choose)
        words = text.split(" ")
        at = choose.choice([len(words), choose.randrange(len(words))])
        joined = (
            f"{text}{value}。" if len(words) < 3 else " ".join([*words[:at], value, *words[at:]])
        )
        planted.rows[n] = (joined, label)
        places.add(n)


def _digits(choose: random.Random, count: int) -> str:
    return "".join(choose.choices("0123456789", k=count))


def _email(choose: random.Random) -> str:
    name = choose.choice(["anna.lee", "b_novak", "chen-wei", "d.ortiz+shop", "e2e.tester"])
    return f"{name}{choose.randrange(99)}@{choose.choice(['mail.example.org', 'example.co.uk'])}"


def _phone(choose: random.Random) -> str:
    area, line = choose.randint(201, 989), f"555-{choose.randint(100, 9999):04d}"
    four = [_digits(choose, 4) for _ in range(2)]
    return choose.choice([
        f"+1 {area} {line}", f"({area}) {line}", f"+44 20 7{_digits(choose, 3)} {four[0]}",
        f"1{choose.choice('3578')}{_digits(choose, 9)}", f"+86 138 {four[0]} {four[1]}",
        f"010-6{_digits(choose, 7)}",
    ])  # fmt: skip


def _luhn(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


def _card(choose: random.Random) -> str:
    head = choose.choice(["4", "51", "55"])
    number = _luhn(head + _digits(choose, 15 - len(head)))
    return choose.choice([number, " ".join(number[i : i + 4] for i in range(0, 16, 4))])


def _iban(choose: random.Random) -> str:
    body = _digits(choose, 18)
    number = int(f"{body}131400")
    written = f"DE{98 - number % 97:02d}{body}"
    return choose.choice([written, " ".join(written[i : i + 4] for i in range(0, 22, 4))])


def _resident_id(choose: random.Random) -> str:
    born = date(1960, 1, 1) + timedelta(days=choose.randrange(16_000))
    head = f"{choose.choice(['110105', '310101', '440106'])}{born:%Y%m%d}{_digits(choose, 3)}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return head + "10X98765432"[sum(int(d) * w for d, w in zip(head, weights, strict=True)) % 11]


def _ip(choose: random.Random) -> str:
    return f"{choose.choice(['192.168', '10.20', '172.16'])}.{choose.randint(1, 254)}." + str(
        choose.randint(1, 254)
    )


def _credentials(choose: random.Random) -> str:
    return f"https://user{choose.randrange(99)}:pw{_digits(choose, 5)}@git.example.com/repo"


PERSONAL = [_email, _phone, _card, _iban, _resident_id, _ip, _credentials]
LOOKALIKES: list[Callable[[random.Random], str]] = [
    lambda c: f"order {_digits(c, 10)}",
    lambda c: f"EUR {c.randint(1, 9)},{_digits(c, 3)},{_digits(c, 3)}.{_digits(c, 2)}",
    lambda c: f"{c.randint(1990, 2025)}-{c.randint(1, 12):02d}-{c.randint(1, 28):02d}",
    lambda c: f"v{c.randint(1, 9)}.{c.randint(0, 9)}.{c.randint(0, 9)}.{c.randint(0, 9)}",
    lambda c: f"at {c.randint(0, 23):02d}:{c.randint(0, 59):02d}:{c.randint(0, 59):02d}",
    lambda c: f"flight UA{c.randint(100, 9999)} seat {c.randint(1, 40)}A",
    lambda c: f"from {c.randint(1990, 2005)}-{c.randint(2006, 2025)}",
    lambda c: f"{c.randint(1, 99)}.{_digits(c, 2)}% of {c.randint(10, 99)} {_digits(c, 3)} shares",
    lambda c: "@" + c.choice(["airline", "support_team", "news24"]),
]
