"""What model cards say of models that cut answers out of texts."""

from __future__ import annotations

from luthier.tasks.about import About

IMPORT = "from transformers import AutoModelForQuestionAnswering, AutoTokenizer\n"
LOAD = 'model = AutoModelForQuestionAnswering.from_pretrained("model").eval()\n'
ADAPTED_IMPORT = (
    "from peft import AutoPeftModelForQuestionAnswering\nfrom transformers import AutoTokenizer\n"
)
ADAPTED_LOAD = 'model = AutoPeftModelForQuestionAnswering.from_pretrained("model").eval()\n'
BEST = """\
question, context = {question}, "..."
given = tokenizer(question, context, truncation="only_second", return_tensors="pt")
with torch.no_grad():
    output = model(**given)
first, last = output.start_logits[0], output.end_logits[0]
inside = torch.tensor([place == 1 for place in given.sequence_ids()])
near = torch.ones(len(first), len(first), dtype=torch.bool).triu().tril({longest} - 1)
fits = near & inside[:, None] & inside
scores = (first[:, None] + last).masked_fill(~fits, -torch.inf)
begin, end = divmod(int(scores.argmax()), len(first))
offsets = given.encodings[0].offsets
answer = context[offsets[begin][0] : offsets[end][1]].strip()
"""
NONE = """\
if first[0] + last[0] - scores.max() > {threshold}:
    answer = ""
"""


def about(longest: int, threshold: float | None, mark: str) -> About:
    """What people are told of a model that cuts answers out of texts.

    Args:
        longest: Tokens that an answer may have.
        threshold: From which on there is none; None: there always is.
        mark: What has to stand between question and context.
    """
    question = f'"...{mark}"'.replace("\n", "\\n")
    use = 'tokenizer = AutoTokenizer.from_pretrained("model")\n' + BEST.format(
        question=question, longest=longest
    )
    use += "" if threshold is None else NONE.format(threshold=round(threshold, 4))
    return About(
        {"en": "question-answering model (extractive)", "zh": "抽取式问答模型"},
        "question-answering",
        f"import torch\n{IMPORT}{LOAD}{use}print(answer)",
        f"import torch\n{ADAPTED_IMPORT}{ADAPTED_LOAD}{use}print(answer)",
    )
