"""How a conversation becomes one text, and which part of it the assistant says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2.exceptions import TemplateError
from transformers import PreTrainedTokenizerBase

from luthier.data.formats.turns import parsed_json

Turn = Mapping[str, Any]
"""A turn as rows have it: ``role``, ``content``, ``loss``, ``tool_calls`` as JSON."""

START, END = "<|im_start|>", "<|im_end|>"

CHATML = (
    "{% if tools %}{{ '<|im_start|>system\n' }}"
    "{% if messages[0]['role'] == 'system' %}{{ messages[0]['content'] + '\n' }}{% endif %}"
    "{{ 'Tools: ' + (tools | tojson) + '<|im_end|>\n' }}{% endif %}"
    "{% for message in messages %}"
    "{% if not (tools and loop.first and message['role'] == 'system') %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""ChatML, for tokenizers without a template."""


@dataclass(frozen=True)
class Piece:
    """A text to train on."""

    text: str
    learned: tuple[tuple[int, int], ...]
    """Beginning and end, in characters, of what is learned."""
    asked: int
    """Turns that stand before the last one of the assistant in it."""


class Template:
    """The chat template of a tokenizer; one without gets ChatML and keeps it when it is saved.

    Args:
        tokenizer: The base's. Where it has no sign for the end of a turn, its end token is that.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        if tokenizer.chat_template is None:
            known = END in tokenizer.get_vocab()
            end = END if known else str(tokenizer.eos_token)
            tokenizer.chat_template = CHATML.replace(END, end)
        self._calls = "tool_calls" in str(tokenizer.chat_template)
        self.ends = self._find_ends()
        """Tokens that end an answer; empty: the template writes none."""

    def render(
        self, turns: Sequence[Turn], tools: str | None = None, *, asks: bool = False
    ) -> str | None:
        """The text of a conversation; None where the template refuses its turns.

        A system prompt that the template has no place for stands before the first question.

        Args:
            turns: The conversation.
            tools: JSON of those that may be called.
            asks: Whether the assistant's next turn is to begin at the end.
        """
        messages = [self._message(turn) for turn in turns]
        known = parsed_json(tools) if tools else None
        text = self._rendered(messages, known, asks)
        if text is None and messages and messages[0]["role"] == "system":
            text = self._rendered(_without_system(messages), known, asks)
        return text

    def pieces(
        self, turns: Sequence[Turn], tools: str | None = None, *, last: bool = False
    ) -> list[Piece]:
        """The texts to train on: one, in which every turn that is learned has its place.

        Where the template writes an earlier turn otherwise once others follow, the text of each
        learned turn is one by itself, as it was when the turn was to be written.

        Args:
            turns: The conversation.
            tools: JSON of those that may be called.
            last: Whether only the last of the learned turns counts.
        """
        places = [n for n, turn in enumerate(turns) if _learned(turn)]
        places = places[-1:] if last else places
        found = [(n, self._turn(turns, n, tools)) for n in places]
        written = [(n, *one) for n, one in found if one is not None]
        whole = self.render(turns, tools)
        if whole is not None and all(whole.startswith(text) for _, text, _ in written):
            spans = tuple((start, len(text)) for _, text, start in written)
            return [self._ended(whole, turns, spans)]
        return [
            self._ended(text, turns[: n + 1], ((start, len(text)),)) for n, text, start in written
        ]

    def _turn(self, turns: Sequence[Turn], n: int, tools: str | None) -> tuple[str, int] | None:
        """The text up to a turn's end, and where in it the turn begins."""
        text = self.render(turns[: n + 1], tools)
        asks = turns[n]["role"] == "assistant"
        before = self.render(turns[:n], tools, asks=asks) if n or asks else ""
        if text is None:
            return None
        return text, _common(text, before or "")

    def _ended(self, text: str, turns: Sequence[Turn], spans: tuple[tuple[int, int], ...]) -> Piece:
        """The text, with the end token where the template itself writes none."""
        asked = last_answer(turns)
        if self.ends or not turns or turns[-1]["role"] != "assistant" or not spans:
            return Piece(text, spans, asked)
        whole = text + str(self.tokenizer.eos_token)
        last = (spans[-1][0], len(whole)) if spans[-1][1] == len(text) else spans[-1]
        return Piece(whole, (*spans[:-1], last), asked)

    def _message(self, turn: Turn) -> dict[str, Any]:
        """A turn as templates take it; calls of tools as text where they know none."""
        content, calls = turn["content"] or "", turn.get("tool_calls")
        message: dict[str, Any] = {"role": turn["role"], "content": content}
        if calls and self._calls:
            message["tool_calls"] = json.loads(calls)
        elif calls:
            message["content"] = f"{content}<tool_call>\n{calls}\n</tool_call>"
        return message

    def _rendered(self, messages: list[dict[str, Any]], tools: Any, asks: bool) -> str | None:
        try:
            return str(
                self.tokenizer.apply_chat_template(
                    messages, tools=tools, tokenize=False, add_generation_prompt=asks
                )
            )
        except (TemplateError, TypeError, IndexError):
            return None

    def _find_ends(self) -> frozenset[int]:
        """The special token that the template writes behind an answer."""
        asked, said = {"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}
        text, before = (
            self._rendered(messages, None, asks)
            for messages, asks in (([asked, said], False), ([asked], True))
        )
        if text is None:
            return frozenset()
        answer = text[_common(text, before or "") :]
        behind = answer[answer.find("2") + 1 :]
        ids = self.tokenizer(behind, add_special_tokens=False)["input_ids"]
        special = {*self.tokenizer.all_special_ids, *self.tokenizer.added_tokens_decoder}
        return frozenset([one for one in ids if one in special][:1])


def last_answer(turns: Sequence[Turn]) -> int:
    """How many turns stand before the assistant's last; all where it says nothing."""
    said = [n for n, turn in enumerate(turns) if turn["role"] == "assistant"]
    return said[-1] if said else len(turns)


def _learned(turn: Turn) -> bool:
    """Whether a turn is learned: as it says itself, else if the assistant says it."""
    loss = turn.get("loss")
    return bool(turn["role"] == "assistant" if loss is None else loss)


def _common(one: str, other: str) -> int:
    """Characters with which both texts begin."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _without_system(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The turns with the system prompt before the first question."""
    system, *rest = messages
    for place, message in enumerate(rest):
        if message["role"] == "user":
            both = f"{system['content']}\n\n{message['content']}"
            return [*rest[:place], {**message, "content": both}, *rest[place + 1 :]]
    return rest
