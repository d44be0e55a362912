"""Conversations: an assistant's turns learned from many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.data.roles import Role
from luthier.recipe.registries import TASKS
from luthier.tasks.chatting.chatter import Chatter
from luthier.tasks.task import Facts, TaskConfig
from luthier.tasks.writing.decoding import Decoding
from luthier.tasks.writing.judged import Judged

if TYPE_CHECKING:
    import polars as pl
    from transformers import PreTrainedTokenizerBase

    from luthier import metrics
else:
    metrics = lazy("luthier.metrics")


@TASKS.register
class Chat(Decoding, Judged, TaskConfig):
    """Answer in a conversation: only what the assistant says is learned (Ouyang et al. 2022).

    Turns are put together by the chat template of the base's tokenizer, the same in training and in
    serving; a tokenizer without one gets ChatML. A turn with `loss: false` is read and not learned.
    Validation is measured by `loss`. With `metrics` the model writes the last turn of the test's
    conversations, which is then compared with the one that stands there.
    """

    shares: ClassVar[bool] = False

    kind: Literal["chat"] = "chat"
    """This task."""
    messages: str | None = None
    """Column with the turns; default: found by its usual names and formats (messages, sharegpt,
    alpaca, prompt and completion)."""
    max_length: Annotated[int, Field(ge=16)] = 1024
    """Tokens kept of a conversation in training; what is beyond is cut."""
    learn_turns: Literal["all", "last"] = "all"
    """Whether every turn of the assistant is learned, or the last of each conversation."""
    packing: bool = False
    """Put the conversations of a micro-batch side by side in blocks of `max_length` tokens, none of
    which sees another: no padding. Worth it on a GPU; on a CPU batches of like length cost less."""

    def roles(self) -> tuple[Role, ...]:
        """``messages``, and ``tools`` where rows have such."""
        return (
            Role("messages", "dialogue", (self.messages,) if self.messages else ()),
            Role("tools", "extra", required=False),
        )

    def metric_names(self) -> list[str]:
        """Loss and perplexity of what is learned; with ``metrics`` also of what is written."""
        more = [*self.metrics, "ended", "repetition"] if self.metrics else []
        return [*metrics.LIKELIHOOD, *more]

    def learn(self, train: pl.DataFrame) -> Facts:
        """Nothing: a conversation has no labels."""
        return {}

    def build(self, facts: Facts, processor: PreTrainedTokenizerBase) -> Chatter:
        """The task that answers so."""
        return Chatter(self, processor)
