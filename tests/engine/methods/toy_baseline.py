"""A baseline of one file, for the test of the table of methods: the length of a feature's name."""

from __future__ import annotations

import pandas as pd

from workbench.case.audit_request import AuditRequest
from workbench.methods.attribution import Attribution
from workbench.methods.method import Baseline

__all__ = ["METHOD"]


def _run(asked: AuditRequest) -> Attribution:
    lengths = pd.Series({name: float(len(name)) for name in asked.case.features})
    said = "The toy counted letters."
    return Attribution("letters", lengths, None, None, "letters", said, 1, 0, True)


METHOD = Baseline(
    name="letters",
    title="toy letters",
    label="Toy letters (counts)",
    cost="nothing",
    run=_run,
)
