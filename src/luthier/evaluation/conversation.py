"""A conversation with a tuned model, word by word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import GenerationConfig, TextStreamer

from luthier.core.errors import RunError
from luthier.data.formats.turns import Turn, turn
from luthier.evaluation.predictor import Predictor
from luthier.models import kernels
from luthier.models.devices import device, seed_everything
from luthier.models.kernels.logits import compute_logits
from luthier.tasks.chatting.chatter import Chatter


class Conversation:
    """What was said, and a model that goes on with it.

    Args:
        predictor: Of a model tuned for the task chat.
        system: Prompt that stands before the first question; None: none.
        changes: Settings of generation other than the model's own, by transformers' names.

    Raises:
        RunError: If the model was tuned for another task.
    """

    def __init__(self, predictor: Predictor, system: str | None = None, **changes: Any) -> None:
        if not isinstance(predictor.task, Chatter):
            raise RunError(
                "The model does not chat: it was tuned for another task.",
                hint="Ask it with luthier predict, or tune one with the task chat.",
            )
        self.task = predictor.task
        self.model = predictor.model
        self.system = system
        self.seed = 0
        # Beams know their words only at the end.
        self.settings = {**self.task.settings, "num_beams": 1, **changes}
        self.settings.pop("length_penalty", None)
        self.turns: list[Turn] = []
        self.reset()

    def reset(self) -> None:
        """Forget all that was said."""
        self.turns = [] if self.system is None else [turn("system", self.system)]

    def say(self, text: str, on_text: Callable[[str], None]) -> str:
        """The model's answer, which then is part of the conversation.

        Args:
            text: What is asked.
            on_text: Told each part of the answer as it is written.
        """
        self.turns.append(turn("user", text))
        place = device()
        network: Any = self.model.network
        network.to(place).eval()
        kernels.use_standard(self.model.core)
        compute_logits(self.model.core)
        ids = torch.tensor([self.task.prompt(self.turns)], device=place)
        parts: list[str] = []

        def told(part: str) -> None:
            parts.append(part)
            on_text(part)

        config = GenerationConfig(**self.settings)  # type: ignore[no-untyped-call]
        seed_everything(self.seed, len(self.turns))
        with torch.inference_mode():
            network.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids),
                generation_config=config,
                streamer=_Told(self.task.tokenizer, told),
            )  # fmt: skip
        answer = "".join(parts).strip()
        self.turns.append(turn("assistant", answer))
        return answer


class _Told(TextStreamer):
    """Hands on what is written, word by word."""

    def __init__(self, tokenizer: Any, told: Callable[[str], None]) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self._told = told

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """A part of the answer."""
        self._told(text)


def spoken(turns: Sequence[Turn]) -> list[dict[str, str]]:
    """The turns as people read them: who and what."""
    return [{"role": one["role"], "content": one["content"] or ""} for one in turns]
