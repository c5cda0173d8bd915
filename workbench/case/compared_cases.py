"""The models that an audit compares, each with the same rows and the same graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.case.asking.variations import fixed_interventions
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Interventions
from workbench.case.target import UnlearningTarget, check_target
from workbench.common.errors import AuditError, ModelError, listed
from workbench.common.limits import RETRAINED_MODELS
from workbench.models.audited_class import of_the_class_of
from workbench.models.black_box import BlackBoxModel

__all__ = ["ROLES", "ComparedCases", "read_compared"]

ROLES = ("before", "retrained")
"""Models that an audit can hold beside the one it is about, the model after unlearning."""


@dataclass(frozen=True, eq=False)
class ComparedCases:
    """The same rows and graph with each of the models.

    Attributes
    ----------
    target : UnlearningTarget
        With its features written out: those that any of the models reads, when none is named.
    after : AuditCase
    before : AuditCase or None
    retrained : tuple of AuditCase
    """

    target: UnlearningTarget
    after: AuditCase
    before: AuditCase | None
    retrained: tuple[AuditCase, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was taken for the audited class where a model names its classes otherwise."""
        label = self.after.model.audited_class
        found = [
            f"The model {role!r} names its classes differently from the audited one: its "
            f"{case.model.audited_class!r} was taken for {label!r}. Where that is wrong, the "
            f"comparison is too: name its class with positive=."
            for role, case in self
            if None not in (label, case.model.audited_class)
            and not case.model.class_was_named
            and str(case.model.audited_class) != str(label)
        ]
        return tuple(dict.fromkeys(found))

    def interventions(self, intervention: Interventions, seed: int) -> Interventions:
        """Write out the default levels, the same for all models.

        A category's widest contrast is that of the model before, where it was given: what was
        forgotten shows there, and after it any two levels may look widest.

        Raises
        ------
        InterventionError, TargetError
            As :func:`workbench.case.asking.batches.variations_of`.
        """
        case = self.after if self.before is None else self.before
        names, mask = case.resolve(self.target)
        return fixed_interventions(case, names, np.flatnonzero(mask), intervention, seed)

    def __iter__(self) -> Iterator[tuple[str, AuditCase]]:
        if self.before is not None:
            yield "before", self.before
        yield "after", self.after
        for case in self.retrained:
            yield "retrained", case


def read_compared(
    case: AuditCase, target: UnlearningTarget, compare: Mapping[str, Any]
) -> ComparedCases:
    """Put models beside the audited one, and make sure that all can be asked the same.

    Parameters
    ----------
    compare : mapping of str to model
        "before": the model before unlearning; "retrained": a model trained without the target, or
        several of them that differ in their seed. What :meth:`BlackBoxModel.wrap`
        takes.

    Returns
    -------
    ComparedCases
        A feature that only another model reads is added to the graph, so that it can be asked of
        all of them.

    Raises
    ------
    ModelError
        A role is unknown, no model is named, or a model does not fit the data.
    TargetError
        The target does not fit the case.
    """
    check_target(target, case.features[0])
    unknown = [role for role in compare if role not in ROLES]
    if unknown:
        raise ModelError(
            f"compare= names {listed(unknown)}. Known: 'before', the model before unlearning, and "
            f"'retrained', one or several models trained without the target. The audited model "
            f"itself is the case's."
        )
    given: list[tuple[str, BlackBoxModel]] = []
    for role, models in compare.items():
        several = list(models) if isinstance(models, list | tuple) else [models]
        if not several or (role == "before" and len(several) > 1):
            raise ModelError(
                f"compare={{{role!r}: …}} takes "
                + ("one model." if role == "before" else "at least one model.")
            )
        if len(several) > RETRAINED_MODELS:
            raise ModelError(f"At most {RETRAINED_MODELS} retrained models are compared.")
        for model in several:
            try:
                given.append((role, of_the_class_of(model, case.model)))
            except AuditError as error:
                raise type(error)(f"The model {role!r}: {error}") from None
    if not given:
        raise ModelError("compare= names no model. Give 'before', 'retrained' or both.")
    known = {name for _, model in given for name in model.features or ()}
    graph = case.graph
    for name in case.data.columns:
        if name in known and name not in graph.nodes and name != case.outcome:
            graph = graph.add_node(name)
    after = case if graph is case.graph else case.with_graph(graph)
    cases: dict[str, list[AuditCase]] = {role: [] for role in ROLES}
    for role, model in given:
        try:
            cases[role].append(after.with_model(model))
        except AuditError as error:
            raise type(error)(f"The model {role!r}: {error}") from None
    every = [after, *cases["before"], *cases["retrained"]]
    outputs = {one.output for one in every}
    if len(outputs) > 1:
        raise ModelError(
            f"The models answer in different units ({listed(sorted(outputs))}), so that their "
            f"effects cannot be compared. Say output= for each with wb.BlackBoxModel."
        )
    if not target.names:
        read = {name for one in every for name in one.reads}
        target = replace(target, names=tuple(n for n in case.data.columns if n in read))
    before = cases["before"][0] if cases["before"] else None
    return ComparedCases(target, after, before, tuple(cases["retrained"]))
