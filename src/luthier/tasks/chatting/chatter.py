"""The task chat at work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from luthier.core.lazy import lazy
from luthier.data.roles import ROW
from luthier.tasks.about import About
from luthier.tasks.task import Batch, Example, Predictions
from luthier.tasks.writing.speaker import Speaker

if TYPE_CHECKING:
    import polars as pl
    from transformers import PreTrainedTokenizerBase

    from luthier.metrics import Wanted
    from luthier.tasks.chat import Chat
    from luthier.tasks.chatting import cards, encoding, template
    from luthier.tasks.writing import batches
else:
    pl = lazy("polars")
    NAMES = ("cards", "encoding", "template")
    cards, encoding, template = (lazy(f"{__package__}.{n}") for n in NAMES)
    batches = lazy("luthier.tasks.writing.batches")


class Chatter(Speaker):
    """The next turn of a conversation, written by a transformers decoder.

    Args:
        config: What the recipe says.
        tokenizer: The base's; it gets a chat template where it has none.
    """

    answer: ClassVar[str] = "messages"

    def __init__(self, config: Chat, tokenizer: PreTrainedTokenizerBase) -> None:
        super().__init__(config, tokenizer)
        self.config = config
        encoding.check_decoder(self.signs)
        self.template = template.Template(tokenizer)
        positions = int(tokenizer.model_max_length)
        self.max_length = min(config.max_length, positions)
        most = min(256, self.max_length // 2)
        self.settings = {**config.settings(most), **self.signs.generation()}
        self.settings["eos_token_id"] = sorted({self.signs.end, *self.template.ends})
        self.room = max(1, positions - self.settings["max_new_tokens"])

    @property
    def ends(self) -> frozenset[int]:
        """The token that ends a turn."""
        return self.template.ends or frozenset({self.signs.end})

    def about(self) -> About:
        """With transformers."""
        return cards.about(self.settings)

    def encode(self, rows: pl.DataFrame) -> list[Example]:
        """``input_ids`` of each conversation and ``labels`` of what is learned in it.

        ``prompt`` is what the assistant's last turn is to be written from. Of rows that are not
        prepared ones the next turn is asked: ``input_ids`` is the prompt and there are no labels.
        A conversation may give several examples; ``row`` is the one they are of.
        """
        found = encoding.conversations(rows)
        return list(encoding.encoded(self, found, learn=ROW in rows.columns))

    def prompt(self, turns: Sequence[template.Turn], tools: str | None = None) -> list[int]:
        """Token ids from which the assistant's next turn is written; the oldest are left out."""
        text = self.template.render(turns, tools, asks=True) or ""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return ids[-self.room :] or [self.signs.end]

    def served(self, rows: pl.DataFrame) -> list[Sequence[int]]:
        """What the last turn of each conversation is written from."""
        return [example["prompt"] for example in self.encode(rows)]

    def given(self, example: Example) -> Sequence[int]:
        """The conversation."""
        ids: Sequence[int] = example["input_ids"]
        return ids

    def texts(self, rows: pl.DataFrame) -> pl.Series:
        """The conversations as the template writes them."""
        said = [
            self.template.render(turns, tools) or ""
            for turns, tools in encoding.conversations(rows)
        ]
        return pl.Series("text", said, dtype=pl.String)

    def spread(self, rows: pl.DataFrame, examples: Sequence[Example]) -> pl.DataFrame:
        """The conversation of each example."""
        return rows[[example["row"] for example in examples]]

    def collate(self, examples: Sequence[Example]) -> Batch:
        """What to write from, and beside it what is learned where known."""
        return encoding.to_write(self.signs, examples)

    def collate_to_train(self, examples: Sequence[Example], seeds: Sequence[int]) -> Batch:
        """Conversations with the labels of what is learned, perhaps packed."""
        size = self.max_length if self.config.packing else None
        return encoding.to_train(self.signs, examples, size)

    def gather(self, decoded: list[Any], examples: Sequence[Example]) -> Predictions:
        """Of each conversation the last answer, and the likelihood of all its learned turns."""
        return encoding.gathered(decoded, examples)

    def references(self, rows: pl.DataFrame) -> list[Wanted]:
        """The last answer of each conversation; without a model its question could be repeated."""
        found = [encoding.answered(turns) for turns, _ in encoding.conversations(rows)]
        return self.wanted([(answer,) for answer, _ in found], [(asked,) for _, asked in found])

    def read(self, said: str) -> dict[str, Any]:
        """A question without anything before it."""
        return {"messages": [{"role": "user", "content": said, "loss": None, "tool_calls": None}]}
