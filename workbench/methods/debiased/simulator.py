"""What the fitted equations leave unexplained of the predictions.

At every row the feature stays as it is and all that it moves is drawn anew, with the noise of
another row; the model is asked about the row so made. Where graph and equations are right, the
prediction less the mean of such answers goes with neither the feature nor what it is adjusted for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from workbench.case.asking.batches import Answer, QueryBatch
from workbench.case.audit_case import AuditCase
from workbench.methods.fuzzing.propagation import Equations
from workbench.tables.columns import Values

__all__ = ["REDRAWS", "redrawn"]

FloatArray = npt.NDArray[np.float64]

REDRAWS = 2
"""Times the mediators are drawn anew at every row."""


def redrawn(
    case: AuditCase,
    equations: Equations,
    carriers: Sequence[str],
    batch: QueryBatch,
    redraws: int = REDRAWS,
) -> list[Answer]:
    """Ask about every row with its mediators drawn anew.

    A row's mediators take the noise of one other row together, so that what moves two mediators
    beside the drawn causes stays with them.

    Parameters
    ----------
    carriers : sequence of str
        The mediators.
    """
    everyone = np.arange(case.n_rows)
    columns = {node: equations.values(node) for node in carriers}
    columns |= {
        parent.name: equations.values(parent.name) if parent.name in columns else parent.values
        for node in carriers
        for parent in equations.by_node[node].parents
    }
    was = {
        node: equations.by_node[node].expected(
            {p.name: columns[p.name] for p in equations.by_node[node].parents}
        )
        for node in carriers
    }
    answers = []
    for turn in range(redraws):
        rng = np.random.default_rng([equations.seed, 20 + turn])
        donors = rng.permutation(case.n_rows)
        state: dict[str, Values] = {}
        for node in equations.by_node:
            if node not in was:
                continue
            equation = equations.by_node[node]
            now = equation.expected(
                {p.name: state.get(p.name, columns[p.name]) for p in equation.parents}
            )
            state[node] = equation.move(
                columns[node][donors], was[node][donors], now, rng.random(len(everyone)), "abduct"
            )
        answers.append(batch.ask(everyone, equations.as_recorded(state, everyone)))
    return answers
