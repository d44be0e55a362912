"""The model card: what the model is, in the hub's format."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.compat import StringIO


def model_card(report: dict[str, Any]) -> str:
    """README.md of a model, in English and Chinese, from a stage's report."""
    metrics = report["measures"]["metrics"]
    table = "\n".join(
        f"| {name} | {m['value']:.4f} | {m['low']:.4f} - {m['high']:.4f} |"
        for name, m in metrics.items()
    )
    rows = report["data"]["rows"]
    split_sizes = ", ".join(f"{count} {split}" for split, count in rows.items())
    labels = ", ".join(f"`{c['label']}`" for c in report["measures"]["per_class"]) or "a score"
    techniques = ", ".join(t["kind"] for t in report["techniques"]) or "full"
    return f"""---
{_front_matter(report)}---

# {report["name"]}

A text classifier tuned with Luthier from `{report["base"]}`.
由 Luthier 从 `{report["base"]}` 微调而成的文本分类模型。

- **Answers / 输出**: {labels}
- **Technique / 技术**: {techniques}
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

The figures hold for texts like the test rows; for texts from elsewhere, measure again.
Texts beyond {report["task"]["max_length"]} tokens are cut. 指标只适用于与测试集相似的文本；超出
{report["task"]["max_length"]} 个词元的部分会被截断。

## Recipe / 配方

```yaml
{report["recipe_yaml"].strip()}
```
"""


def _loading(report: dict[str, Any]) -> str:
    """How to use the model with nothing but transformers (or peft) installed."""
    if any(t["kind"] == "lora" and not t["merge"] for t in report["techniques"]):
        outputs = max(1, len(report["measures"]["per_class"]))
        return f"""from peft import AutoPeftModelForSequenceClassification
model = AutoPeftModelForSequenceClassification.from_pretrained("model", num_labels={outputs})"""
    return """from transformers import pipeline
classify = pipeline("text-classification", model="model")
print(classify("...", truncation=True))"""


def _front_matter(report: dict[str, Any]) -> str:
    results = [
        {"type": name, "value": round(report["measures"]["metrics"][name]["value"], 4)}
        for name in ("accuracy", "f1_macro", "rmse", "pearson")
        if name in report["measures"]["metrics"]
    ]
    matter = {
        "library_name": "transformers",
        "pipeline_tag": "text-classification",
        "base_model": report["base"],
        "tags": ["luthier", report["task"]["kind"]],
        "model-index": [
            {
                "name": report["name"],
                "results": [
                    {
                        "task": {"type": "text-classification"},
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
