"""Names under which columns of texts and answers usually come."""

from __future__ import annotations

TEXT = ("sentence", "review", "content", "comment", "tweet", "body", "document", "message",
        "headline", "title", "input", "question", "query", "文本", "内容", "评论", "句子", "正文",
        )  # fmt: skip
PAIRS = (
    ("premise", "hypothesis"), ("sentence1", "sentence2"), ("question1", "question2"),
    ("text_a", "text_b"), ("text", "pair"), ("文本1", "文本2"),
)  # fmt: skip
"""Names under which two texts usually come together."""
LABEL = ("labels", "sentiment", "class", "category", "target", "intent", "topic", "tag", "y",
         "score", "rating", "stars", "gold_label", "is_duplicate", "标签", "类别", "情感", "分类",
         "评分")  # fmt: skip
