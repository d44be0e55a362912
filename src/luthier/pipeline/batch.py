"""``batch_size: auto``: the size is found once, and kept in the run."""

from __future__ import annotations

from pathlib import Path

from luthier.core.files import read_json, write_json
from luthier.train.fit_batch import fit_batch
from luthier.train.loop import Session


def settle_batch(session: Session, file: Path) -> None:
    """Give the session's micro-batches the size that suits the machine, where it is to be found.

    Args:
        session: About to train.
        file: Where the choice is kept: a resumed run takes what it took before, on any machine.
    """
    settings = session.settings
    if settings.batch_size != "auto":
        return
    if not file.is_file():
        write_json(file, fit_batch(session).to_json())
    chosen = read_json(file)
    size = int(chosen["batch_size"])
    session.settings = settings.model_copy(
        update={
            "batch_size": size, "rows_per_step": None, "max_tokens": chosen["max_tokens"],
            "gradient_accumulation_steps": settings.rows_of_a_step // size,
        }
    )  # fmt: skip
