"""What model cards say of models that answer in conversations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luthier.tasks.about import About

TALK = """\
tokenizer = AutoTokenizer.from_pretrained("model")
model = {auto}.from_pretrained("model").eval()
messages = [{{"role": "user", "content": "..."}}]
given = tokenizer.apply_chat_template(
    messages, add_generation_prompt=True, return_dict=True, return_tensors="pt"
)
written = model.generate(
    **given, {settings},
)
print(tokenizer.decode(written[0, given["input_ids"].shape[1]:], skip_special_tokens=True).strip())
"""


def about(settings: Mapping[str, Any]) -> About:
    """What people are told of a model that answers in conversations.

    Args:
        settings: Of generation.
    """
    said = ", ".join(f"{name}={value!r}" for name, value in settings.items())
    return About(
        {"en": "chat model", "zh": "对话模型"},
        "text-generation",
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        + TALK.format(auto="AutoModelForCausalLM", settings=said),
        "from peft import AutoPeftModelForCausalLM\nfrom transformers import AutoTokenizer\n"
        + TALK.format(auto="AutoPeftModelForCausalLM", settings=said),
    )
