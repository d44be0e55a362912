"""Tags that mark entities."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from luthier.core.lazy import lazy
from luthier.tasks.tagging.tagger import Tagger

if TYPE_CHECKING:
    import polars as pl

    from luthier import metrics
    from luthier.metrics import Measures, Tagged
    from luthier.tasks.tagging import saying
else:
    metrics, saying = lazy("luthier.metrics"), lazy(f"{__package__}.saying")


class EntityTagger(Tagger):
    """Entities of sentences."""

    default_metric: ClassVar[str] = "f1"

    def measure(
        self,
        predictions: list[Tagged],
        references: list[list[str]],
        *,
        confidence: float = 0.95,
        resamples: int = 1000,
    ) -> Measures:
        """Precision, recall and F1 of entities; intervals over sentences."""
        return metrics.measure_entities(
            references, predictions, confidence=confidence, resamples=resamples
        )

    def baseline(self, rows: pl.DataFrame) -> Measures:
        """No entity anywhere."""
        truth = self.references(rows)
        said = [metrics.Tagged([self.labels[0]] * len(tags), [1.0] * len(tags)) for tags in truth]
        return self.measure(said, truth, resamples=0)

    def answerable(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
        """All rows; a note on types that the model cannot find, which count as wrong."""
        known = {kind for _, _, kind in metrics.mentions(self.labels)}
        found = Counter(k for tags in self.references(rows) for _, _, k in metrics.mentions(tags))
        strange = {kind: found[kind] for kind in sorted(found) if kind not in known}
        if not strange:
            return rows, []
        names = ", ".join(strange)
        return rows, [f"{sum(strange.values())} entities count as wrong: unknown types {names}"]

    def answers(self, predictions: list[Tagged], rows: pl.DataFrame) -> list[dict[str, Any]]:
        """``tagged`` (the text with entities in brackets), ``entities`` and ``words``.

        Of each entity ``type``, ``text``, ``start`` and ``end`` (its characters in ``text``), and
        ``probability``; of each word the same with ``token`` and ``tag``.
        """
        given = zip(self._said(rows), predictions, strict=True)
        return [
            {
                "tagged": saying.marked(text, places, one),
                "entities": saying.entities(text, places, one),
                "words": saying.words(said, places, one),
                "text": text,
            }
            for (text, said, places), one in given
        ]

    def mistakes(
        self, rows: pl.DataFrame, predictions: list[Tagged], count: int
    ) -> list[dict[str, Any]]:
        """The wrong or missed entity of each sentence with the most certainty behind it."""
        given = zip(self._said(rows), self.references(rows), predictions, strict=True)
        found = [
            saying.worst_entity(text, places, truth, one) for (text, _, places), truth, one in given
        ]
        return saying.surest(found, count)
