"""What every check's finding is, and what the table of checks knows of a check.

A check is one folder: ``measure.py`` asks, ``finding.py`` holds the value, ``outline.py`` says it,
``saved.py`` writes it to a file and reads it back, and ``check.py`` puts these together as one
:class:`Check`, which is one line of :data:`workbench.checks.registry.CHECKS`. A small check is one
file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar

import pandas as pd

from workbench.case.asking.steadiness import Unsteady
from workbench.case.audit_request import AuditRequest
from workbench.case.target import UnlearningTarget
from workbench.checks.verdict import Verdict
from workbench.common.blocks import About, Block, Bullets, Column, Section, Sentence, Table
from workbench.common.saved_values import Saved
from workbench.common.wording import level_text
from workbench.graph.causal_graph import CausalGraph
from workbench.methods.effects import Effect, EffectTable
from workbench.methods.fuzzing.paths import PathEffect
from workbench.methods.fuzzing.propagation import Equations
from workbench.methods.profile.profile import EffectProfile
from workbench.methods.saved_effects import SavedEffect, SavedEstimates

__all__ = [
    "Check",
    "CsvRow",
    "Earlier",
    "Finding",
    "Need",
    "Place",
    "Rest",
    "SavedEffects",
    "SavedForm",
    "debiased_of",
    "plain_outline",
]

CsvRow = tuple[object, ...]
"""Section, name, feature, estimator, part, n_rows, value, low, high."""
Need = Literal["whole rows", "training"]
"""What a check cannot do without: a target of whole rows, the way the model was trained."""
Place = Literal["first", "found", "next", "sure", "last"]
"""Where a report says it: before what was found, within it, after it, within how sure we are, or
after that."""


class Finding(Protocol):
    """What a check found: a value that knows no renderer."""

    @property
    def decision(self) -> str:
        """The finding in one or two words."""

    @property
    def headline(self) -> str:
        """The finding in one careful sentence."""

    def sentences(self) -> tuple[str, ...]:
        """Say the finding in words."""

    def to_frame(self) -> pd.DataFrame:
        """Return its numbers as a table."""


@dataclass(frozen=True, eq=False)
class Earlier:
    """What an audit has found by the time that a check runs.

    Attributes
    ----------
    verdict : Verdict or None
    equations : Equations or None
        Structural equations, where a method needed them.
    effects : EffectTable or None
        Of the target's features, for the change that the report explains.
    profile : EffectProfile or None
        Over levels, people and groups.
    paths : sequence of PathEffect
    unsteady : Unsteady or None
        How much the model's answers to the same row differ.
    checks : mapping of str to Finding
        Findings of the checks that stand before this one in the table, by name.
    """

    verdict: Verdict | None = None
    equations: Equations | None = None
    effects: EffectTable | None = None
    profile: EffectProfile | None = None
    paths: Sequence[PathEffect] = ()
    unsteady: Unsteady | None = None
    checks: Mapping[str, Finding] = field(default_factory=dict)


def debiased_of(earlier: Earlier) -> EffectTable | None:
    """Return the audit's debiased effects, where it has estimated them."""
    found = None if earlier.effects is None else earlier.effects.of("debiased")
    return found if found is not None and len(found) else None


@dataclass(frozen=True, eq=False)
class Rest:
    """The rest of a report, which what is saved of a check must agree with.

    Attributes
    ----------
    target : UnlearningTarget
    features : tuple of str
        The target's features.
    graph : CausalGraph
        As the auditor drew it.
    nodes : tuple of str
        Of the graph over the features with the prediction as a node.
    unit : str
    n_target_rows, n_rows : int
        Rows of the target, and of the data.
    model_fingerprint : str
        Of the audited model.
    verdict : Verdict or None
    checks : mapping of str to Finding
        Findings of the checks that stand before this one in the table.
    """

    target: UnlearningTarget
    features: tuple[str, ...]
    graph: CausalGraph
    nodes: tuple[str, ...]
    unit: str
    n_target_rows: int
    n_rows: int
    model_fingerprint: str
    verdict: Verdict | None
    checks: Mapping[str, Finding] = field(default_factory=dict)


F = TypeVar("F", bound=Finding)
D = TypeVar("D", bound=Saved)


@dataclass(frozen=True, eq=False)
class SavedEffects(Generic[F]):
    """How the effects of a finding, with their joint uncertainty, are kept in a file.

    Attributes
    ----------
    document : type
        What stands among the report's estimates, under the check's key: a tuple of one kind of
        :class:`Saved`.
    groups : callable
        ``groups(finding)`` to lists of effects whose uncertainty must be kept together.
    write : callable
        ``write(finding, saved)`` to the document; `saved` holds the same lists as `groups`, of
        :class:`workbench.methods.saved_effects.SavedEffect`.
    """

    document: Any
    groups: Callable[[F], Sequence[Sequence[Effect]]]
    write: Callable[[F, Sequence[Sequence[SavedEffect]]], Any]


@dataclass(frozen=True, eq=False)
class SavedForm(Generic[F, D]):
    """How a finding is kept in a file: one typed document writes it and reads it.

    Attributes
    ----------
    document : type
        A :class:`workbench.common.saved_values.Saved` struct.
    write : callable
        ``write(finding, rest)`` to the document.
    read : callable
        ``read(document, rest, estimates)`` to the finding. What can be derived again is derived
        again: the file reader then compares the document of what was read with what stands in the
        file. `estimates` is empty without `effects`.
    effects : SavedEffects, optional
    """

    document: type[D]
    write: Callable[[F, Rest], D]
    read: Callable[[D, Rest, SavedEstimates], F]
    effects: SavedEffects[F] | None = None


def plain_outline(found: Finding, _: About) -> tuple[Block, ...]:
    """Say what any finding says: its headline, its sentences, and its numbers folded away."""
    frame = found.to_frame()
    said = tuple(text for text in found.sentences() if text != found.headline)
    blocks: list[Block] = [Sentence(found.headline, audience="headline")]
    if said:
        blocks.append(Bullets(said))
    if len(frame):
        columns = tuple(Column(str(name), number=False) for name in frame.columns)
        rows = tuple(
            tuple(level_text(value) if isinstance(value, float) else str(value) for value in row)
            for row in frame.itertuples(index=False, name=None)
        )
        table = Table("All that was measured.", columns, rows, name="Numbers")
        numbers = Section("numbers", "In numbers", (table,), folded=True, audience="annex")
        blocks.append(numbers)
    return tuple(blocks)


def _no_rows(_: Any) -> Iterable[CsvRow]:
    return ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Check(Generic[F]):
    """One line of the table of checks: all that anybody but the check itself knows of it.

    Attributes
    ----------
    name : str
        As ``audit(checks=…)`` and ``--check`` take it; the key in ``report.checks``.
    key : str
        The key in a saved report; with blanks for underscores it is the step's name in
        ``report.skipped`` and in the provenance.
    title : str
        The heading over its finding.
    question : str
        In the page's list of checks.
    does : str
        What it does, after its name in the command line's help: "searches where …".
    cost : str
        What it takes, in words.
    run : callable
        ``run(asked, earlier)`` to the finding. It may raise an :class:`AuditError`, whose text
        then says in ``report.skipped`` why there is none.
    saved : SavedForm
        How its finding is kept in a file.
    needs : tuple of str
        What it cannot do without; see :data:`Need`.
    asked_by : {"checks", "compare"}
        The argument of the audit that asks for it. What ``compare=`` asks for must succeed.
    csv_rows : callable
        ``csv_rows(finding)`` to rows of :meth:`AuditReport.to_csv`.
    outline : callable
        ``outline(finding, about)`` to what a report says of it; by default what any finding says.
    place : {"first", "found", "next", "sure", "last"}
        Where in a report; see :data:`Place`.
    asks : bool
        Whether it asks the model about many rows, and is left out where questions are limited.
    """

    name: str
    key: str
    title: str
    question: str
    does: str
    cost: str
    run: Callable[[AuditRequest, Earlier], F]
    saved: SavedForm[F, Any]
    needs: tuple[Need, ...] = ()
    asked_by: Literal["checks", "compare"] = "checks"
    csv_rows: Callable[[F], Iterable[CsvRow]] = _no_rows
    outline: Callable[[F, About], tuple[Block, ...]] = plain_outline
    place: Place = "last"
    asks: bool = False

    @property
    def step(self) -> str:
        """The name of its step in ``report.skipped`` and in the provenance."""
        return self.key.replace("_", " ")

    def wanted(self, asked: AuditRequest) -> bool:
        """Whether an audit asks for it."""
        if self.asked_by == "compare":
            return asked.compared is not None
        return self.name in asked.checks
