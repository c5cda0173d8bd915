"""The structural equations of the debiased estimate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Variation
from workbench.common.progress import Progress, silent
from workbench.methods.debiased.piled_up import fit_number
from workbench.methods.fuzzing.equation import Equation, Keep
from workbench.methods.fuzzing.equations import fit_equation
from workbench.methods.fuzzing.propagation import Equations, fit_equations, set_levels
from workbench.tables.columns import Column

__all__ = ["better_equations"]


def better_equations(
    case: AuditCase,
    features: Iterable[str],
    varied: Iterable[Variation],
    *,
    plain: Equations | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Equations:
    """Fit the equations between some features and the prediction, better ones for numbers.

    Parameters
    ----------
    varied : iterable of Variation
        How the features will be set: these levels are not smoothed over.
    plain : Equations, optional
        Fuzzing's own equations of the same features and levels; categories take theirs.

    Raises
    ------
    NotIdentifiableError
        When a latent common cause of a node and its own causes bends the equation.
    """

    def fit(column: Column, parents: Sequence[Column], *, keep: Keep | None = None) -> Equation:
        if column.is_numeric:
            return fit_number(column, parents, keep=keep)
        known = plain.by_node.get(column.name) if plain is not None else None
        return fit_equation(column, parents, keep=keep) if known is None else known

    keep = {**({} if plain is None else plain.keep), **set_levels(varied)}
    return fit_equations(
        case, features, keep=keep, fit=fit, seed=seed, progress=progress, step="better equations"
    )
