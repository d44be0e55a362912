"""The only wiring: recipe -> prepared rows -> model -> training -> report -> run."""

from luthier.pipeline.audited import audit_prepared
from luthier.pipeline.evaluate import evaluate
from luthier.pipeline.listener import Listener
from luthier.pipeline.rows import tools_for
from luthier.pipeline.run import carry_out, resume_run, tune

__all__ = [
    "Listener",
    "audit_prepared",
    "carry_out",
    "evaluate",
    "resume_run",
    "tools_for",
    "tune",
]
