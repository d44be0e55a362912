"""Small real models and data that the tests train on."""

from __future__ import annotations

import csv
import os
import random
from pathlib import Path

import pytest

# Tiny networks gain nothing from a second thread, and threads of two processes wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# What a test prepares must not come from an earlier one, or stay behind.
os.environ["LUTHIER_CACHE"] = "off"

FAMILIES = ("bert", "gpt2", "llama", "t5")

GOOD = ["profit", "rose", "record", "strong", "growth", "gain", "beat", "improved", "higher", "win"]
BAD = ["loss", "fell", "weak", "decline", "cut", "warned", "missed", "lower", "slump", "fraud"]
FLAT = ["unchanged", "steady", "appointed", "scheduled", "held", "met", "listed", "named", "moved"]
WORDS = {"positive": GOOD, "negative": BAD, "neutral": FLAT}
FILLER = [
    "the",
    "company",
    "shares",
    "quarter",
    "net",
    "sales",
    "of",
    "in",
    "board",
    "oil",
    "euro",
    "its",
]


def sentence(label: str, choose: random.Random) -> str:
    """Words of one class between words of none."""
    words = choose.choices(FILLER, k=choose.randint(2, 9)) + choose.sample(WORDS[label], 2)
    choose.shuffle(words)
    return " ".join(words)


def table(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """(text, label) rows, the three classes in turn, no text twice."""
    choose = random.Random(seed)
    rows: dict[str, str] = {}
    while len(rows) < count:
        label = list(WORDS)[len(rows) % 3]
        rows.setdefault(sentence(label, choose), label)
    return list(rows.items())


def write_csv(path: Path, rows: list[tuple[str, str]], header: tuple[str, str]) -> Path:
    """A table with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


@pytest.fixture(scope="session")
def vocabulary() -> list[str]:
    """Every word of the test sentences."""
    return sorted({*GOOD, *BAD, *FLAT, *FILLER})


@pytest.fixture
def news(tmp_path: Path) -> Path:
    """A csv of 240 sentences in three classes."""
    return write_csv(tmp_path / "news.csv", table(240), ("sentence", "sentiment"))


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory, vocabulary: list[str]) -> dict[str, Path]:
    """Family to folder of a tiny base of it with random weights."""
    from tests.tiny import write_base

    folder = tmp_path_factory.mktemp("bases")
    return {kind: write_base(kind, folder / kind, vocabulary) for kind in FAMILIES}


@pytest.fixture(scope="session")
def bert(bases: dict[str, Path]) -> Path:
    """A tiny encoder."""
    return bases["bert"]
