"""Reports that compare models, made once for the tests of what is made of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

import workbench as wb
from workbench.checks.membership import membership_evidence
from workbench.models.trained_here import train_model
from workbench.models.training import Training

N = 900
MARKUP = "<script>alert(1)</script>"


def quiet(*_: object) -> None:
    pass


@cache
def changed(kind: str) -> wb.AuditReport:
    """An audit of a claimed unlearning of the loan model, by what is compared and asked."""
    world = wb.datasets.loan(N, 0)
    data, outcome = world.data, world.outcome
    names = [name for name in world.features if name != "race"]
    less = [name for name in names if name not in ("zip_code", "neighborhood_income")]
    before = train_model(data, names, outcome, "logistic")
    asked = wb.BlackBoxModel.wrap(before)
    claimed = wb.BlackBoxModel(
        lambda rows: 0.9 * asked.predict(rows) + 0.05,
        features=names,
        output="probability",
        name=f"{MARKUP}\nimport os",
    )
    retrained = [
        train_model(data.sample(frac=1, replace=True, random_state=s), less, outcome, "logistic")
        for s in range(3)
    ]
    case = wb.AuditCase(data=data, model=claimed, graph=world.graph, outcome=outcome)
    target, both = wb.UnlearningTarget, {"before": before, "retrained": retrained}
    causal = ["cafe", "fuzzing"]
    groups = {"rich": "income > 60"}
    match kind:
        case "several retrained":
            of = target.feature("zip_code")
            return wb.audit(case, of, causal, compare=both, subgroups=groups, progress=quiet)
        case "unchanged":
            of, kept = target.feature("zip_code"), {"before": claimed, "retrained": retrained[0]}
            return wb.audit(case, of, causal, compare=kept, progress=quiet)
        case "before only":
            of = target.subgroup("income > 60", ["zip_code"])
            return wb.audit(case, of, ["cafe"], compare={"before": before}, progress=quiet)
        case "rows":
            of = target.datapoints([0, 3, 5])
            return wb.audit(case, of, causal, compare=both, progress=quiet)
        case "actions and leaks":
            return wb.audit(
                case,
                target.feature("zip_code"),
                causal,
                compare={"retrained": retrained[0]},
                checks=["actions", "leaks"],
                progress=quiet,
            )
        case "membership":
            rows = np.arange(N) < N // 2
            training = Training(
                lambda part, _: KNeighborsClassifier(5, weights="distance").fit(
                    part[less], part[outcome]
                ),
                rows,
            )
            case = wb.AuditCase(
                data=data, model=training.fit(data), graph=world.graph, outcome=outcome
            )
            of = target.datapoints(range(30))
            report = wb.audit(case, of, ["cafe"], training=training, progress=quiet)
            found = membership_evidence(case, of, training, references=8, workers=1)
            return replace(report, checks={**report.checks, "membership": found})
    raise AssertionError(kind)


COMPARED = ("several retrained", "unchanged", "before only", "rows", "actions and leaks")
EVERY = (*COMPARED, "membership")
