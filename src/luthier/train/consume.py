"""The consumer that keeps what training must not lose: log, checkpoints, best weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from luthier.core.errors import Interrupted
from luthier.core.files import restore_folder
from luthier.runs.directory import Run
from luthier.train.events import CheckpointDue, Evaluated, Event
from luthier.train.loop import Session, train
from luthier.train.signals import stop_on_signals
from luthier.train.state import load_checkpoint, load_weights, save_checkpoint, save_weights


def train_to_the_end(
    session: Session, run: Run, stage: str, folder: Path, on_event: Callable[[Event], None]
) -> None:
    """Train, resuming where ``folder`` holds a checkpoint, and leave the best weights in place.

    Args:
        session: What to train.
        run: Where events are logged.
        stage: Name of the stage, for the log.
        folder: Where checkpoints go: ``last`` to resume from, ``best`` to keep.
        on_event: Told of every event.

    Raises:
        Interrupted: After Ctrl-C or SIGTERM; the checkpoint holds the last step.
    """
    last, best = folder / "last", folder / "best"
    core = session.model.core
    if restore_folder(last):
        load_checkpoint(session, last)

    def save() -> None:
        save_checkpoint(session, last)

    with stop_on_signals() as stop:
        for event in train(session):
            run.log({"stage": stage, **event.to_json()})
            if isinstance(event, Evaluated) and event.best:
                with session.measuring():
                    save_weights(core, session.trained, best)
            if isinstance(event, CheckpointDue) or stop:
                save()
            on_event(event)
            if stop:
                raise Interrupted(
                    "Stopped at step {step} of {total}; nothing is lost.",
                    hint="Go on with: luthier tune {path} --resume",
                    step=event.step,
                    total=session.total_steps,
                    path=str(run.path),
                )
    if not restore_folder(best):
        # Without validation the last weights are kept, as optimizer and companions lend them.
        with session.measuring():
            save_weights(core, session.trained, best)
    load_weights(core, session.trained, best)
