"""Folders as the hub has them, of five architectures: tuned, measured and exported unchanged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tests.helpers import recipe
from tests.tiny import _tokenizer

import luthier

# Qwen's tokenizer wants its own end token.
WORDS = [*"abcdefgh", "x", "y", "translate", ":", "<|endoftext|>"]
SMALL = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
    "max_position_embeddings": 64, "pad_token_id": None, "bos_token_id": None, "eos_token_id": 4,
}  # fmt: skip
HALF = {
    **SMALL, "vocab_size": 16, "num_key_value_heads": 2, "head_dim": 8, "query_pre_attn_scalar": 8,
    "pad_token_id": 0, "bos_token_id": 2,
}  # fmt: skip
CONFIGS: dict[str, tuple[type, str, dict[str, Any]]] = {
    "llama": (transformers.LlamaConfig, "AutoModelForCausalLM",
              {**SMALL, "num_key_value_heads": 2}),
    "qwen": (transformers.Qwen2Config, "AutoModelForCausalLM",
             {**SMALL, "num_key_value_heads": 2, "tie_word_embeddings": True}),
    "t5": (transformers.T5Config, "AutoModelForSeq2SeqLM",
           {"d_model": 32, "num_layers": 2, "num_heads": 4, "d_kv": 8, "d_ff": 64,
            "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False,
            "decoder_start_token_id": 0, "eos_token_id": 4, "pad_token_id": 0}),
    "t5gemma": (transformers.T5GemmaConfig, "AutoModelForSeq2SeqLM",
                {"encoder": HALF, "decoder": HALF}),
    "bert": (transformers.BertConfig, "AutoModelForMaskedLM", SMALL),
}  # fmt: skip


def layout(kind: str, folder: Path) -> Path:
    """A whole model with random weights, in bf16 and in shards, as large ones are published."""
    tokenizer = _tokenizer({"qwen": "llama", "t5gemma": "t5"}.get(kind, kind), WORDS)
    made, auto, fields = CONFIGS[kind]
    torch.manual_seed(0)
    network = getattr(transformers, auto).from_config(made(vocab_size=len(tokenizer), **fields))
    network.to(torch.bfloat16).save_pretrained(folder, max_shard_size="20KB")
    tokenizer.save_pretrained(folder)
    assert len(list(folder.glob("*.safetensors"))) > 1
    return folder


@pytest.mark.parametrize("kind", CONFIGS)
def test_it_is_tuned_measured_and_exported(kind: str, tmp_path: Path) -> None:
    base, data = layout(kind, tmp_path / kind), tmp_path / "rows.jsonl"
    names = ("text", "label") if kind == "bert" else ("source", "target")
    texts = [f"{a} {b} {c}" for a in "abcdefgh" for b in "abcd" for c in "ab"]
    rows = (dict(zip(names, (text, "xy"[text > "d"]), strict=True)) for text in texts)
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    task = {"kind": "classify"} if kind == "bert" else {
        "kind": "generate", "max_target_length": 4, "metrics": ["chrf"],
    }  # fmt: skip
    run = luthier.tune(recipe(data, base, task=task, training__max_steps=2), runs_dir=tmp_path)
    again = luthier.evaluate(run)["metrics"]
    first = run.verdict()["metrics"]
    assert {n: m["value"] for n, m in again.items()} == pytest.approx(
        {n: m["value"] for n, m in first.items()}, abs=1e-5
    )
    folder = luthier.export(run, tmp_path / "out")
    assert luthier.load(folder).predict(["a b a"]) == luthier.load(run).predict(["a b a"])
    kept = transformers.AutoConfig.from_pretrained(folder)
    assert type(kept) is CONFIGS[kind][0]
