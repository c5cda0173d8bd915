"""A model of several classes, audited once for the probability of each, and one verdict on all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from workbench.auditing.joint_verdict import (
    JointVerdict,
    audited_together,
    decision_of,
    headline_of,
)
from workbench.case.audit_case import AuditCase
from workbench.case.target import UnlearningTarget
from workbench.checks.verdict import SHARES
from workbench.common.errors import ModelError, TargetError
from workbench.common.wording import listing, rate, stated
from workbench.graph.causal_graph import CausalGraph
from workbench.methods.registry import METHOD_NAMES
from workbench.models.black_box import BlackBoxModel
from workbench.models.estimators import asked_estimator
from workbench.report.audit_report import AuditReport

__all__ = ["ClassAudit", "audit_classes", "class_cases"]


@dataclass(frozen=True, eq=False)
class ClassAudit(JointVerdict):
    """The audits of all classes of a model, by their labels, and what they say together.

    Attributes
    ----------
    mirrored : object, optional
        The class that was not audited by itself: of two, the probability of one is 1 less that of
        the other, so that every effect has the same size and the other sign.
    """

    mirrored: Any = None

    @cached_property
    def moved_most(self) -> Any:
        """The class whose probability moves most: among those above, where any is."""
        return max(self.reports, key=lambda label: _moved(self.reports[label]))

    @property
    def tied(self) -> tuple[Any, ...]:
        """The classes that may move most: where one is above, those whose intervals overlap."""
        least = max((_reach(report)[0] for report in self.reports.values()), default=0.0)
        return tuple(label for label, r in self.reports.items() if _reach(r)[1] >= least)

    @property
    def headline(self) -> str:
        """The verdict in one sentence, about the class that moves most."""
        classes = len(self.reports)
        said = headline_of(self.reports[self.moved_most])
        if self.mirrored is not None:
            return f"{said} {self._mirror}"
        if self.decision == "below":
            tau = max(r.verdict.threshold for r in self.reports.values() if r.verdict)
            return (
                f"In none of {classes} classes is influence above {stated(tau)} found. Of each: "
                f"{said}"
            )
        least = [
            str(label) for label, r in self.reports.items() if decision_of(r) == "inconclusive"
        ]
        if self.decision == "inconclusive":
            return f"Open for {listing(least)}, of {classes} classes. {self.moved_most}: {said}"
        tied = [str(label) for label in self.tied]
        if len(tied) > 1:
            return (
                f"Of {classes} classes, those of {listing(tied, most=classes)} move most; which of "
                f"them does cannot be told, for their intervals overlap. {self.moved_most}: {said}"
            )
        return f"Of {classes} classes, that of {self.moved_most} moves most. {said}"

    @property
    def _mirror(self) -> str:
        (audited,) = self.reports
        return (
            f"This is the probability of {audited}. That of {self.mirrored} is its mirror image: "
            f"every effect has the same size and the other sign."
        )

    @property
    def explanation(self) -> str:
        """Return how the error rate was shared, and what each class's report says."""
        count = len(self.reports)
        if self.mirrored is not None:
            return (
                f"Of two classes one was audited, at the whole error rate of {rate(self.alpha)}: "
                f"what is found of it holds of the other with the other sign."
            )
        each = listing(
            [f"{label}: {r.verdict.decision if r.verdict else 'none'}" for label, r in
             self.reports.items()],
            most=count,
        )  # fmt: skip
        return (
            f"The probability of each of {count} classes was audited at 1/{count} of the error "
            f"rate of {rate(self.alpha)}, which all together keep. {each}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the effects of all classes, with the class as the first column."""
        tables = []
        for label, report in self.reports.items():
            table = report.effects.to_frame()
            table.insert(0, "class", str(label))
            table.insert(1, "decision", report.verdict.decision if report.verdict else None)
            tables.append(table)
        return pd.concat(tables, ignore_index=True)


def _moved(report: AuditReport) -> tuple[int, float]:
    if report.verdict is None:
        return -1, 0.0
    above = report.verdict.decision == "above"
    # A share of rows is no size: one of 9 % would outrank a mean of 0.05.
    claims = [claim for claim in report.verdict.claims if claim.kind not in SHARES]
    sizes = [abs(claim.value) for claim in claims if claim.above or not above]
    return int(above), max(sizes, default=0.0)


def _reach(report: AuditReport) -> tuple[float, float]:
    """Between which bounds the largest effect that a report shows lies; nothing where it is open.

    The claims of one report hold at once, so that the largest of its lower bounds is one of the
    largest effect, too.
    """
    if report.verdict is None or report.verdict.decision != "above":
        return 0.0, -1.0
    shown = [c for c in report.verdict.claims if c.above and c.kind not in SHARES]
    ends = [sorted((abs(c.low), abs(c.high))) for c in shown]
    return max((e[0] for e in ends), default=0.0), max((e[1] for e in ends), default=0.0)


def class_cases(
    model: Any,
    *,
    data: pd.DataFrame,
    graph: CausalGraph,
    outcome: str | None = None,
    features: Iterable[str] | None = None,
) -> dict[Any, AuditCase]:
    """Return one case for each class of a fitted classifier.

    Parameters
    ----------
    model : estimator
    data, graph, outcome, features
        As for :class:`workbench.AuditCase`.

    Returns
    -------
    dict of label to AuditCase
        In the order of the model's classes.

    Raises
    ------
    ModelError
        The model has no classes.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> frame = pd.DataFrame({"a": [0.0, 0.1, 1.0, 1.1, 2.0, 2.1], "grade": list("llmmhh")})
    >>> model = GaussianNB().fit(frame[["a"]], frame["grade"])
    >>> list(class_cases(model, data=frame, graph=CausalGraph([("a", "grade")]), outcome="grade"))
    ['h', 'l', 'm']
    """
    classes = None if isinstance(model, BlackBoxModel) else asked_estimator(model).classes
    if classes is None:
        raise ModelError(
            "The model does not say which classes it has. Bring the fitted classifier itself, or "
            "one wb.AuditCase for each class."
        )
    return {
        label: AuditCase(
            data=data,
            model=BlackBoxModel.from_estimator(model, features, positive=label),
            graph=graph,
            outcome=outcome,
        )
        for label in classes
    }


def audit_classes(
    cases: Mapping[Any, AuditCase],
    target: UnlearningTarget,
    methods: Iterable[str] = METHOD_NAMES,
    *,
    alpha: float = 0.05,
    **options: Any,
) -> ClassAudit:
    """Audit the probability of each class, and judge them together.

    Parameters
    ----------
    cases : mapping of label to AuditCase
        One for each class; see :func:`class_cases`.
    target, methods, options
        As for :func:`workbench.audit`.
    alpha : float, default 0.05
        Error rate of the verdict over all classes; each is audited at its share of it. Of two
        whose probabilities add up to 1 the second alone is audited: the first is its mirror image.

    Returns
    -------
    ClassAudit

    Raises
    ------
    AuditError
        As :func:`workbench.audit`, and when there is no case.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.naive_bayes import GaussianNB
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"a": rng.integers(0, 2, 600), "b": rng.normal(size=600)})
    >>> frame["grade"] = np.select([frame.b > 1, frame.a + frame.b > 0], ["high", "mid"], "low")
    >>> model = GaussianNB().fit(frame[["a", "b"]], frame["grade"])
    >>> graph = CausalGraph([("a", "grade"), ("b", "grade")])
    >>> cases = class_cases(model, data=frame, graph=graph, outcome="grade")
    >>> found = audit_classes(cases, UnlearningTarget.feature("a"), ["cafe", "fuzzing"])
    >>> found.decision, list(found.reports)
    ('above', ['high', 'low', 'mid'])
    """
    if not cases:
        raise TargetError("There is no class to audit: give one case for each.")
    mirrored = _mirrored(cases)
    parts = {label: (case, target) for label, case in cases.items() if label != mirrored}
    return ClassAudit(audited_together(parts, methods, alpha=alpha, **options), alpha, mirrored)


def _mirrored(cases: Mapping[Any, AuditCase]) -> Any:
    """Return the first of two classes where its probability is 1 less that of the second."""
    if len(cases) != 2:
        return None
    first, second = cases.values()
    one, other = first.predictions, second.predictions
    same_rows = len(one) == len(other) and first.output == second.output == "probability"
    return next(iter(cases)) if same_rows and np.allclose(one + other, 1.0, atol=1e-6) else None
