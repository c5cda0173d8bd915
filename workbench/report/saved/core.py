"""The saved report as typed values: what every report has; checks and baselines add their own.

:data:`SavedReport` writes a report, reads it and gives ``report.schema.json``, key by key.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from workbench.checks.registry import CHECKS
from workbench.checks.verdict import Decision
from workbench.common.limits import REPORT_ATTRIBUTIONS, REPORT_ENTRIES
from workbench.common.row_labels import WrittenLabel
from workbench.common.saved_values import Count, MaybeNumber, Number, Saved
from workbench.methods.joint_uncertainty import MOST_COLUMNS
from workbench.methods.registry import BASELINES
from workbench.methods.row_summary import MOST_BINS
from workbench.methods.saved_effects import SavedEffect
from workbench.report.case_details import CaseDetails
from workbench.report.saved.profile import SavedProfile
from workbench.report.saved.provenance import SavedProvenance
from workbench.report.saved.steadiness import SavedUnsteady
from workbench.report.saved.turned import SavedTurnedArrow

__all__ = ["FORMAT", "FORMAT_VERSION", "ReportEstimates", "SavedReport"]

FORMAT = "cafe-workbench-report"
FORMAT_VERSION = 3


# ---- for readers: tables that follow from the estimates ------------------------------------


class SavedClaim(Saved, frozen=True):
    """One effect compared with the threshold."""

    name: str
    feature: str
    kind: Literal["total", "direct", "indirect", "path", "share", "total share"]
    value: MaybeNumber
    low: MaybeNumber
    high: MaybeNumber
    p_above: MaybeNumber
    below: bool
    above: bool
    over: Literal["change", "values", "people", "groups"] = "change"
    change: str = ""
    before: str = ""
    after: str = ""
    combination: Literal["", "joint"] = ""
    group: str = ""


class SavedVerdict(Saved, frozen=True):
    """The verdict; all but threshold and alpha is made again."""

    decision: Decision
    headline: str
    explanation: str
    threshold: Number
    alpha: Number
    smallest_threshold: MaybeNumber
    claims: tuple[SavedClaim, ...]
    cancellations: tuple[str, ...]
    basis: tuple[str, ...] = ()


class SavedEffectRow(Saved, frozen=True):
    """One row of the table of effects."""

    feature: str
    estimator: str
    intervention: str
    combination: str
    total: MaybeNumber
    total_low: MaybeNumber
    total_high: MaybeNumber
    total_mean_abs: MaybeNumber
    direct: MaybeNumber
    direct_low: MaybeNumber
    direct_high: MaybeNumber
    direct_mean_abs: MaybeNumber
    indirect: MaybeNumber
    indirect_low: MaybeNumber
    indirect_high: MaybeNumber
    indirect_mean_abs: MaybeNumber
    pure_indirect: MaybeNumber
    pure_indirect_low: MaybeNumber
    pure_indirect_high: MaybeNumber
    interaction: MaybeNumber
    interaction_low: MaybeNumber
    interaction_high: MaybeNumber
    adjustment: str
    n_rows: Count
    queries: Count


class SavedSubgroupRow(Saved, frozen=True):
    """One effect in a subgroup, beside its difference to the whole."""

    subgroup: str
    condition: str
    feature: str
    combination: str
    n_rows: Count
    total: MaybeNumber
    total_low: MaybeNumber
    total_high: MaybeNumber
    direct: MaybeNumber
    direct_low: MaybeNumber
    direct_high: MaybeNumber
    indirect: MaybeNumber
    indirect_low: MaybeNumber
    indirect_high: MaybeNumber
    total_difference: MaybeNumber
    total_difference_low: MaybeNumber
    total_difference_high: MaybeNumber
    direct_difference: MaybeNumber
    direct_difference_low: MaybeNumber
    direct_difference_high: MaybeNumber
    indirect_difference: MaybeNumber
    indirect_difference_low: MaybeNumber
    indirect_difference_high: MaybeNumber


class SavedPathRow(Saved, frozen=True):
    """The effect along one path."""

    feature: str
    path: tuple[str, ...]
    intervention: str
    effect: MaybeNumber
    effect_low: MaybeNumber
    effect_high: MaybeNumber
    share: MaybeNumber


class SavedComparisonRow(Saved, frozen=True):
    """One feature's value and rank by one method."""

    feature: str
    method: str
    value: MaybeNumber
    rank: MaybeNumber
    unit: str


class SavedDisagreement(Saved, frozen=True):
    """Two estimators of the same total effect."""

    feature: str
    cafe_total: MaybeNumber
    fuzzing_total: MaybeNumber
    difference: MaybeNumber
    difference_low: MaybeNumber
    difference_high: MaybeNumber
    differs: bool


# ---- what a report consists of -------------------------------------------------------------


class SavedAttributionRow(Saved, frozen=True):
    """One feature's importance."""

    feature: str
    method: str
    value: MaybeNumber
    low: MaybeNumber
    high: MaybeNumber
    unit: str


class SavedAttribution(Saved, frozen=True):
    """What a baseline says of every feature."""

    method: str
    unit: str
    explanation: str
    values: tuple[SavedAttributionRow, ...]
    has_interval: bool
    n_rows: Count
    queries: Count
    exact: bool


class SavedEquation(Saved, frozen=True):
    """How well one structural equation fits."""

    node: str
    causes: str
    kind: str
    held_out_fit: MaybeNumber
    rows: Count


class SavedOverlap(Saved, frozen=True):
    """Rows without like ones at a level."""

    feature: str
    level: str
    given: str
    unsupported: MaybeNumber


class SavedAdjustment(Saved, frozen=True):
    """What the effect of a feature is adjusted for."""

    feature: str
    adjustment_set: str
    mediators: str
    read_by_model: bool


class SavedDiagnostics(Saved, frozen=True):
    """What the estimates rest on."""

    disagreement: tuple[SavedDisagreement, ...]
    equations: tuple[SavedEquation, ...]
    overlap: tuple[SavedOverlap, ...]
    adjustment: tuple[SavedAdjustment, ...]
    warnings: tuple[str, ...]


class SavedGraph(Saved, frozen=True):
    """The graph as the auditor drew it."""

    nodes: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    latents: tuple[str, ...]


class SavedTarget(Saved, frozen=True):
    """What was asked to be forgotten."""

    names: tuple[str, ...]
    rows: tuple[WrittenLabel, ...] | None
    condition: str | None


# ---- the estimates that everything follows from --------------------------------------------


class SavedPartSummary(Saved, frozen=True):
    """One effect at the target's rows."""

    part: Literal["total", "direct", "indirect"]
    mean: MaybeNumber
    mean_abs: MaybeNumber
    quantiles: dict[str, Number]
    above: Number
    within: Number
    below: Number
    edges: Annotated[tuple[Number, ...], msgspec.Meta(max_length=MOST_BINS + 1)]
    counts: Annotated[tuple[Count, ...], msgspec.Meta(max_length=MOST_BINS)]


class SavedRowSummary(Saved, frozen=True):
    """How an effect is spread over the target's rows: total, direct, indirect."""

    n_rows: Count
    threshold: Number
    parts: Annotated[tuple[SavedPartSummary, ...], msgspec.Meta(min_length=3, max_length=3)]


class SavedForm(Saved, frozen=True):
    """What the form behind an estimate leaves unexplained."""

    correction: Number
    standard_error: Number
    weight: Number
    missed: Number = 0.0


class SavedEntry(Saved, frozen=True):
    """One feature's effects, with their uncertainty."""

    feature: str
    estimator: str
    intervention: str
    combination: Literal["", "sum", "joint"]
    adjustment: tuple[str, ...]
    n_rows: Count
    queries: Count
    total: SavedEffect
    direct: SavedEffect
    pure_indirect: SavedEffect | None
    rows: SavedRowSummary | None
    form: SavedForm | None = None
    filled_rows: Count = 0


class SavedPath(Saved, frozen=True):
    """The effect along one path, with its uncertainty."""

    feature: str
    path: Annotated[tuple[str, ...], msgspec.Meta(min_length=2)]
    intervention: str
    effect: SavedEffect
    left_out: Count


Entries = Annotated[tuple[SavedEntry, ...], msgspec.Meta(max_length=int(REPORT_ENTRIES))]
InfluenceBlock = Annotated[tuple[str, ...], msgspec.Meta(max_length=MOST_COLUMNS)]


class CoreEstimates(Saved, frozen=True):
    """Every effect, with its place among the columns of joint uncertainty."""

    seed: Count
    blocks: Annotated[tuple[InfluenceBlock, ...], msgspec.Meta(max_length=int(REPORT_ENTRIES))]
    effects: Entries
    context: Entries
    subgroups: dict[str, Entries]
    paths: Annotated[tuple[SavedPath, ...], msgspec.Meta(max_length=int(REPORT_ENTRIES))]
    whole_table: Entries = ()


class CoreReport(Saved, frozen=True):
    """What every report has."""

    format: Literal["cafe-workbench-report"]
    format_version: Count
    note: str
    target: str
    features: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    n_target_rows: Count
    unit: str
    outcome: str | None
    methods: tuple[str, ...]
    verdict: SavedVerdict | None
    effects: tuple[SavedEffectRow, ...]
    context: tuple[SavedEffectRow, ...]
    subgroups: tuple[SavedSubgroupRow, ...]
    paths: tuple[SavedPathRow, ...]
    comparison: tuple[SavedComparisonRow, ...]
    agreement: dict[str, dict[str, MaybeNumber]]
    sentences: tuple[str, ...]
    attributions: Annotated[
        tuple[SavedAttribution, ...], msgspec.Meta(max_length=int(REPORT_ATTRIBUTIONS))
    ]
    diagnostics: SavedDiagnostics
    graph: SavedGraph
    audit_nodes: tuple[str, ...]
    reads: tuple[str, ...]
    skipped: dict[str, str]
    provenance: SavedProvenance
    code: str
    call: str
    target_parts: SavedTarget
    subgroup_conditions: dict[str, str]
    doubted: tuple[str, ...] = ()
    unsteady: SavedUnsteady | None = None
    turned: tuple[SavedTurnedArrow, ...] = ()
    audited_outcome: str | None = None
    audited_class: str | None = None
    favourable: Literal["higher", "lower"] | None = None
    profile: SavedProfile | None = None
    case_details: CaseDetails | None = None
    whole_table: tuple[SavedEffectRow, ...] = ()


ReportEstimates: Any = msgspec.defstruct(
    "ReportEstimates",
    [
        (check.key, check.saved.effects.document, ())
        for check in CHECKS
        if check.saved.effects is not None
    ],
    bases=(CoreEstimates,),
    kw_only=True,
)
"""The estimates with those of every check that has effects of its own."""

SavedReport: Any = msgspec.defstruct(
    "SavedReport",
    [
        *(
            (method.saved.key, method.saved.document | None, None)
            for method in BASELINES
            if method.saved is not None
        ),
        *((check.key, check.saved.document | None, None) for check in CHECKS),
        ("estimates", ReportEstimates),
    ],
    bases=(CoreReport,),
    kw_only=True,
)
"""A report as the file holds it; a baseline or check that did not run is null."""
