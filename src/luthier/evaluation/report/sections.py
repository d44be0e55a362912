"""The sections of the page; each gives HTML, or nothing where it has nothing to show."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from luthier.core.page import Say, table
from luthier.core.page.plots import Line, interval_bar, line_plot
from luthier.metrics import scale

Report = dict[str, Any]

HEADLINES = {
    "accuracy": "The share of answers that are right.",
    "precision": "Of the entities found, the share that is right: extent and type.",
    "recall": "Of the true entities, the share that is found.",
    "f1": "Precision and recall in one figure.",
    "precision_macro": "Of the answers of a class, the share that is right (mean over classes).",
    "recall_macro": "Of what is of a class, the share that is found (mean over classes).",
    "f1_macro": "Precision and recall in one figure; every class counts the same, however rare.",
    "f1_micro": "Precision and recall in one figure; every answer counts the same.",
    "mcc": "Agreement beyond chance: 0 is guessing, 1 is perfect.",
    "roc_auc": "Chance that a text of a class scores above one of another.",
    "knn_accuracy": "The share of texts whose most similar other text is of the same class.",
    "rmse": "Typical size of an error, in the unit of the score.",
    "mae": "Mean size of an error, in the unit of the score.",
    "pearson": "How well answers rise and fall with the truth: 1 is perfect.",
    "spearman": "The same for the order of the answers.",
    "uas": "The share of words with the right head.",
    "las": "The share of words with the right head and the right relation to it.",
    "bleu": "Agreement of runs of one to four words with right texts, 0 to 100 (sacreBLEU).",
    "chrf": "Agreement of runs of letters with right texts, 0 to 100.",
    "rouge1": "Words that a text shares with the right one.",
    "rouge2": "Pairs of words that a text shares with the right one.",
    "rougeL": "The longest sequence of words that a text shares with the right one, in order.",
    "perplexity": "Among how many equally likely tokens the model seems to choose, for the right "
    "text; 1 is certainty.",
    "ended": "The share of texts that the model ended by itself.",
    "exact_match": "The share of questions whose answer is, but for case, punctuation and "
    "articles, a true one.",
    "has_answer_f1": "f1 of the questions that the text does answer.",
    "no_answer_accuracy": "Of the questions that the text does not answer, the share that gets no "
    "answer.",
}
MOST_CLASSES = 20


def metrics(report: Report, say: Say) -> str:
    """Cards of the headline metrics, then all of them."""
    measured = report["measures"]["metrics"]
    targets = {t["metric"]: t["target"] for t in report["verdict"]["targets"]}
    cards = []
    for name, words in HEADLINES.items():
        if name not in measured:
            continue
        m, target = measured[name], targets.get(name)
        whole = scale(name)
        value, low, high = (m[key] / whole for key in ("value", "low", "high"))
        share = high <= 1 and low >= 0 and name not in ("rmse", "mae", "perplexity")
        goal_share = None if target is None else target / whole
        bar = interval_bar(value, low, high, goal_share) if share else ""
        goal = f" · {say('target {target}', target=target)}" if target is not None else ""
        cards.append(
            f'<div class="card"><h3>{escape(name)}</h3><div class="big">{m["value"]:.3f}</div>{bar}'
            f'<div class="note">{m["low"]:.3f} – {m["high"]:.3f}{goal}</div>{say(words)}</div>'
        )
    rows = [
        (escape(name), f"{m['value']:.4f}", f"{m['low']:.4f} – {m['high']:.4f}")
        for name, m in measured.items()
    ]
    every = table((say("Metric"), say("Value"), say("Interval")), rows)
    level = f"{100 * report['confidence']:g}"
    text = (
        "Measured on {n} test rows that training never saw. The range is the {level}% confidence "
        "interval: how far chance in the choice of test rows may have moved the figure."
    )
    return (
        f'<p class="note">{say(text, n=report["measures"]["n"], level=level)}</p>'
        f'<div class="grid">{"".join(cards)}</div>'
        f"<details><summary>{say('All metrics')}</summary>{every}</details>"
    )


def advice(report: Report, say: Say) -> str:
    """A list of what is worth doing."""
    items = "".join(f"<li>{escape(a[say.language], quote=False)}</li>" for a in report["advice"])
    return f"<ul>{items}</ul>" if items else ""


def classes(report: Report, say: Say) -> str:
    """Precision, recall and F1 of each class."""
    rows = [
        (
            escape(c["label"]),
            f"{c['precision']:.3f}",
            f"{c['recall']:.3f}",
            f"{c['f1']['value']:.3f}",
            f"{c['f1']['low']:.3f} – {c['f1']['high']:.3f}",
            str(c["support"]),
        )
        for c in report["measures"]["per_class"]
    ]
    if not rows:
        return ""
    header = ("Class", "Precision", "Recall", "F1", "Interval of F1", "Test rows")
    text = (
        "Precision: of what got this answer, the share that deserved it. Recall: of what "
        "deserves it, the share that got it. F1 joins both, and is the figure to trust when "
        "classes are of unequal size."
    )
    return f'<p class="note">{say(text)}</p>' + table([say(h) for h in header], rows)


def confusion(report: Report, say: Say) -> str:
    """The confusion matrix as a heat map."""
    matrix = report["measures"]["confusion"]
    names = [escape(c["label"]) for c in report["measures"]["per_class"]]
    if not matrix or len(names) > MOST_CLASSES:
        return ""
    head = "".join(f"<th>{name}</th>" for name in names)
    body = []
    for name, counts in zip(names, matrix, strict=True):
        total = max(1, sum(counts))
        cells = "".join(
            f'<td style="background:rgba(var(--tint),{0.75 * count / total:.2f})">{count}</td>'
            for count in counts
        )
        body.append(f"<tr><th>{name}</th>{cells}</tr>")
    text = "Each row is a true class, each column an answer; right answers are on the diagonal."
    return (
        f'<p class="note">{say(text)}</p><div class="scroll heat"><table>'
        f"<tr><th></th>{head}</tr>{''.join(body)}</table></div>"
    )


def calibration(report: Report, say: Say) -> str:
    """The reliability curve."""
    curve = report["measures"]["calibration"]
    if not curve:
        return ""
    points = [(b["confidence"], b["accuracy"]) for b in curve["bins"]]
    plot = line_plot(
        [Line(say("answers"), points, "a dots")],
        x_label=say("probability given"),
        y_label=say("share right"),
        square=True,
    )
    text = (
        "On the dashed line, answers given with 80% are right 80 times of 100; below it the "
        "model is over-confident. Mean distance (ECE): {ece:.3f}."
    )
    return (
        f'<p class="note">{say(text, ece=curve["ece"])}</p>'
        f'<div class="grid wide"><div class="card">{plot}</div><div></div></div>'
    )


def mistakes(report: Report, say: Say) -> str:
    """The wrong answers the model was surest of."""
    rows = [
        (
            escape(m["text"][:400]),
            escape(m["true"]),
            escape(m["predicted"]),
            "" if m["probability"] is None else f"{m['probability']:.3f}",
        )
        for m in report["mistakes"]
    ]
    if not rows:
        return ""
    header = ("Text", "True", "Answer", "Probability")
    text = "Read these first: they are often wrong labels, or kinds of text the data lacks."
    return f'<p class="note">{say(text)}</p>' + table([say(h) for h in header], rows, numbers=3)


def data(report: Report, say: Say) -> str:
    """What preparation did, and what is in each split."""
    card = report["data"]
    text = "{rows_in} rows came in, {rows_out} were used."
    steps = table(
        [say(h) for h in ("Step", "Dropped", "Changed", "Flagged")],
        [
            (escape(name), str(c["dropped"]), str(c["changed"]), str(c["flagged"]))
            for name, c in card["operators"].items()
            if any(c.values())
        ],
    )
    labels = sorted({label for counts in card["labels"].values() for label in counts})
    splits = list(card["rows"])
    rows = [
        (escape(label), *(str(card["labels"][s].get(label, 0)) for s in splits)) for label in labels
    ]
    rows.append((f"<b>{say('All')}</b>", *(str(card["rows"][s]) for s in splits)))
    shares = table([say("Class"), *(say(s) for s in splits)], rows)
    notes = "".join(f"<li>{escape(note)}</li>" for note in card["notes"])
    return (
        f"<p>{say(text, rows_in=card['rows_in'], rows_out=card['rows_out'])}</p>"
        f'<div class="grid wide"><div>{steps}</div><div>{shares}</div></div>'
        f"{f'<ul>{notes}</ul>' if notes else ''}"
    )


def reused(told: Mapping[str, Any] | None, say: Say) -> list[tuple[str, str]]:
    """What was computed once and not in every epoch."""
    if not told:
        return []
    text = (
        "the lowest {layers} layers computed once for {rows} rows, in {seconds:.0f} s, and used in "
        "{uses:.2g} epochs; without dropout"
        if told["computed"]
        else "the lowest {layers} layers as an earlier run had computed them for {rows} rows, used "
        "in {uses:.2g} epochs; without dropout"
    )
    return [(say("Frozen layers"), say(text, **told))]


def making(report: Report, say: Say) -> str:
    """Base, techniques, machine, versions and the recipe."""
    t, p, e = report["training"], report["parameters"], report["environment"]
    techniques = ", ".join(x["kind"] for x in report["techniques"]) or "full"
    facts = (
        (say("Base"), escape(report["base"])),
        (say("Techniques"), escape(techniques)),
        (say("Parameters"), say("{trainable:,} of {total:,} trained", **p)),
        (say("Training"), say(
            "{steps} steps, {epochs:.2g} epochs, {seconds:.0f} s, {speed:.0f} rows/s",
            speed=t["examples_per_second"],
            **{k: t[k] for k in ("steps", "epochs", "seconds")},
        )),
        *reused(t.get("reused"), say),
        (say("Batches"), say(
            "{rows_per_step} rows a step, {batch_size} at a time",
            **{k: t[k] for k in ("rows_per_step", "batch_size")},
        )),
        (say("Optimizer"), escape(report["settings"]["optimizer"]["kind"])),
        (say("Schedule"), escape(report["settings"]["schedule"]["kind"])),
        (say("Seed"), str(report["settings"]["seed"])),
        (say("Machine"), escape(f"{e['name']} ({e['system']}), {e['threads']} threads")),
        (say("Versions"), escape(", ".join(f"{k} {v}" for k, v in e["packages"].items()))),
        (say("Data"), f"<code>{report['data']['hash'][:16]}</code>"),
    )  # fmt: skip
    body = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in facts)
    told = "".join(
        f'<p class="note">{escape(found["text"][say.language], quote=False)}</p>'
        for found in report["techniques_found"]
    )
    recipe = escape(report["recipe_yaml"])
    return (
        f'<div class="scroll"><table>{body}</table></div>{told}'
        f"<details><summary>{say('The recipe')}</summary><pre>{recipe}</pre></details>"
    )
