"""A check of one file, for the test of the table of checks: the share of rows above τ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from workbench.case.audit_request import AuditRequest
from workbench.checks.finding import Check, CsvRow, Earlier, Rest, SavedForm
from workbench.common.errors import TargetError
from workbench.common.saved_values import Number, Saved, altered
from workbench.methods.saved_effects import SavedEstimates

__all__ = ["CHECK"]


@dataclass(frozen=True)
class ToyFinding:
    """How many predictions lie above τ."""

    share: float
    threshold: float

    @property
    def decision(self) -> str:
        return "many" if self.share > 0.5 else "few"

    @property
    def headline(self) -> str:
        return f"The toy found {self.decision} predictions above {self.threshold:g}."

    def sentences(self) -> tuple[str, ...]:
        return (self.headline, f"The toy counted a share of {self.share:.4f}.")

    def to_frame(self) -> pd.DataFrame:
        return pd.DataFrame({"toy share": [self.share]})


class SavedToy(Saved, frozen=True):
    """The decision is made again."""

    share: Number
    threshold: Number
    decision: str


def _run(asked: AuditRequest, _: Earlier) -> ToyFinding:
    if asked.names == ("income",):
        raise TargetError("The toy does not count income.")
    return ToyFinding(float((asked.case.predictions > asked.threshold).mean()), asked.threshold)


def _write(found: ToyFinding, _: Rest) -> SavedToy:
    return SavedToy(share=found.share, threshold=found.threshold, decision=found.decision)


def _read(saved: SavedToy, rest: Rest, _: SavedEstimates) -> ToyFinding:
    if rest.verdict is not None and saved.threshold != rest.verdict.threshold:
        raise altered("the toy counted above another threshold")
    return ToyFinding(saved.share, saved.threshold)


def _csv_rows(found: ToyFinding) -> Iterator[CsvRow]:
    yield "toy share", "", "", "", "", "", found.share, "", ""


CHECK = Check(
    name="toy",
    key="toy_share",
    title="What the toy counted",
    question="What would a toy count? (counts)",
    does="counts predictions",
    cost="nothing",
    run=_run,
    saved=SavedForm(SavedToy, _write, _read),
    csv_rows=_csv_rows,
)
