"""The model card: what the model is, in the hub's format."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.compat import StringIO

from luthier.core.locale import LANGUAGES, translate

HEADLINES = {
    "accuracy", "f1_macro", "rmse", "pearson", "f1", "exact_match", "uas", "las", "upos",
    "bleu", "chrf", "rouge1", "rouge2", "rougeL", "bits_per_byte", "perplexity",
}  # fmt: skip
"""Metrics that stand in the card's front matter."""


def model_card(report: dict[str, Any]) -> str:
    """README.md of a model, in English and Chinese, from a stage's report."""
    metrics = report["measures"]["metrics"]
    table = "\n".join(
        f"| {name} | {m['value']:.4f} | {m['low']:.4f} - {m['high']:.4f} |"
        for name, m in metrics.items()
    )
    rows = report["data"]["rows"]
    split_sizes = ", ".join(f"{count} {split}" for split, count in rows.items())
    labels = ", ".join(f"`{c['label']}`" for c in report["measures"]["per_class"])
    answers = f"- **Answers / 输出**: {labels}\n" if labels else ""
    techniques = ", ".join(t["kind"] for t in report["techniques"]) or "full"
    return f"""---
{_front_matter(report)}---

# {report["name"]}

A {report["about"]["noun"]["en"]} tuned with Luthier from `{report["base"]}`.
由 Luthier 从 `{report["base"]}` 微调而成的{report["about"]["noun"]["zh"]}。

{answers}- **Technique / 技术**: {techniques}
- **Data / 数据**: {split_sizes}

## Verdict / 结论

{report["verdict"]["sentences"]["en"]}

{report["verdict"]["sentences"]["zh"]}

## Measured on the test rows / 测试集指标

| metric | value | interval |
|---|---|---|
{table}

## Use / 用法

```python
{_loading(report)}
```

## Limits / 局限

{_limits(report["task"])}

## Recipe / 配方

```yaml
{report["recipe_yaml"].strip()}
```
"""


def _loading(report: dict[str, Any]) -> str:
    """How to use the model, with nothing but transformers (or peft) installed where that can be."""
    adapted = any(t["kind"] == "lora" and not t["merge"] for t in report["techniques"])
    lines: str = report["about"]["adapted" if adapted else "usage"]
    return lines


def _limits(task: dict[str, Any]) -> str:
    """For what the figures hold."""
    said = []
    for code in LANGUAGES:
        text = "The figures hold for rows like those of the test; for others, measure again."
        said.append(translate(text, code))
        most = task.get("max_length", task.get("max_source_length"))
        if most is not None and "stride" not in task:
            cut = "What is beyond {count} tokens is cut."
            said.append(translate(cut, code, count=most))
    return "\n".join(said)


def _front_matter(report: dict[str, Any]) -> str:
    results = [
        {"type": name, "value": round(report["measures"]["metrics"][name]["value"], 4)}
        for name in report["measures"]["metrics"]
        if name.rpartition("/")[2] in HEADLINES
    ]
    matter = {
        "library_name": "transformers",
        "pipeline_tag": report["about"]["pipeline"],
        "base_model": report["base"],
        "tags": ["luthier", report["task"]["kind"]],
        "model-index": [
            {
                "name": report["name"],
                "results": [
                    {
                        "task": {"type": report["about"]["pipeline"]},
                        "dataset": {"name": report["name"], "type": "local"},
                        "metrics": results,
                    }
                ],
            }
        ],
    }
    stream = StringIO()
    YAML().dump(matter, stream)
    return str(stream.getvalue())
