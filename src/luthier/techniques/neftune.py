"""NEFTune: noise on embeddings while training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.companion import Companion
from luthier.techniques.technique import Technique, Work

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from luthier.models import vocabulary
    from luthier.models.model import Model
else:
    torch, vocabulary = lazy("torch"), lazy("luthier.models.vocabulary")


@TECHNIQUES.register
class Neftune(Technique):
    """Add uniform noise to embeddings in training (Jain et al. 2023)."""

    reads: ClassVar[tuple[str, ...]] = ("text",)
    source: ClassVar[str] = "Jain et al. 2023, arXiv:2310.05914"

    kind: Literal["neftune"] = "neftune"
    """This technique."""
    alpha: Annotated[float, Field(gt=0)] = 5.0
    """The noise of each number is uniform up to alpha / sqrt(tokens of the row * width)."""

    def companion(self, model: Model, work: Work) -> Companion:
        """Adds the noise to what the token embedding gives."""
        return Noise(self.alpha, model.network, vocabulary.embeddings(model.core))


class Noise(Companion):
    """Noise from torch's generator, which every micro-batch seeds: a resumed run draws the same."""

    looks_inside: ClassVar[bool] = True

    def __init__(self, alpha: float, network: nn.Module, embeddings: list[nn.Module]) -> None:
        self._alpha = alpha
        self._mask: Tensor | None = None
        network.register_forward_pre_hook(self._remember, with_kwargs=True)
        for embedding in embeddings:
            embedding.register_forward_hook(self._add)

    def _remember(self, _: nn.Module, args: Any, kwargs: dict[str, Any]) -> None:
        self._mask = kwargs.get("attention_mask")

    def _add(self, module: nn.Module, _: Any, output: Tensor) -> Tensor | None:
        if not module.training:
            return None
        rows, length, width = output.shape
        lengths: Tensor = torch.full((rows,), float(length), device=output.device)
        # Padding would make the noise of a row depend on the rows it is batched with.
        if self._mask is not None and self._mask.shape == (rows, length):
            lengths = self._mask.sum(1).clamp(min=1).to(output.dtype)
        most = self._alpha / (lengths * width).sqrt()
        return output + (2 * torch.rand_like(output) - 1) * most.view(-1, 1, 1)
