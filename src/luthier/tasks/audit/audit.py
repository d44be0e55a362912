"""The audit as a whole."""

from __future__ import annotations

import numpy as np

from luthier.tasks.audit.cuts import collisions, truncation, whole_lengths
from luthier.tasks.audit.encoded import Audit, Encoded, Measured
from luthier.tasks.audit.supervision import stop, supervision, taught, template
from luthier.tasks.audit.vocabulary import vocabulary


def audit(encoded: Encoded) -> Audit:
    """Measure what the rows teach.

    ``rows``, ``rows_trained``, ``rows_idle`` (no label, all tokens masked, or no text),
    ``tokens``, ``tokens_trained`` (of those with labels of their own; else None), ``stop_trained``
    (share of rows to generate that teach to stop; else None), ``rows_cut``, ``tokens_cut``
    (tokens that truncation removes), ``cut_by_class``, ``unknown`` (share of tokens),
    ``tokens_per_word``, ``tokens_per_character``, ``alike_differ`` (rows that are the same to the
    model as one with another label), ``served_alike`` (share of rows looked at; None: none was).

    Raises:
        NothingSupervisedError: If no row teaches anything.
    """
    kept = np.array([len(example["input_ids"]) for example in encoded.examples], dtype=np.int64)
    measured = Measured(taught(encoded), whole_lengths(encoded), kept)
    audit = Audit({"rows": len(encoded.examples)})
    for measure in (supervision, stop, truncation, vocabulary, collisions, template):
        measure(audit, encoded, measured)
    return audit
