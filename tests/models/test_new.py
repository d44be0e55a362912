"""New bases: classes of transformers, sizes as stated, tokenizers that lose nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
import transformers

from luthier.data.sources import read_source
from luthier.models.bases import Base
from luthier.models.new import TOKENIZER_REPORT, make_base, new_config
from luthier.models.processors import load_tokenizer
from luthier.models.tokenizers import SENTINELS, train_tokenizer
from luthier.recipe.library import shipped
from luthier.recipe.load import load_recipe
from luthier.recipe.new import NewBase, NewNetwork, NewTokenizer

NOTES = shipped()["workshop-notes"].parent / "data" / "workshop_notes.txt"
TEXTS = read_source(str(NOTES), base_dir=Path()).rows["text"]
HARD = "Hello  world, l'été à Noël.\nÜber 2024 我们今天去北京。🎉 \ttab"
CLASSES = {
    "decoder": "AutoModelForCausalLM",
    "encoder": "AutoModelForMaskedLM",
    "encoder_decoder": "AutoModelForSeq2SeqLM",
}
STATED = {
    "decoder": {"tiny": 2, "mini": 5, "small": 17, "base": 42},
    "encoder": {"tiny": 2, "mini": 6, "small": 18, "base": 43},
    "encoder_decoder": {"tiny": 2, "mini": 9, "small": 27, "base": 61},
}


def unasked(name: str) -> Base:
    raise AssertionError(name)


def trained(family: Any, kind: Any, vocabulary: int = 700) -> Any:
    settings = NewTokenizer(kind=kind, vocabulary=vocabulary)
    return train_tokenizer(settings, family, TEXTS, positions=64)


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
@pytest.mark.parametrize("family", CLASSES)
def test_a_tokenizer_loses_nothing_and_is_made_the_same_twice(family: str, kind: str) -> None:
    tokenizer = trained(family, kind)
    assert tokenizer.backend_tokenizer.to_str() == trained(family, kind).backend_tokenizer.to_str()
    ids = tokenizer(HARD)["input_ids"]
    said = tokenizer.decode(ids, skip_special_tokens=True)
    assert said.removeprefix(" ") == HARD.replace("\t", said[-4])
    assert tokenizer.unk_token_id not in ids
    assert len(tokenizer) <= 700 + 4
    special = [tokenizer.decode([one]) for one in tokenizer(HARD)["input_ids"] if one < 5]
    assert special == {"decoder": [], "encoder": ["[CLS]", "[SEP]"]}.get(family, ["</s>"])


def test_words_alone_look_as_they_do_within_a_text() -> None:
    """What tagging needs: an encoder reads words one by one."""
    tokenizer = trained("encoder", "bpe")
    whole = tokenizer("the glue is warm", add_special_tokens=False)["input_ids"]
    words = ["the", "glue", "is", "warm"]
    split = tokenizer(words, is_split_into_words=True, add_special_tokens=False)["input_ids"]
    assert whole == split


def test_chat_template_marks_what_the_assistant_says() -> None:
    tokenizer = trained("decoder", "bpe")
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Which wood?"},
        {"role": "assistant", "content": "Spruce."},
    ]
    text = tokenizer.apply_chat_template(messages, tokenize=False)
    assert text.endswith("<|im_start|>assistant\nSpruce.<|im_end|>\n")
    made = tokenizer.apply_chat_template(
        messages, return_dict=True, return_assistant_tokens_mask=True
    )
    spoken = [i for i, on in zip(made["input_ids"], made["assistant_masks"], strict=True) if on]
    assert tokenizer.decode(spoken) == "Spruce.<|im_end|>"
    assert tokenizer("<|im_end|>")["input_ids"] == [tokenizer.convert_tokens_to_ids("<|im_end|>")]


@pytest.mark.parametrize("family", CLASSES)
def test_sizes_are_as_stated(family: Any) -> None:
    class Pieces(list[int]):
        pad_token_id, bos_token_id, eos_token_id = 0, 1, 1

    for size, millions in STATED[family].items():
        network = NewNetwork(family=family, size=size)  # type: ignore[arg-type]
        config = new_config(network, Pieces(range(8192)))  # type: ignore[arg-type]
        with torch.device("meta"):
            made = getattr(transformers, CLASSES[family]).from_config(config)
        assert round(made.num_parameters() / 1e6) == millions, size


def test_a_base_is_a_folder_that_transformers_reads(tmp_path: Path) -> None:
    wanted = NewBase(
        new=NewNetwork(
            family="encoder_decoder", width=32, layers=1, tokenizer=NewTokenizer(vocabulary=500)
        )
    )
    base = make_base(wanted, TEXTS, tmp_path / "base", find=unasked)
    assert base.name == "new:encoder-decoder-32x1"
    config = transformers.AutoConfig.from_pretrained(base.path)
    assert config.model_type == "t5"
    tokenizer = load_tokenizer(base)
    assert tokenizer.convert_tokens_to_ids(SENTINELS[7]) == tokenizer.get_vocab()["<extra_id_7>"]
    report = json.loads((base.path / TOKENIZER_REPORT).read_text())
    assert report["languages"]["en"]["coverage"] == 1.0
    assert 1 < report["languages"]["en"]["tokens_per_word"] < 4
    assert report["languages"]["zh"]["tokens_per_word"] is None
    again = make_base(wanted, pl.Series(["else"]), tmp_path / "base", find=unasked)
    assert again == base
    other = wanted.new.model_copy(update={"tokenizer": "known", "family": "decoder"})
    taken = make_base(NewBase(new=other), TEXTS, tmp_path / "other", find=lambda _: base)
    assert load_tokenizer(taken).get_vocab() == tokenizer.get_vocab()


def test_heads_must_divide_the_width() -> None:
    values = {
        "name": "x", "task": {"kind": "language_model"}, "data": {"train": "x.txt"},
        "base": {"new": {"family": "decoder", "width": 40, "heads": 3}},
    }  # fmt: skip
    with pytest.raises(Exception, match="width must be a multiple of heads"):
        load_recipe(values)
    values["base"] = {"new": {"familly": "decoder"}}
    with pytest.raises(Exception, match="Did you mean 'family'"):
        load_recipe(values)
