"""BLEU, chrF, ROUGE and what is made of them: those of sacreBLEU and rouge-score, to 1e-9."""

from __future__ import annotations

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.stem.porter import PorterStemmer
from rouge_score.rouge_scorer import RougeScorer

from luthier.core.errors import DataError
from luthier.metrics import WRITING, Wanted, Written, measure_plain, measure_writing, quality
from luthier.metrics.bleu import bleu, bleu_counts
from luthier.metrics.chrf import chrf, chrf_counts
from luthier.metrics.rouge import ROUGE, common_subsequence, rouge, rouge_tokens
from luthier.metrics.stemming import stem

WORDS = st.sampled_from([
    "the", "The", "cat", "cats", "sat", "on", "running", "happily", "3.5", "1,000", "U.S.",
    "don't", "well-known", "(so)", "&amp;", "né", "a", "mat.", "\n", "5-6", "词", "我们，",
    "　", "—",
])  # fmt: skip
TEXT = st.one_of(
    st.lists(WORDS, max_size=12).map(" ".join),
    st.text(alphabet="ab .,-5词\u2018\u20ac", max_size=9),
)
ROWS = st.integers(1, 3).flatmap(
    lambda most: st.lists(
        st.tuples(TEXT, st.lists(TEXT, min_size=most, max_size=most)), min_size=1, max_size=6
    )
)
ENDINGS = "ational bli alli ization ousness logi icate ness ement ion ed ing ies eed y e ll s"
BEGINNING = st.text("aeiouybcdlstz", max_size=6)


@settings(deadline=None, max_examples=50)
@given(ROWS, st.sampled_from(["13a", "zh"]), st.booleans())
def test_bleu_is_that_of_sacrebleu(rows, tokenize, lowercase):
    said, true = [row[0] for row in rows], [row[1] for row in rows]
    streams = [list(stream) for stream in zip(*true, strict=True)]
    theirs = sacrebleu.BLEU(tokenize=tokenize, lowercase=lowercase).corpus_score(said, streams)
    counts = bleu_counts(said, true, tokenize=tokenize, lowercase=lowercase)
    assert bleu(counts.sum(axis=0)[None])[0] == pytest.approx(theirs.score, abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(ROWS, st.booleans())
def test_chrf_is_that_of_sacrebleu(rows, lowercase):
    said, true = [row[0] for row in rows], [row[1] for row in rows]
    streams = [list(stream) for stream in zip(*true, strict=True)]
    theirs = sacrebleu.CHRF(lowercase=lowercase).corpus_score(said, streams)
    ours = chrf(chrf_counts(said, true, lowercase=lowercase).sum(axis=0)[None])[0]
    assert ours == pytest.approx(theirs.score, abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(ROWS)
def test_rouge_is_that_of_rouge_score(rows):
    scorer = RougeScorer(list(ROUGE), use_stemmer=True)
    ours = rouge([row[0] for row in rows], [row[1] for row in rows], ["en"] * len(rows))
    for found, (said, true) in zip(ours, rows, strict=True):
        theirs = scorer.score_multi(true, said)
        assert found == pytest.approx([theirs[name].fmeasure for name in ROUGE], abs=1e-9)


@settings(deadline=None, max_examples=200)
@given(st.text("aeiouybcdlstz", max_size=6), st.lists(st.sampled_from(ENDINGS.split()), max_size=2))
def test_stems_are_those_of_nltk(beginning, endings):
    word = beginning + "".join(endings)
    assert stem(word) == PorterStemmer().stem(word)


@given(st.lists(st.sampled_from("abc"), max_size=9), st.lists(st.sampled_from("abc"), max_size=9))
def test_common_subsequence_is_that_of_the_table(one, other):
    table = np.zeros((len(one) + 1, len(other) + 1), dtype=int)
    for i, x in enumerate(one):
        for j, y in enumerate(other):
            table[i + 1, j + 1] = (
                table[i, j] + 1 if x == y else max(table[i, j + 1], table[i + 1, j])
            )
    assert common_subsequence(one, other) == table[-1, -1]


def test_chinese_is_measured_by_characters():
    assert rouge_tokens("我们的GPT4模型running", "zh") == [*"我们的", "gpt4", *"模型", "run"]
    assert rouge_tokens("我们 running", "en") == ["run"]


def written(*texts, **more):
    return [Written(text, loss=2.0, tokens=4, **more) for text in texts]


def test_all_metrics_with_their_intervals():
    wanted = [
        Wanted((f"the cat number {n} sat on the mat",), plain=("a dog", "")) for n in range(9)
    ]
    said = written(*(w.texts[0] if n % 3 else "the dog" for n, w in enumerate(wanted)))
    found = measure_writing(said, wanted, names=WRITING, resamples=200)
    assert found.n == 9
    values = found.values()
    assert list(values) == [
        *WRITING, "ended", "repetition", "length_ratio", "loss", "perplexity"
    ]  # fmt: skip
    assert values["exact_match"] == pytest.approx(2 / 3)
    assert values["loss"] == 0.5
    assert values["perplexity"] == pytest.approx(np.exp(0.5))
    for name in WRITING:
        estimate = found.metrics[name]
        assert estimate.low < estimate.value < estimate.high, name
        assert found.gains[name].low > 0, name
    with pytest.raises(DataError):
        measure_writing([], [], names=WRITING)


def test_the_interval_of_bleu_is_that_of_resampled_corpora():
    texts = ["a b c d e", "a b x d e f", "g h i j", "a b c d", "b c d e f g"]
    said = ["a b c d e", "a b c d e f", "g h i k", "a b d", "b c d e g"]
    wanted = [Wanted((text,)) for text in texts]
    random = np.random.default_rng(3)
    rows = random.integers(0, 5, (20, 5))
    weights = np.array([np.bincount(row, minlength=5) for row in rows], dtype=float)
    ours = quality(said, wanted, ["bleu", "chrf"])(weights)
    for place, row in enumerate(rows):
        drawn, true = [said[n] for n in row], [[texts[n] for n in row]]
        assert ours["bleu"][place] == pytest.approx(sacrebleu.corpus_bleu(drawn, true).score)
        assert ours["chrf"][place] == pytest.approx(sacrebleu.corpus_chrf(drawn, true).score)


def test_what_is_not_written_has_a_loss_only():
    found = measure_writing([Written(None, loss=3.0, tokens=2)], [Wanted(("x",))], names=["bleu"])
    assert found.values() == {"loss": 1.5, "perplexity": pytest.approx(np.exp(1.5))}


def test_repetition_and_length():
    found = measure_writing(
        written("a b c d a b c d", "a b", ended=False), [Wanted(("a b c d e",))] * 2,
        names=["bleu"], resamples=0,
    ).values()  # fmt: skip
    assert found["repetition"] == pytest.approx(0.1)
    assert found["length_ratio"] == 1.0
    assert found["ended"] == 0


def test_the_best_answer_without_a_model_counts_for_each_metric():
    wanted = [Wanted(("a b c d e f",), plain=("a b c d e f g h", "a b c d"))] * 2
    found = measure_plain(wanted, ["bleu", "f1", "rouge1"]).values()
    one, other = (
        quality([text] * 2, wanted, ["bleu", "f1", "rouge1"])(np.ones((1, 2)))
        for text in wanted[0].plain
    )
    assert found == {name: max(one[name][0], other[name][0]) for name in one}
    assert measure_plain([Wanted(("a",))], ["bleu"]).metrics == {}
