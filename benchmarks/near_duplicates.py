"""Near duplicates: ours beside datasketch and semhash, on the same texts with planted copies.

Each text is one of the scale benchmark's; every tenth is an edited copy of another (words replaced,
letters swapped, words put in). True near copies are the pairs of planted copies whose shingle sets
have a Jaccard similarity of 0.8 or more. Each way runs in a process of its own. semhash compares
embeddings, here those of the base ``minilm-l6``, and is asked for a similarity of 0.95: it answers
another question, so its figures are for orientation. Needs the extra ``bench``.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.common import keep
from benchmarks.prepare_scale import texts
from luthier.data.minhash import near_copies
from luthier.data.shingles import jaccard, normalise, shingle
from luthier.models.bases import resolve

WAYS = ("luthier", "datasketch", "semhash")
THRESHOLD = 0.8
PERMUTATIONS = 120


def corpus(count: int) -> tuple[list[str], list[tuple[int, int]]]:
    """Texts, and (copy, original) of those planted ones that are near."""
    choose = random.Random(7)
    said = [text for text, _ in texts(count * 2, seed=3) if len(text) > 40]
    said = list(dict.fromkeys(said))[:count]
    planted = {}
    for place in range(9, count, 10):
        original = choose.randrange(place)
        if original not in planted:
            said[place] = edited(said[original], choose)
            planted[place] = original
    plain = normalise(pl.Series(said))
    sets = [part.of(n) for part in shingle(plain) for n in range(len(part.starts) - 1)]
    near = [(a, b) for a, b in planted.items() if jaccard(sets[a], sets[b]) >= THRESHOLD]
    return said, near


def edited(text: str, choose: random.Random) -> str:
    letters = list(text)
    for _ in range(choose.randint(1, 1 + len(text) // 60)):
        at = choose.randrange(len(letters) - 1)
        kind = choose.random()
        if kind < 0.4:
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
        elif kind < 0.7:
            letters[at] = ""
        else:
            letters[at] += f" {choose.choice(['very', 'new', '的', 'so'])} "
    return "".join(letters)


def found_by(way: str, said: list[str]) -> set[int]:
    """The texts that a way takes for copies."""
    if way == "luthier":
        ranks = np.zeros(len(said), dtype=np.int64)
        copies = near_copies(pl.Series(said), THRESHOLD, ranks, same_numbers=False, workers=2)
        return set(copies["copy"].to_list())
    return with_datasketch(said) if way == "datasketch" else with_semhash(said)


def with_datasketch(said: list[str]) -> set[int]:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    copies = set()
    for number, text in enumerate(normalise(pl.Series(said))):
        signature = MinHash(num_perm=PERMUTATIONS)
        signature.update_batch([text[i : i + 5].encode() for i in range(max(1, len(text) - 4))])
        if index.query(signature):
            copies.add(number)
        else:
            index.insert(str(number), signature)
    return copies


def with_semhash(said: list[str]) -> set[int]:
    from semhash import SemHash
    from sentence_transformers import SentenceTransformer

    path = resolve("minilm-l6", folder=Path(), find_run=Path).path
    encoder = SentenceTransformer(str(path), device="cpu")
    records = [{"text": text, "n": str(n)} for n, text in enumerate(said)]
    hashed = SemHash.from_records(records=records, columns=["text"], model=encoder)
    kept = {int(row["n"]) for row in hashed.self_deduplicate(threshold=0.95).selected}
    return set(range(len(said))) - kept


def one(way: str, count: int) -> dict[str, Any]:
    said, near = corpus(count)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.perf_counter()
    copies = found_by(way, said)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    either = [pair for pair in near if pair[0] in copies or pair[1] in copies]
    return {
        "way": way, "texts": count, "seconds": round(seconds, 2),
        "extra_mib": round(after - before), "planted_near": len(near),
        "recall": round(len(either) / len(near), 4), "found": len(copies),
    }  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    arguments.add_argument("--one", nargs=2, metavar=("WAY", "COUNT"), help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.one:
        print(json.dumps(one(options.one[0], int(options.one[1]))))
        return
    results = []
    for size in options.sizes:
        for way in WAYS:
            if way == "semhash" and size > options.sizes[0]:
                continue
            call = [sys.executable, "-m", "benchmarks.near_duplicates", "--one", way, str(size)]
            done = subprocess.run(call, capture_output=True, text=True, check=True)
            results.append(json.loads(done.stdout.splitlines()[-1]))
            ours = next(r for r in results if r["way"] == "luthier" and r["texts"] == size)
            results[-1]["times_our_seconds"] = round(results[-1]["seconds"] / ours["seconds"], 1)
            print(results[-1], flush=True)
    keep("near_duplicates", {"threshold": THRESHOLD, "results": results})


if __name__ == "__main__":
    main()
