"""One small setting of every technique, and the pairs that the guides say go together.

A new technique is a new entry here; ``test_techniques.py`` puts all of them through the same test.
"""

from __future__ import annotations

from typing import Any

Techniques = list[dict[str, Any]]

ALONE: dict[str, Techniques] = {
    "none": [],
    "full": [{"kind": "full"}],
    "freeze": [{"kind": "freeze", "lowest": 1}],
    "gradual_unfreeze": [{"kind": "gradual_unfreeze"}],
    "gradual_freeze": [{"kind": "gradual_freeze", "begin": 0.3}],
    "discriminative": [{"kind": "discriminative", "rates": {"@layer.0": 0.5}}],
    "bitfit": [{"kind": "bitfit"}],
    "layer_norm": [{"kind": "layer_norm"}],
    "reinit": [{"kind": "reinit"}],
    "replay": [{"kind": "replay"}],
    "lora": [{"kind": "lora", "r": 2}],
    "lora on 8 bits": [{"kind": "lora", "r": 2, "quantize": "8bit"}],
    "lora on 4 bits": [{"kind": "lora", "r": 2, "quantize": "4bit"}],
    "lora merged": [{"kind": "lora", "r": 2, "merge": True}],
    "drop_layers": [{"kind": "drop_layers", "count": 1, "rows": 24}],
    "distil": [{"kind": "distil", "share": 0, "hidden": 1}],
    "l2_sp": [{"kind": "l2_sp"}],
    "ewc": [{"kind": "ewc", "rows": 12}],
    "r_drop": [{"kind": "r_drop"}],
    "fgm": [{"kind": "fgm"}],
    "neftune": [{"kind": "neftune"}],
    "ema": [{"kind": "ema"}],
    "swa": [{"kind": "swa", "start": 0.3, "every": 2}],
    "rslora": [{"kind": "lora", "r": 2, "variant": "rslora"}],
    "dora": [{"kind": "lora", "r": 2, "variant": "dora"}],
    "pissa": [{"kind": "lora", "r": 2, "variant": "pissa"}],
    "olora": [{"kind": "lora", "r": 2, "variant": "olora"}],
    "lora_plus": [{"kind": "lora", "r": 2, "variant": "lora_plus"}],
    "adalora": [{"kind": "adalora", "init_r": 4, "target_r": 2, "every": 1}],
    "vera": [{"kind": "vera", "r": 8}],
    "ia3": [{"kind": "ia3"}],
    "oft": [{"kind": "oft", "block_size": 8}],
    "boft": [{"kind": "boft"}],
    "loha": [{"kind": "loha", "r": 2}],
    "lokr": [{"kind": "lokr", "r": 2}],
    "prefix": [{"kind": "prefix", "num_virtual_tokens": 4}],
    "prompt": [{"kind": "prompt", "num_virtual_tokens": 4}],
    "p_tuning": [{"kind": "p_tuning", "num_virtual_tokens": 4, "width": 16}],
    "peft": [
        {"kind": "peft", "peft_type": "HRA", "settings": {"r": 2, "target_modules": "all-linear"}}
    ],
}
"""Name to the techniques of a recipe. Crash and resume are tested with all of them, on a BERT of
two layers in training of nine steps; on the other families they take two steps, or are refused."""

LACKING = {
    "bitfit": ("llama", "t5"),
    **dict.fromkeys(("olora", "oft", "boft", "loha", "lokr", "peft"), ("gpt2",)),
}
"""Name to the bases that have not what it trains, and are refused: no biases, or, in a GPT-2,
matrices that are kept transposed."""

TOGETHER: dict[str, Techniques] = {
    "freeze + discriminative": [{"kind": "freeze", "embeddings": True}, {"kind": "discriminative"}],
    "gradual_unfreeze + discriminative": [
        {"kind": "gradual_unfreeze"},
        {"kind": "discriminative", "decay": 0.8},
    ],
    "reinit + discriminative": [{"kind": "reinit"}, {"kind": "discriminative"}],
    "lora + replay": [{"kind": "lora", "r": 2}, {"kind": "replay"}],
    "lora + discriminative": [{"kind": "lora", "r": 2}, {"kind": "discriminative"}],
    "drop_layers + distil": [
        {"kind": "drop_layers", "keep_every": 2},
        {"kind": "distil", "share": 0, "hidden": 1},
    ],
    "drop_layers + lora": [
        {"kind": "drop_layers", "layers": [0]},
        {"kind": "lora", "r": 2, "merge": True},
    ],
    "lora + fgm": [{"kind": "lora", "r": 2}, {"kind": "fgm"}],
    "l2_sp + neftune + ema": [{"kind": "l2_sp"}, {"kind": "neftune"}, {"kind": "ema"}],
}
"""The pairs that the guides name."""

UNMATCHED: dict[str, Techniques] = {
    "freeze": [{"kind": "freeze", "names": ["nothing.*"]}],
    "freeze by expression": [{"kind": "freeze", "names": ["re:nothing"]}],
    "discriminative": [{"kind": "discriminative", "rates": {"nothing.*": 1.0}}],
    "reinit": [{"kind": "reinit", "top": 9}],
    "lora": [{"kind": "lora", "target_modules": ["nothing"]}],
    "drop_layers": [{"kind": "drop_layers", "layers": [7]}],
}
"""Settings that name what the model does not have: refused, with what there is."""
