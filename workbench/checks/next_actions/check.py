"""The check "actions": what to do about what is left."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.case.audit_request import AuditRequest
from workbench.checks.finding import Check, CsvRow, Earlier, debiased_of
from workbench.checks.next_actions.finding import NextActions
from workbench.checks.next_actions.measure import next_actions
from workbench.checks.next_actions.outline import outline
from workbench.checks.next_actions.saved import SAVED
from workbench.methods.debiased.simulator import Simulator
from workbench.methods.fuzzing.propagation import Equations

__all__ = ["CHECK"]


def _run(asked: AuditRequest, earlier: Earlier) -> NextActions:
    """Rank what to do about the residue if there is one, else about the whole influence."""
    change, retrained = earlier.checks.get("change"), None
    if change is not None and change.decision == "above" and asked.compared is not None:
        retrained = asked.compared.retrained[0]
    return next_actions(
        asked.case,
        asked.target,
        retrained=retrained,
        threshold=asked.threshold,
        alpha=asked.alpha,
        equations=_equations(asked, earlier) if retrained is None else None,
        effects=debiased_of(earlier),
        profile=earlier.profile,
        **asked.options,
    )


def _equations(asked: AuditRequest, earlier: Earlier) -> Equations | None:
    """Return the equations of the estimate that is judged."""
    if earlier.equations is None or debiased_of(earlier) is None:
        return earlier.equations
    simulator = Simulator.of(
        asked.case, asked.names, asked.varied, plain=earlier.equations, seed=asked.seed
    )
    return simulator.equations


def _csv_rows(found: NextActions) -> Iterator[CsvRow]:
    for action in found.actions:
        todo = (action.kind, action.feature, "", " + ".join(action.what), "")
        yield "action", *todo, action.remaining, action.low, action.high


CHECK = Check(
    name="actions",
    key="next_actions",
    title="What to do next",
    question="What to do next? (ranks what is left)",
    does="says what to do next",
    cost="about as long as causal fuzzing, once more",
    run=_run,
    asks=True,
    saved=SAVED,
    csv_rows=_csv_rows,
    outline=outline,
    place="next",
)
