"""Tags of words: named entities, parts of speech."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.errors import DataError
from luthier.core.lazy import lazy
from luthier.data.roles import Role
from luthier.recipe.registries import TASKS
from luthier.tasks.tagging.entity_tagger import EntityTagger
from luthier.tasks.tagging.word_tagger import WordTagger
from luthier.tasks.task import Facts, Task, TaskConfig

if TYPE_CHECKING:
    import polars as pl
    from transformers import PreTrainedTokenizerBase

    from luthier import metrics
    from luthier.data import schemes, words
else:
    pl, metrics = lazy("polars"), lazy("luthier.metrics")
    schemes, words = lazy("luthier.data.schemes"), lazy("luthier.data.words")


@TASKS.register
class Tag(TaskConfig):
    """Give every word of a sentence a tag: named entities, parts of speech."""

    per_token: ClassVar[bool] = True

    kind: Literal["tag"] = "tag"
    """This task."""
    tokens: str | None = None
    """Column with the words of a sentence; default: found by its usual names."""
    tags: str | None = None
    """Column with a tag for each word, e.g. `upos`; default: found by its usual names."""
    scheme: Literal["auto", "IO", "BIO", "BIOES", "none"] = "auto"
    """How tags mark entities; the model learns the tags of this scheme, whatever scheme the rows
    are in. `auto`: that of the rows (IOB1 is learned as `BIO`, BILOU and BMES as `BIOES`). `none`:
    they mark none, as parts of speech: a tag is then a name and no more."""
    max_length: Annotated[int, Field(ge=16)] = 512
    """Tokens of a window, special ones included; at most as many as the base has positions for.
    A longer sentence is read in several windows, so nothing of it is cut off."""
    stride: Annotated[int, Field(ge=0)] = 64
    """Tokens that a window shares with the next, so that words at its border are seen with what
    is around them; at most half a window."""

    def roles(self) -> tuple[Role, ...]:
        """``tokens`` and ``tags``."""
        return (
            Role("tokens", "tokens", (self.tokens,) if self.tokens else ()),
            Role("tags", "tags", (self.tags,) if self.tags else ()),
        )

    def metric_names(self) -> list[str]:
        """Those of entities, where tags may mark such, and of tags."""
        return list(metrics.TAGS if self.scheme == "none" else metrics.ENTITIES)

    def learn(self, train: pl.DataFrame) -> Facts:
        """``labels``, ``scheme`` (None: no entities), and ``characters`` of Chinese as words.

        Raises:
            DataError: If entities are inside others, or there is nothing to tell apart.
        """
        known = sorted(train["tags"].explode().drop_nulls().unique().to_list())
        schemes.check_flat(known)
        scheme = schemes.detect(known) if self.scheme == "auto" else self.scheme
        labels = known
        if scheme is not None and scheme != "none":
            rows = train["tags"].to_list()
            found = [metrics.mentions(schemes.canonical(tags or (), scheme)) for tags in rows]
            labels = schemes.tags_of(sorted({kind for row in found for _, _, kind in row}), scheme)
        if len(labels) < 2:
            raise DataError(
                "All words to train on have the tag '{tag}': there is nothing to tell apart.",
                hint="Check which column has the tags: task.tags names it.",
                tag=labels[0] if labels else "",
            )
        said = train["tokens"].explode().drop_nulls().unique()
        return {
            "labels": labels,
            "scheme": None if scheme == "none" else scheme,
            "characters": words.by_character(said.to_list()),
        }

    def build(self, facts: Facts, processor: PreTrainedTokenizerBase) -> Task:
        """The tagger with these tags."""
        tagger = WordTagger if facts["scheme"] is None else EntityTagger
        return tagger(self, facts, processor)
