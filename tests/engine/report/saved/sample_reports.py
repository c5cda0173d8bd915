"""Reports of every kind, made once, and their saved form to be changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import workbench as wb
from tests.engine.planted_world import planted_case

Document = dict[str, Any]


def quiet(*_: object) -> None:
    pass


def loan_case(n: int = 800) -> wb.AuditCase:
    world = wb.datasets.loan(n=n, seed=0)
    names = list(world.features)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(world.data[names], world.data[world.outcome])
    return wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)


def dated(case: wb.AuditCase) -> wb.AuditCase:
    data = case.data.set_axis(pd.date_range("2020-01-01", periods=case.n_rows), axis=0)
    return wb.AuditCase(data=data, model=case.model, graph=case.graph, outcome=case.outcome)


def hostile_case() -> wb.AuditCase:
    rng = np.random.default_rng(0)
    a, b = "<script>alert(1)</script>", '=cmd|"/c calc"!A1'
    data = pd.DataFrame({a: rng.normal(size=300)})
    data[b] = data[a] + rng.normal(size=300)
    model = wb.BlackBoxModel(
        lambda rows: rows[b], features=[b], output="value", name="m\nimport os"
    )
    return wb.AuditCase(data=data, model=model, graph=wb.CausalGraph([(a, b)]))


def make(kind: str) -> wb.AuditReport:
    case, target = loan_case(), wb.UnlearningTarget
    causal = ["cafe", "fuzzing"]
    groups = {"rich": "income > 60", "it's <b>": "race == 'Black'", "nobody": "income > 1e9"}
    match kind:
        case "every method":
            return wb.audit(case, target.feature("zip_code"), subgroups=groups, progress=quiet)
        case "several features":
            both = target.features(["zip_code", "income"])
            varied = {"zip_code": wb.Contrast("MA 02121", "MA 02467"), "income": wb.Shift(-3)}
            return wb.audit(
                case, both, causal, intervention=varied, subgroups=groups, progress=quiet
            )
        case "datapoints":
            return wb.audit(case, target.datapoints([3, 8, 9]), causal, progress=quiet)
        case "dated datapoints":
            case = dated(case)
            days = target.datapoints(case.data.index[:12], ["income"])
            return wb.audit(case, days, causal, subgroups=groups, progress=quiet)
        case "subgroup, resampled":
            part = target.subgroup("income > 60", ["zip_code"])
            return wb.audit(
                case, part, causal, intervention=wb.Resample(2), subgroups=groups, progress=quiet
            )
        case "logged":
            logged = wb.BlackBoxModel.from_predictions(case.predictions, case.reads)
            case = wb.AuditCase(case.data, logged, case.graph, case.outcome)
            return wb.audit(case, target.feature("income"), causal, progress=quiet)
        case "every check":
            return wb.audit(
                planted_case(),
                target.feature("f"),
                ["cafe", "fairtest"],
                checks=["subgroups", "graph"],
                progress=quiet,
            )
        case "no verdict":
            return wb.audit(case, target.feature("income"), ["permutation"], progress=quiet)
        case "hostile":
            name = "<script>alert(1)</script>"
            case = hostile_case()
            condition = f"`{name}` > 0"
            return wb.audit(
                case, target.feature(name), causal, subgroups={name: condition}, progress=quiet
            )
    raise AssertionError(kind)


KINDS = (
    "every method",
    "several features",
    "datapoints",
    "dated datapoints",
    "subgroup, resampled",
    "logged",
    "every check",
    "no verdict",
    "hostile",
)
made: dict[str, wb.AuditReport] = {}


def report_of(kind: str) -> wb.AuditReport:
    if kind not in made:
        made[kind] = make(kind)
    return made[kind]


def document(kind: str = "every method") -> Document:
    found: Document = json.loads(report_of(kind).to_json())
    return found


def read(changed: Document) -> wb.AuditReport:
    return wb.AuditReport.from_json(json.dumps(changed))


def places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    held = node.items() if isinstance(node, dict) else enumerate(node[:3])
    for key, value in held if isinstance(node, dict | list) else ():
        if isinstance(value, dict | list):
            yield from places(value, (*at, key))
        else:
            yield (*at, key)


ODD = [
    None,
    True,
    -1,
    0,
    3,
    1e99,
    10**400,
    "",
    "<script>x()</script>",
    "\ud800",
    [],
    {},
    [[]],
    "nan",
]
