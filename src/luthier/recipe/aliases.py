"""Names from other tools, accepted where Luthier has the same thing under another name."""

from __future__ import annotations

from typing import Any

from luthier.recipe.registries import TECHNIQUES

TOP = {
    "model": "base",
    "base_model": "base",
    "model_name": "base",
    "model_name_or_path": "base",
    "pretrained_model_name_or_path": "base",
    "train_file": "data.train",
    "train_data": "data.train",
    "dataset": "data.train",
    "data_path": "data.train",
    "validation_file": "data.validation",
    "eval_file": "data.validation",
    "test_file": "data.test",
    "val_size": "data.split.validation",
    "val_set_size": "data.split.validation",
    "test_size": "data.split.test",
    "max_samples": "data.limit",
    "cutoff_len": "task.max_length",
    "sequence_len": "task.max_length",
    "max_length": "task.max_length",
    "max_seq_length": "task.max_length",
    "max_seq_len": "task.max_length",
    "num_train_epochs": "training.epochs",
    "num_epochs": "training.epochs",
    "epochs": "training.epochs",
    "max_steps": "training.max_steps",
    "per_device_train_batch_size": "training.batch_size",
    "micro_batch_size": "training.batch_size",
    "train_batch_size": "training.batch_size",
    "batch_size": "training.batch_size",
    "gradient_accumulation_steps": "training.gradient_accumulation_steps",
    "gradient_accumulation": "training.gradient_accumulation_steps",
    "grad_accum": "training.gradient_accumulation_steps",
    "learning_rate": "training.learning_rate",
    "lr": "training.learning_rate",
    "weight_decay": "training.weight_decay",
    "max_grad_norm": "training.max_grad_norm",
    "gradient_clip_val": "training.max_grad_norm",
    "clip_grad_norm": "training.max_grad_norm",
    "optim": "training.optimizer.kind",
    "optimizer": "training.optimizer.kind",
    "adam_beta1": "training.optimizer.beta1",
    "adam_beta2": "training.optimizer.beta2",
    "adam_epsilon": "training.optimizer.epsilon",
    "lr_scheduler": "training.schedule.kind",
    "lr_scheduler_type": "training.schedule.kind",
    "warmup_ratio": "training.schedule.warmup",
    "seed": "training.seed",
    "eval_steps": "training.evaluate_every",
    "save_steps": "training.save_every",
    "early_stopping_patience": "training.early_stopping.patience",
    "per_device_eval_batch_size": "evaluation.batch_size",
    "metric_for_best_model": "evaluation.best",
}
"""Other tools' flat names to the path of ours inside a stage."""

TECHNIQUE = {"lora_r": "r", "lora_rank": "r", "rank": "r", "alpha": "lora_alpha"}
"""Other tools' names inside a technique."""

_SECTIONS = ("data", "task", "training", "evaluation")


def rename(stage: dict[str, Any], known: set[str]) -> list[tuple[str, str]]:
    """Move the aliases in a raw stage to their place, in place.

    ``known`` holds the stage's own keys. Returns (name used, path it now has). An
    alias beside the name it stands for is left where it is, to be refused as unknown.
    """
    moved = []
    for name in list(stage):
        target = None if name in known else TOP.get(name)
        if target and _move(stage, stage, name, target):
            moved.append((name, target))
    for section in _SECTIONS:
        inner = stage.get(section)
        if not isinstance(inner, dict):
            continue
        for name in list(inner):
            target = TOP.get(name, "")
            inside = target == f"{section}.{name}" or target.startswith(f"{section}.{name}.")
            belongs = target.startswith(f"{section}.") and not inside
            if belongs and _move(stage, inner, name, target):
                moved.append((f"{section}.{name}", target))
    techniques = stage.get("techniques")
    for index, technique in enumerate(techniques if isinstance(techniques, list) else []):
        for name in _borrowed(technique) if isinstance(technique, dict) else []:
            if TECHNIQUE[name] not in technique:
                technique[TECHNIQUE[name]] = technique.pop(name)
                path = f"techniques.{index}."
                moved.append((path + name, path + TECHNIQUE[name]))
    return moved


def _borrowed(technique: dict[str, Any]) -> list[str]:
    """The names in a raw technique that are other tools', and no settings of its own kind."""
    kind = TECHNIQUES.members().get(str(technique.get("kind")))
    own = kind.model_fields if kind else {}
    return [name for name in technique if name in TECHNIQUE and name not in own]


def _move(stage: dict[str, Any], holder: dict[str, Any], name: str, target: str) -> bool:
    *folders, leaf = target.split(".")
    place = stage
    for folder in folders:
        inner = place.setdefault(folder, {})
        if not isinstance(inner, dict):
            return False
        place = inner
    if leaf in place:
        return False
    place[leaf] = holder.pop(name)
    return True
