"""Words of several languages that name one class.

Only words that say exactly the same are here: no degrees (好 beside 非常好), no numbers, no
single letters, no abbreviations.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

CONCEPTS: tuple[tuple[str, ...], ...] = (
    ("positive", "正面", "积极", "積極", "好评", "好評", "正向", "positif", "positiv",
     "positivo", "ポジティブ", "긍정"),
    ("negative", "负面", "負面", "消极", "消極", "差评", "差評", "负向", "負向", "négatif",
     "negativ", "negativo", "ネガティブ", "부정"),
    ("neutral", "中性", "中立", "中评", "中評", "neutre", "neutro", "ニュートラル",
     "중립"),
    ("yes", "true", "是", "是的", "真", "oui", "vrai", "ja", "sí", "はい"),
    ("no", "false", "否", "不是", "假", "non", "faux", "nein", "いいえ"),
    ("spam", "垃圾", "垃圾邮件", "垃圾郵件", "スパム"),
    ("ham", "not spam", "正常邮件", "正常郵件", "非垃圾", "非垃圾邮件"),
    ("other", "others", "其他", "其它"),
    ("unknown", "未知", "不详"),
)  # fmt: skip
"""Each line is one class."""

_CONCEPT = {word: number for number, words in enumerate(CONCEPTS) for word in words}


def same_class(
    weights: Mapping[str, float], settled: Collection[str], short: Mapping[str, str]
) -> dict[str, str]:
    """Folded label to the label of the same meaning that its rows shall have.

    That is the settled one, else the one of most rows, else the first by spelling. Two labels
    that are settled both are two classes, whatever they mean.

    Args:
        weights: Folded labels that occur, with their rows.
        settled: Those whose spelling was decided by the recipe or by a model.
        short: Abbreviation to its word, read so where the word itself does not occur.
    """
    groups: dict[int, list[str]] = {}
    for label in weights:
        whole = short.get(label, label)
        word = whole if whole not in weights else label
        if word in _CONCEPT:
            groups.setdefault(_CONCEPT[word], []).append(label)
    found: dict[str, str] = {}
    for labels in groups.values():
        fixed = [label for label in labels if label in settled]
        if len(fixed) > 1:
            continue
        head = fixed[0] if fixed else min(labels, key=lambda label: (-weights[label], label))
        found |= {label: head for label in labels if label != head}
    return found
