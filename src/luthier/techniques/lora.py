"""LoRA: low-rank updates beside frozen matrices, through peft."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.errors import RecipeError
from luthier.core.lazy import lazy
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.technique import Rule, Technique, Work

if TYPE_CHECKING:
    import peft

    from luthier.models.model import Model
else:
    peft = lazy("peft")


@TECHNIQUES.register
class Lora(Technique):
    """Train low-rank updates of the base's matrices, and the head (Hu et al. 2021)."""

    needs_base: ClassVar[bool] = True

    kind: Literal["lora"] = "lora"
    """This technique."""
    r: Annotated[int, Field(gt=0)] = 16
    """Rank of the update."""
    lora_alpha: Annotated[float, Field(gt=0)] = 32
    """Scale: the update is multiplied by lora_alpha / r."""
    lora_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout on the update's input."""
    target_modules: list[str] | str = "all-linear"
    """Matrices to adapt: names, a regular expression, or `all-linear`."""
    use_rslora: bool = False
    """Scale by lora_alpha / sqrt(r) instead (Kalajdzievski 2023)."""
    merge: bool = False
    """Add the updates into the base after training: a plain transformers model is saved."""

    def apply(self, model: Model, work: Work) -> None:
        """Put adapters on the base; the head is trained whole and saved with them."""
        parameters = next(g.parameters for g in model.depth_groups() if g.name == "head")
        head = sorted({name.partition(".")[0] for name in parameters})
        config = peft.LoraConfig(
            task_type=model.head.peft_task,
            r=self.r,
            lora_alpha=self.lora_alpha,  # type: ignore[arg-type]
            lora_dropout=self.lora_dropout,
            target_modules=self.target_modules,
            use_rslora=self.use_rslora,
            modules_to_save=head or None,
            exclude_modules="|".join(rf"{re.escape(name)}(\..*)?" for name in head) or None,
        )
        with warnings.catch_warnings():
            # peft sees itself that GPT-2 keeps its matrices transposed, and says so.
            warnings.filterwarnings("ignore", message="fan_in_fan_out")
            try:
                model.network = peft.get_peft_model(model.core, config)
            except ValueError as error:
                raise RecipeError(
                    "The technique lora finds nothing to adapt: {reason}",
                    hint="Name what to adapt in target_modules, e.g. [convolution] of a ResNet.",
                    reason=str(error).splitlines()[0],
                ) from None

    def rules(self, model: Model, progress: float) -> list[Rule]:
        """Only adapters and the head move."""
        rules = [Rule("*", 0.0), Rule("*.lora_*", 1.0)]
        # A network that writes may have no head but the base's own embeddings.
        if any(".original_module." in name for name, _ in model.core.named_parameters()):
            rules += [Rule("@head", 1.0), Rule("*.original_module.*", 0.0)]
        return rules

    def finish(self, model: Model, work: Work) -> None:
        """Merge where asked."""
        if self.merge:
            assert isinstance(model.network, peft.PeftModel)
            model.network = model.network.merge_and_unload()
