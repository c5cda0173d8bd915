"""The check "subgroups": where the influence hides."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.case.audit_request import AuditRequest
from workbench.checks.finding import Check, CsvRow, Earlier
from workbench.checks.subgroups.finding import HiddenSubgroups
from workbench.checks.subgroups.measure import subgroup_effects
from workbench.checks.subgroups.outline import outline
from workbench.checks.subgroups.saved import SAVED

__all__ = ["CHECK"]


def _run(asked: AuditRequest, _: Earlier) -> HiddenSubgroups:
    return subgroup_effects(
        asked.case,
        asked.target,
        smallest=asked.threshold / 4,
        alpha=asked.alpha,
        **asked.options,
    )


def _csv_rows(found: HiddenSubgroups) -> Iterator[CsvRow]:
    for row in found.table.to_dict("records"):
        about = (row["subgroup"], row["feature"], "", row["part"], row["n_rows"])
        yield "hidden subgroup", *about, row["value"], row["low"], row["high"]
        differs = (row["difference"], row["difference_low"], row["difference_high"])
        yield "hidden subgroup minus whole", *about, *differs


CHECK = Check(
    name="subgroups",
    key="hidden_subgroups",
    title="Where the influence hides",
    question="Where does the influence hide? (searches subgroups)",
    does="searches where the influence hides",
    cost="up to about 20 seconds on tens of thousands of rows",
    run=_run,
    asks=True,
    saved=SAVED,
    csv_rows=_csv_rows,
    outline=outline,
    place="found",
)
