"""A tuned model as a folder of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from luthier.core.errors import RunError
from luthier.core.files import write_folder_atomic
from luthier.evaluation.predictor import Predictor
from luthier.evaluation.saved import saved, saved_alone, write_described
from luthier.models.load import save_model


def export_model(model: Path, folder: Path, task: str | None = None) -> Path:
    """Write a model, or one of its tasks as a plain model of that task.

    Args:
        model: The folder of a tuned model.
        folder: Where to.
        task: Name of the task; None: the model as it is.

    Raises:
        RunError: If there is something in the folder, or the model has no such task.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(
            "There is something in the folder already.",
            where=str(folder),
            hint="Give a folder that does not exist yet.",
        )

    def fill(place: Path) -> None:
        if task is None:
            shutil.copytree(model, place, dirs_exist_ok=True)
            (place / "manifest.json").unlink(missing_ok=True)
            return
        save_model(Predictor.load(model, task).model, place)
        write_described(place, saved_alone(saved(model), task, str(model)))

    write_folder_atomic(folder, fill)
    return folder
