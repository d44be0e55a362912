"""What is refused of a base that was loaded."""

from __future__ import annotations

from collections.abc import Iterable

from transformers import PreTrainedModel

from luthier.core.errors import ModelError
from luthier.models.bases import Base
from luthier.models.images import ImageProcessor


def check_loaded(base: Base, network: PreTrainedModel, missing: Iterable[str]) -> None:
    """Refuse weights that do not fill the base: it would be silently random."""
    prefix = f"{network.base_model_prefix}."
    absent = sorted(k for k in missing if k.startswith(prefix) and "pooler" not in k)
    if absent:
        raise ModelError(
            "The weights of '{name}' lack {count} tensors of the architecture, e.g. {example}.",
            where=str(base.path),
            hint="The files may be damaged or of another architecture than config.json says.",
            name=base.name,
            count=len(absent),
            example=absent[0],
        )


def check_size(base: Base, network: PreTrainedModel, processor: ImageProcessor) -> None:
    """Refuse images of another size than the network has positions for."""
    made_for = getattr(network.config, "image_size", None)
    positions = any(name.endswith("position_embeddings") for name, _ in network.named_parameters())
    if positions and isinstance(made_for, int) and processor.size != (made_for, made_for):
        raise ModelError(
            "The base '{name}' reads images of {made_for} by {made_for} pixels, not {asked}.",
            where="task.size",
            hint="Leave task.size out, or choose a convolutional base.",
            name=base.name,
            made_for=made_for,
            asked=" by ".join(map(str, processor.size)),
        )
