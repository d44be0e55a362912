"""The base at the service of preparation: perplexity, guesses for hidden words, embeddings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from luthier.core.errors import DataError
from luthier.core.files import sha256
from luthier.data.batch import batches_by_length
from luthier.data.tools import Guess, Span
from luthier.models.bases import Base
from luthier.models.families import Family, family_of
from luthier.models.load import load_bare
from luthier.models.processors import load_tokenizer

MAX_TOKENS = 8192
"""Token budget of a batch, padding included."""

MAX_LOGITS = 2**26
"""Numbers that a language model's output may have in a batch."""

CHUNK = 128
"""Texts whose hidden copies are made at a time."""

MOST_HIDDEN = 64
"""Tokens of a text that are hidden in turn to tell its perplexity; of longer texts every n-th."""

_WORD_STARTS = ("Ġ", "▁")
"""How vocabularies of bytes and of sentence pieces mark that a blank stands before a piece."""

_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")


class BaseTools:
    """What :class:`luthier.data.tools.Tools` asks for, by a base; each part loads when needed.

    Args:
        base: The base.
        place: Where it computes.
    """

    def __init__(self, base: Base, place: torch.device | None = None) -> None:
        self._base = base
        self._place = place or torch.device("cpu")

    @cached_property
    def name(self) -> str:
        """The base's name with the SHA-256 of its weights."""
        weights = sorted(self._base.path.glob("*.safetensors"))
        return ":".join([self._base.name, *(sha256(file) for file in weights)])

    def perplexity(self, texts: Sequence[str]) -> list[float]:
        """Exponential of the mean loss a token.

        Of a decoder, each token given those before; of an encoder each given all others, hidden
        in turn (pseudo-perplexity, Salazar et al. 2020). Texts longer than the base are cut.

        Raises:
            DataError: If the base is no language model.
        """
        rows = self._encode(texts)
        family = family_of(self._config)
        losses = self._following(rows) if family is Family.DECODER else self._hidden(rows)
        return [float(np.exp(loss)) for loss in losses]

    def fill_mask(
        self, texts: Sequence[str], spans: Sequence[Span], top: int = 10
    ) -> list[list[Guess]]:
        """Whole words that could stand in the spans, likeliest first.

        A span that truncation cuts off has none.

        Raises:
            DataError: If the base is no masked language model.
        """
        mask = self._tokenizer.mask_token
        network, words = self._masked, self._words
        hidden = [
            f"{text[:start]}{mask}{text[end:]}"
            for text, (start, end) in zip(texts, spans, strict=True)
        ]
        found: list[list[Guess]] = [[] for _ in texts]
        for rows, ids, attention in self._batches(self._encode(hidden), self._config.vocab_size):
            with torch.inference_mode():
                logits = network(input_ids=ids, attention_mask=attention).logits.float()
            for place, row in enumerate(rows):
                at = (ids[place] == self._tokenizer.mask_token_id).nonzero().flatten()
                if len(at):
                    chances = logits[place, at[0]].softmax(-1)
                    fitting = words.fitting(texts[row], spans[row][0])
                    found[row] = words.likeliest(chances, fitting, top)
        return found

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Means of the last layer's vectors over each text's tokens, of length one."""
        network = self._load("AutoModel")
        if family_of(self._config) is Family.ENCODER_DECODER:
            network = network.get_encoder()
        width = int(getattr(self._config, "hidden_size", 0) or self._config.d_model)
        vectors = np.zeros((len(texts), width), dtype=np.float32)
        for rows, ids, attention in self._batches(self._encode(texts)):
            with torch.inference_mode():
                states = network(input_ids=ids, attention_mask=attention).last_hidden_state.float()
            weight = attention.unsqueeze(-1)
            mean = (states * weight).sum(1) / weight.sum(1).clamp_min(1)
            vectors[rows] = torch.nn.functional.normalize(mean, dim=-1).cpu().numpy()
        return vectors

    @cached_property
    def _tokenizer(self) -> PreTrainedTokenizerBase:
        return load_tokenizer(self._base)

    @cached_property
    def _config(self) -> Any:
        return transformers.AutoConfig.from_pretrained(self._base.path)

    @cached_property
    def _words(self) -> _Words:
        return _Words(self._tokenizer)

    @cached_property
    def _masked(self) -> PreTrainedModel:
        """The base with the layers that guess hidden tokens."""
        if family_of(self._config) is not Family.ENCODER or self._tokenizer.mask_token is None:
            raise _no_head(self._base)
        return self._load("AutoModelForMaskedLM", whole=True)

    @cached_property
    def _causal(self) -> PreTrainedModel:
        return self._load("AutoModelForCausalLM", whole=True)

    def _load(self, auto_class: str, *, whole: bool = False) -> PreTrainedModel:
        """The base under an auto class; ``whole``: its head must be among the weights."""
        network, missing = load_bare(self._base, auto_class)
        # A pooler belongs to no head that tells words, and its absence hurts none.
        if whole and any("pooler" not in key for key in missing):
            raise _no_head(self._base)
        network.to(self._place)  # type: ignore[arg-type]
        network.eval()  # type: ignore[no-untyped-call]
        return network

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        ids: list[list[int]] = self._tokenizer(
            list(texts), truncation=True, max_length=self._longest, return_attention_mask=False
        )["input_ids"]
        return ids

    @property
    def _longest(self) -> int:
        return min(self._tokenizer.model_max_length, MAX_TOKENS)

    def _batches(
        self, rows: Sequence[Sequence[int]], outputs: int = 1
    ) -> Iterator[tuple[list[int], Tensor, Tensor]]:
        """Which rows, their padded ids and their attention mask; rows without tokens have none.

        ``outputs`` is how many numbers the network gives a token.
        """
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        for batch in batches_by_length(lengths, 256, min(MAX_TOKENS, MAX_LOGITS // outputs)):
            chosen = [int(row) for row in batch if lengths[row]]
            if chosen:
                yield chosen, *self._padded([rows[row] for row in chosen])

    def _padded(self, rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        longest = max(map(len, rows))
        pad = self._tokenizer.pad_token_id or 0
        ids = torch.full((len(rows), longest), pad)
        attention = torch.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = torch.tensor(row)
            attention[place, : len(row)] = 1
        return ids.to(self._place), attention.to(self._place)

    def _following(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Mean loss of every token but the first, given those before it; (texts,)."""
        losses = np.full(len(rows), np.nan)
        for chosen, ids, attention in self._batches(rows, self._config.vocab_size):
            with torch.inference_mode():
                logits = self._causal(input_ids=ids, attention_mask=attention).logits.float()
            each = torch.nn.functional.cross_entropy(
                logits[:, :-1].transpose(1, 2), ids[:, 1:], reduction="none"
            )
            weight = attention[:, 1:]
            # A text of one token has nothing to foretell it by: 0 / 0 is the NaN it should be.
            mean = (each.double() * weight).sum(1) / weight.sum(1)
            losses[chosen] = mean.cpu().numpy()
        return losses

    def _hidden(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Mean loss of every token given all others; (texts,)."""
        losses = np.full(len(rows), np.nan)
        for start in range(0, len(rows), CHUNK):
            copies = [
                (start + number, place, ids)
                for number, ids in enumerate(rows[start : start + CHUNK])
                for place in self._to_hide(ids)
            ]
            owners = np.array([owner for owner, _, _ in copies], dtype=np.int64)
            each = self._losses_of([(place, ids) for _, place, ids in copies])
            for owner in np.unique(owners):
                losses[owner] = each[owners == owner].mean()
        return losses

    def _to_hide(self, ids: Sequence[int]) -> list[int]:
        """Places of a text's own tokens, or of every n-th in a long one."""
        special = set(self._tokenizer.all_special_ids) - {self._tokenizer.unk_token_id}
        content = [place for place, token in enumerate(ids) if token not in special]
        return content[:: max(1, -(-len(content) // MOST_HIDDEN))]

    def _losses_of(self, copies: Sequence[tuple[int, Sequence[int]]]) -> NDArray[np.float64]:
        """Loss of the token at each place, hidden there; (copies,)."""
        network, mask = self._masked, self._tokenizer.mask_token_id
        hidden = [[*ids[:place], mask, *ids[place + 1 :]] for place, ids in copies]
        losses = np.zeros(len(copies))
        for chosen, ids, attention in self._batches(hidden, self._config.vocab_size):
            with torch.inference_mode():
                logits = network(input_ids=ids, attention_mask=attention).logits.float()
            places = torch.tensor([copies[n][0] for n in chosen], device=ids.device)
            tokens = torch.tensor([copies[n][1][copies[n][0]] for n in chosen], device=ids.device)
            at = logits[torch.arange(len(chosen), device=ids.device), places]
            each = torch.nn.functional.cross_entropy(at, tokens, reduction="none")
            losses[chosen] = each.double().cpu().numpy()
        return losses


class _Words:
    """Which tokens of a vocabulary are whole words, and which are single ideographs."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        special = set(tokenizer.all_special_ids)
        tokens = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        # In vocabularies that mark where words start, a piece without the mark ends one.
        marked = any(token.startswith(_WORD_STARTS) for token in tokens)
        self.spelled: dict[int, str] = {}
        words, characters = [], []
        for number, token in enumerate(tokens):
            bare = token[1:] if token.startswith(_WORD_STARTS) else token
            if number in special or token.startswith("##") or not bare.isalpha():
                continue
            if _IDEOGRAPH.match(bare):
                if len(bare) == 1:
                    characters.append(number)
            elif bare != token or not marked:
                words.append(number)
            self.spelled[number] = bare
        self._characters, self._words = torch.tensor(characters), torch.tensor(words)

    def fitting(self, text: str, start: int) -> Tensor:
        """Ids of the tokens that may stand there: ideographs for one, else words."""
        ideograph = _IDEOGRAPH.match(text[start : start + 1])
        return self._characters if ideograph else self._words

    def likeliest(self, chances: Tensor, places: Tensor, top: int) -> list[Guess]:
        """The ``top`` tokens of ``places`` as words, with their probabilities.

        Args:
            chances: (vocabulary,) probabilities.
            places: Ids to choose from.
            top: Words to give, at most.
        """
        if not len(places):
            return []
        best = chances[places.to(chances.device)].topk(min(top, len(places)))
        return [
            (self.spelled[int(places[index])], float(chance))
            for chance, index in zip(best.values, best.indices.tolist(), strict=True)
        ]


def _no_head(base: Base) -> DataError:
    return DataError(
        "The base '{name}' cannot tell words: its files lack the layers for it.",
        where=str(base.path),
        hint="Choose a base with them, e.g. a pre-trained BERT for words to hide, or leave out "
        "what needs it (the method synonyms, perplexity).",
        name=base.name,
    )
