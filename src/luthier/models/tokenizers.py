"""Tokenizers trained on texts, and what they are worth.

Training depends on the texts alone: the same texts in the same order give the same pieces.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from luthier.data.languages import identify
from luthier.recipe.new import Family, NewTokenizer

START, END = "<|im_start|>", "<|im_end|>"
"""Around a turn of a conversation (ChatML)."""

SENTINELS = tuple(f"<extra_id_{number}>" for number in range(100))
"""Stand for the spans that an encoder-decoder is to fill in (Raffel et al. 2020)."""

NAMED: dict[Family, dict[str, str]] = {
    "decoder": {
        "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|pad|>",
    },
    "encoder": {
        "pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    },
    "encoder_decoder": {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"},
}  # fmt: skip
"""Special tokens by family, in the order of their numbers."""

TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""ChatML, with the assistant's turns marked for training."""

PIECE = 10_000
"""Characters of a text that are handed to the trainer at a time."""

COVERED = 0.9995
"""Share of the letters of a text that a Unigram vocabulary has pieces for, as in SentencePiece."""

MEASURED = 2_000
"""Characters of a text, and texts, that the report looks at."""


def train_tokenizer(
    settings: NewTokenizer, family: Family, texts: pl.Series, *, positions: int
) -> PreTrainedTokenizerFast:
    """A tokenizer with the special tokens of a family, learned from texts.

    Args:
        settings: Kind and number of pieces.
        family: Of the network that will read them.
        texts: What it learns from.
        positions: The longest text in tokens.
    """
    named = NAMED[family]
    special = list(dict.fromkeys([*named.values(), *_extra(family)]))
    if settings.kind == "bpe":
        backend = _bpe(settings, special, sample(texts, settings.characters), family)
    else:
        backend = _unigram(settings, special, sample(texts, settings.characters))
    _frame(backend, family)
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend,
        model_max_length=positions,
        clean_up_tokenization_spaces=False,
        extra_special_tokens=list(_extra(family)),
        **named,
    )
    if family != "encoder":
        tokenizer.chat_template = TEMPLATE
    return tokenizer


def sample(texts: pl.Series, characters: int) -> Iterator[str]:
    """The beginning of each text, so long that all have the same share and it comes to so much."""
    lengths = texts.str.len_chars().fill_null(0)
    share = min(1.0, characters / max(1, int(lengths.sum())))
    for text, length in zip(texts, lengths, strict=True):
        whole = (text or "")[: max(1, round(length * share))]
        for start in range(0, len(whole), PIECE):
            yield whole[start : start + PIECE]


def tokenizer_report(tokenizer: PreTrainedTokenizerBase, texts: pl.Series) -> dict[str, Any]:
    """What a tokenizer makes of texts, by language.

    ``pieces``, and for each language ``texts``, ``tokens_per_word`` (words stand between spaces;
    of Chinese and Japanese none are counted), ``tokens_per_character``, ``bytes_per_token`` and
    ``coverage``, the share of tokens that are not the unknown one.

    Args:
        tokenizer: To measure.
        texts: Best such as it was not trained on; of so many, spread over all, their beginning.
    """
    places = pl.int_range(0, len(texts), max(1, len(texts) // MEASURED), eager=True)
    looked = texts.gather(places).fill_null("").str.slice(0, MEASURED)
    frame = pl.DataFrame({"text": looked, "language": identify(looked)})
    languages = {
        str(key[0]): _fertility(tokenizer, part["text"].to_list())
        for key, part in sorted(frame.group_by("language"), key=lambda group: str(group[0][0]))
    }
    return {"pieces": len(tokenizer), "languages": languages}


def _fertility(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> dict[str, Any]:
    ids = tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
    tokens = max(1, sum(map(len, ids)))
    unknown = sum(one.count(tokenizer.unk_token_id) for one in ids)
    words = sum(len(text.split()) for text in texts)
    characters = max(1, sum(map(len, texts)))
    spaced = words and characters / words < 20
    return {
        "texts": len(texts),
        "tokens_per_word": round(tokens / words, 3) if spaced else None,
        "tokens_per_character": round(tokens / characters, 3),
        "bytes_per_token": round(sum(len(text.encode()) for text in texts) / tokens, 3),
        "coverage": round(1 - unknown / tokens, 6),
    }


def _extra(family: Family) -> tuple[str, ...]:
    """Special tokens beside those that transformers has a name for."""
    if family == "encoder":
        return ()
    return (START, END, *(SENTINELS if family == "encoder_decoder" else ()))


def _bpe(
    settings: NewTokenizer, special: list[str], texts: Iterator[str], family: Family
) -> Tokenizer:
    backend = Tokenizer(models.BPE())
    backend.normalizer = normalizers.NFC()
    # Encoders read words by themselves too, which must look as they do within a text.
    spaced = family == "encoder"
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.ByteLevel(add_prefix_space=spaced),
            pre_tokenizers.Digits(individual_digits=True),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=settings.vocabulary, special_tokens=special, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), max_token_length=32,
    )  # fmt: skip
    backend.train_from_iterator(texts, trainer)
    return backend


def _unigram(settings: NewTokenizer, special: list[str], texts: Iterator[str]) -> Tokenizer:
    """Pieces of a unigram model, and behind them one for each byte."""
    unknown = "[UNK]" if "[UNK]" in special else "<unk>"
    special = special if unknown in special else [*special, unknown]
    learner = Tokenizer(models.Unigram())
    learner.normalizer = normalizers.NFKC()
    learner.pre_tokenizer = _words()
    trainer = trainers.UnigramTrainer(
        vocab_size=max(len(special) + 32, settings.vocabulary - 256), special_tokens=special,
        unk_token=unknown, show_progress=False, max_piece_length=16,
    )  # fmt: skip
    known = list(texts)
    rare = _rare(known, most=max(64, (settings.vocabulary - 256 - len(special)) // 2))
    learner.train_from_iterator((text.translate(rare) for text in known), trainer)
    listed = _settled(json.loads(learner.to_str())["model"]["vocab"], len(special))
    least = listed[-1][1]
    listed += [(f"<0x{byte:02X}>", least - 1) for byte in range(256)]
    backend = Tokenizer(models.Unigram(listed, special.index(unknown), byte_fallback=True))
    backend.normalizer = normalizers.NFKC()
    backend.pre_tokenizer = _words()
    backend.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )  # fmt: skip
    backend.add_special_tokens([AddedToken(token, special=True) for token in special])
    return backend


def _rare(texts: Sequence[str], most: int) -> dict[int, str]:
    """Letters that get no piece of their own, to a space: bytes will do for them.

    The others come to ``COVERED`` of all letters, and are so many at most.
    """
    counts = Counter[str]()
    for text in texts:
        counts.update(text)
    ordered = sorted(counts, key=lambda letter: (-counts[letter], letter))
    shares = itertools.accumulate(counts[letter] / counts.total() for letter in ordered)
    kept = sum(share <= COVERED for share in shares) + 1
    return {ord(letter): " " for letter in ordered[min(kept, most) :]}


def _settled(pieces: list[tuple[str, float]], special: int) -> list[tuple[str, float]]:
    """Pieces and scores in an order that is always the same, special tokens first.

    The trainer goes through its words in any order. That moves the last digits of scores and the
    order of equal ones, and with it the scores of single letters that it adds behind the least.
    """
    scores = [score for _, score in pieces[special:]]
    least = min(scores)
    added = least + 1e-4 * len(scores)
    plain = [
        (piece, round(least, 2) if score < added else round(score, 5))
        for piece, score in pieces[special:]
    ]
    return [(piece, score) for piece, score in pieces[:special]] + sorted(
        plain, key=lambda one: (-one[1], one[0])
    )


def _words() -> pre_tokenizers.PreTokenizer:
    """Words with the space before them; lines and digits by themselves."""
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\n"), "isolated"),
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.Metaspace(prepend_scheme="first"),
        ]
    )


def _frame(backend: Tokenizer, family: Family) -> None:
    """Let texts be framed with the special tokens that the family's networks expect."""
    known = backend.get_vocab()

    def numbered(*tokens: str) -> list[tuple[str, int]]:
        return [(token, known[token]) for token in tokens]

    if family == "encoder":
        backend.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=numbered("[CLS]", "[SEP]"),
        )  # fmt: skip
    elif family == "encoder_decoder":
        _end(backend, "</s>")


def end_texts(tokenizer: PreTrainedTokenizerBase) -> None:
    """Let each text end with the end token, and begin with none, as encoder-decoders expect."""
    _end(tokenizer.backend_tokenizer, str(tokenizer.eos_token))


def _end(backend: Tokenizer, end: str) -> None:
    backend.post_processor = processors.TemplateProcessing(
        single=f"$A {end}", pair=f"$A {end} $B {end}",
        special_tokens=[(end, backend.token_to_id(end))],
    )  # fmt: skip
