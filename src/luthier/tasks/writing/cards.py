"""What model cards say of models that write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luthier.tasks.about import About
from luthier.tasks.writing.templates import fields

NOUNS = {
    "free": {"en": "text-to-text model", "zh": "文本到文本模型"},
    "translate": {"en": "translation model", "zh": "翻译模型"},
    "summarise": {"en": "summarisation model", "zh": "摘要模型"},
    "answer": {"en": "question-answering model (generative)", "zh": "生成式问答模型"},
}
PIPELINES = {
    "free": "text-generation", "translate": "translation", "summarise": "summarization",
    "answer": "question-answering",
}  # fmt: skip
WRITE = """\
tokenizer = AutoTokenizer.from_pretrained("model")
model = {auto}.from_pretrained("model").eval()
prompt = {prompt}
given = tokenizer(prompt, truncation=True, max_length={longest}, return_tensors="pt")
written = model.generate(
    **given, {settings},
)
print(tokenizer.decode(written[0{start}], skip_special_tokens=True).strip())
"""


def about(use: str, template: str, longest: int, settings: Mapping[str, Any]) -> About:
    """What people are told of a model that writes.

    Args:
        use: As in the recipe.
        template: How a row is put to it.
        longest: Tokens that it reads.
        settings: Of generation.
    """
    seq2seq = "decoder_start_token_id" in settings
    kind = "Seq2SeqLM" if seq2seq else "CausalLM"
    given = repr(template.format(**dict.fromkeys(fields(template), "...")))
    said = {
        "prompt": f'"{given[1:-1]}"' if '"' not in given else given,
        "longest": longest,
        "settings": ", ".join(f"{name}={value!r}" for name, value in settings.items()),
        "start": "" if seq2seq else ', given["input_ids"].shape[1]:',
    }
    plain = f"from transformers import AutoModelFor{kind}, AutoTokenizer\n"
    adapted = f"from peft import AutoPeftModelFor{kind}\nfrom transformers import AutoTokenizer\n"
    return About(
        NOUNS[use],
        PIPELINES[use],
        plain + WRITE.format(auto=f"AutoModelFor{kind}", **said),
        adapted + WRITE.format(auto=f"AutoPeftModelFor{kind}", **said),
        cuts="max_source_length",
    )
