"""The task language_model: what is hidden, what is foretold, and that the loss is transformers'."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.models.test_new import TEXTS, trained, unasked
from tests.tiny import write_base
from transformers import BartConfig

from luthier.core.errors import ModelError
from luthier.data.packing import IGNORED
from luthier.evaluation.predict import predict
from luthier.models.bases import Base
from luthier.models.kernels.logits import compute_logits
from luthier.models.load import load_model
from luthier.models.model import Model
from luthier.models.new import make_base
from luthier.models.processors import load_tokenizer
from luthier.recipe.new import NewBase, NewNetwork, NewTokenizer
from luthier.tasks.language_model import LanguageModel
from luthier.tasks.modelling.corruption import Masking, Spans, word_starts
from luthier.tasks.modelling.documents import documents
from luthier.tasks.task import inputs_of

ROWS = TEXTS.to_frame().with_columns(
    pl.lit("notes").alias("_source"), pl.int_range(pl.len()).alias("_row")
)
OBJECTIVES = {
    "causal": "decoder", "masked": "encoder", "span": "encoder_decoder",
    "denoise": "encoder_decoder",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Model]]:
    """A task for each objective, with a small model that has no dropout."""
    folder = tmp_path_factory.mktemp("bases")
    found = {}
    for objective, family in OBJECTIVES.items():
        network = NewNetwork(
            family=family, width=32, layers=1, tokenizer=NewTokenizer(vocabulary=500)
        )  # type: ignore[arg-type]
        base = make_base(NewBase(new=network), TEXTS, folder / family, find=unasked)
        tokenizer = load_tokenizer(base)
        task = LanguageModel(max_length=32, objective=objective).build({}, tokenizer)  # type: ignore[arg-type]
        found[objective] = task, load_model(base, task.head(), tokenizer, dropout=0.0)
    return found


def test_the_objective_is_that_of_the_tokenizer(made: dict[str, tuple[Any, Model]]) -> None:
    for objective, (task, model) in made.items():
        usual = LanguageModel().build({}, model.processor)
        if objective == "denoise":
            assert usual.objective.spans.whole is False
        else:
            assert type(task.objective) is type(usual.objective)
    with pytest.raises(ModelError, match="no sentinel"):
        LanguageModel(objective="span").build({}, made["masked"][1].processor)
    with pytest.raises(ModelError, match="no mask token"):
        LanguageModel(objective="masked").build({}, made["causal"][1].processor)


def test_words_are_hidden_whole_at_the_rate_that_is_asked() -> None:
    tokenizer = trained("encoder", "bpe")
    ids = np.array(tokenizer("\n".join(TEXTS), add_special_tokens=False)["input_ids"])
    masking = Masking(tokenizer, 0.15)
    read, labels = masking(ids, np.random.default_rng(0))
    chosen = labels != IGNORED
    assert (labels[chosen] == ids[chosen]).all()
    assert (read[~chosen] == ids[~chosen]).all()
    assert 0.13 < chosen.mean() <= 0.15
    fate = read[chosen]
    assert abs((fate == tokenizer.mask_token_id).mean() - 0.8) < 0.05
    assert abs((fate == ids[chosen]).mean() - 0.1) < 0.05
    begins = word_starts(tokenizer)[ids]
    begins[0] = True
    word = np.cumsum(begins)
    for number in np.unique(word[chosen])[:200]:
        assert chosen[word == number].all()


def test_chinese_characters_are_words() -> None:
    for kind in ("bpe", "unigram"):
        tokenizer = trained("encoder", kind, vocabulary=900)
        ids = tokenizer("木头不一样", add_special_tokens=False)["input_ids"]
        assert word_starts(tokenizer)[ids].sum() >= 4, kind


class Vocabulary:
    """With sentinels from 1,000 on."""

    def get_vocab(self) -> dict[str, int]:
        return {f"<extra_id_{number}>": 1000 + number for number in range(40)}


@settings(max_examples=80, deadline=None)
@given(
    count=some.integers(0, 200), rate=some.floats(0.05, 0.6), length=some.floats(1, 8),
    seed=some.integers(0, 9),
)  # fmt: skip
def test_spans_come_back_in_their_places(count: int, rate: float, length: float, seed: int) -> None:
    ids = np.arange(count) + 5
    spans = Spans(Vocabulary(), rate, length, whole=False)  # type: ignore[arg-type]
    read, said = spans(ids, np.random.default_rng(seed))
    taken: dict[int, list[int]] = {}
    for token in said:
        taken.setdefault(token, []) if token >= 1000 else taken[list(taken)[-1]].append(token)
    whole = [inner for token in read for inner in taken.get(token, [token])]
    assert whole == ids.tolist()
    assert list(taken) == [1000 + number for number in range(len(taken))]
    if count > 1:
        assert sum(map(len, taken.values())) == min(max(round(count * rate), 1), count - 1)
    other = spans(ids, np.random.default_rng(seed + 1))
    assert [len(read), len(said)] == [len(part) for part in other]
    denoising = Spans(Vocabulary(), rate, length, whole=True)  # type: ignore[arg-type]
    read_there, whole_text = denoising(ids, np.random.default_rng(seed))
    assert read_there.tolist() == read.tolist()
    assert whole_text.tolist() == ids.tolist()


def test_an_encoder_decoder_with_a_mask_token_denoises(tmp_path: Path) -> None:
    """BART's own objective, with its start token and the tokens that frame a text."""
    tokenizer = trained("encoder", "bpe")
    start = tokenizer.sep_token_id
    BartConfig(
        vocab_size=len(tokenizer), d_model=16, encoder_layers=1, decoder_layers=1,
        decoder_start_token_id=start, pad_token_id=tokenizer.pad_token_id,
    ).save_pretrained(tmp_path)  # fmt: skip
    tokenizer.save_pretrained(tmp_path)
    task = LanguageModel(max_length=64, rate=0.3).build(
        {}, load_tokenizer(Base("bart", tmp_path, "folder"))
    )
    batch = task.collate_to_train(task.encode(ROWS.head(1)), (0, 1, 2))
    read, said = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
    assert said == tokenizer(ROWS["text"][0], truncation=True, max_length=64)["input_ids"]
    assert batch["decoder_input_ids"][0].tolist() == [start, *said[:-1]]
    masks = read.count(tokenizer.mask_token_id)
    assert masks > 0
    assert len(said) - len(read) + masks == round(0.3 * (len(said) - 2))
    assert (read[0], read[-1]) == (said[0], said[-1])


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_loss_and_gradients_are_those_of_transformers(
    made: dict[str, tuple[Any, Model]], objective: str
) -> None:
    task, model = made[objective]
    examples = task.encode(ROWS.head(3))
    batch = task.collate_to_train(examples, (0, 1, 2))
    compute_logits(model.core)
    model.network.train()
    theirs = model.network(**inputs_of(batch), labels=batch["labels"]).loss
    theirs.backward()
    wanted = {n: p.grad.clone() for n, p in model.core.named_parameters() if p.grad is not None}
    model.core.zero_grad()
    task.adjust(model.core)
    total, weight = task.loss(model.network(**inputs_of(batch)), batch)
    (total / weight).backward()
    torch.testing.assert_close(total / weight, theirs, rtol=1e-5, atol=1e-6)
    for name, parameter in model.core.named_parameters():
        torch.testing.assert_close(parameter.grad, wanted[name], rtol=1e-4, atol=1e-6)
    model.core.zero_grad()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_measures_do_not_depend_on_batches(
    made: dict[str, tuple[Any, Model]], objective: str
) -> None:
    task, model = made[objective]
    rows = ROWS.head(10)
    examples = task.encode(rows)
    found = [
        task.measure(predict(model, task, examples, batch_size=size), task.references(rows))
        for size in (1, 7)
    ]
    assert found[0].values() == pytest.approx(found[1].values(), rel=1e-5)
    # Without training a model is about as good as knowing nothing at all.
    assert found[0].values()["loss"] > task.baseline(rows).values()["loss"]


def test_bits_per_byte_are_the_size_of_the_text(made: dict[str, tuple[Any, Model]]) -> None:
    """Against the probabilities that transformers gives, one window after the other."""
    task, model = made["causal"]
    tokenizer = model.processor
    compute_logits(model.core)
    bits = 0.0
    for text in TEXTS[:4]:
        ids = [tokenizer.bos_token_id, *tokenizer(text)["input_ids"], tokenizer.eos_token_id]
        for at in range(0, len(ids) - 1, 31):
            window = torch.tensor([ids[at : at + 32]])
            with torch.no_grad():
                chances = model.core.eval()(window).logits.log_softmax(-1)[0, :-1]
            bits -= chances.gather(1, window[0, 1:, None]).sum().item() / np.log(2)
    size = sum(len(text.encode()) for text in TEXTS[:4])
    rows = ROWS.head(4)
    measured = task.measure(predict(model, task, task.encode(rows)), task.references(rows))
    assert measured.values()["bits_per_byte"] == pytest.approx(bits / size, rel=1e-5)
    answers = task.answers(predict(model, task, task.encode(rows)), rows)
    assert np.mean([one["bits_per_byte"] for one in answers]) == pytest.approx(bits / size, rel=0.1)


def test_no_more_is_measured_than_asked(made: dict[str, tuple[Any, Model]]) -> None:
    model = made["causal"][1]
    few = LanguageModel(max_length=32, measured_tokens=600).build({}, model.processor)
    examples = few.encode(ROWS)
    assert sum(len(one["input_ids"]) for one in examples) <= 600
    rows = [one["row"] for one in examples]
    assert len(set(rows)) == len(rows), "the beginnings of many rather than all of few"
    share = predict(model, few, examples)[:, 2]
    assert 0 < share[share > 0].min() < 1


def test_rows_are_joined_where_they_follow_each_other() -> None:
    rows = pl.DataFrame(
        {"text": ["a", "b", "d", "x"], "_source": ["s", "s", "s", "t"], "_row": [0, 1, 3, 4]}
    )
    assert documents(rows, join=True).to_list() == ["a\nb", "d", "x"]
    assert documents(rows, join=False).to_list() == ["a", "b", "d", "x"]


@pytest.mark.parametrize("kind", ["gpt2", "bert", "llama"])
def test_bases_of_others_are_trained_on(kind: str, tmp_path: Path) -> None:
    path = write_base(kind, tmp_path / "base", ["glue", "wood", "is", "warm", "the"])
    base = Base(kind, path, "folder")
    tokenizer = load_tokenizer(base)
    if kind == "bert":
        tokenizer.add_special_tokens({"mask_token": "[UNK]"})
    task = LanguageModel(max_length=16).build({}, tokenizer)
    model = load_model(base, task.head(), tokenizer)
    task.adjust(model.core)
    rows = pl.DataFrame({"text": ["the glue is warm the wood is warm", "wood"]})
    batch = task.collate_to_train(task.encode(rows), (0, 0, 0))
    total, weight = task.loss(model.network(**inputs_of(batch)), batch)
    assert weight > 0
    assert torch.isfinite(total)
