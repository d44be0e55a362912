"""Tokenizers of three kinds that know every character of the texts they are tried on."""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

HAN = "合同于北京签订，租期三年。甲方每月支付元整"
LATIN = "abcdefghijklmnopqrstuvwxyz0123456789.,;:()%$?!'-/"
LETTERS = LATIN + HAN
KINDS = ("wordpiece", "bytes", "pieces")


def tokenizer(kind: str, words: tuple[str, ...] = (), length: int = 10**9) -> Any:
    """A tokenizer as those of BERT, GPT-2 or T5 are, with one token for a character or byte.

    Args:
        kind: One of ``KINDS``.
        words: What ``wordpiece`` has whole tokens for beside.
        length: Its ``model_max_length``.
    """
    made: Tokenizer = {"wordpiece": _wordpiece, "bytes": _bytes, "pieces": _pieces}[kind](words)
    marks = {"cls_token": "[CLS]", "sep_token": "[SEP]"} if kind == "wordpiece" else {}
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if marks else [])]
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", model_max_length=length,
        model_input_names=names, **marks,
    )  # fmt: skip


def _wordpiece(words: tuple[str, ...]) -> Tokenizer:
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, *(f"##{c}" for c in LATIN), *words]
    made = Tokenizer(models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )  # fmt: skip
    return made


def _bytes(words: tuple[str, ...]) -> Tokenizer:
    signs = ["[PAD]", "[UNK]", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    made = Tokenizer(models.BPE({s: i for i, s in enumerate(signs)}, [], unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.post_processor = processors.ByteLevel(trim_offsets=False)
    return made


def _pieces(words: tuple[str, ...]) -> Tokenizer:
    pieces = ["[PAD]", "[UNK]", "</s>", "▁", *LETTERS, *LATIN[:26].upper(), "é"]
    made = Tokenizer(models.Unigram([(piece, -1.0) for piece in pieces], unk_id=1))
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 2)]
    )
    return made
