"""The result of an audit: tables, a verdict, and where it all came from."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.baselines.attribution import Attribution
from workbench.comparison import Comparison, compare
from workbench.diagnostics import Diagnostics
from workbench.effects import EffectTable
from workbench.graph import CausalGraph
from workbench.paths import PathEffect, path_frame
from workbench.provenance import Provenance
from workbench.target import UnlearningTarget
from workbench.verdict import Verdict

__all__ = ["AuditReport"]


@dataclass(frozen=True, eq=False)
class AuditReport:
    """Everything one audit found.

    Attributes
    ----------
    target : UnlearningTarget
    features : tuple of str
        The target's features.
    n_target_rows : int
    effects : EffectTable
        The target's features, by every causal estimator that was asked for.
    context : EffectTable
        CAFÉ's effects of all features on the same rows, for the comparison.
    path_effects : tuple of PathEffect
    verdict : Verdict or None
        None when no causal estimator was asked for.
    attributions : tuple of Attribution
    fairness : DataFrame or None
        AIF360's metrics; see :func:`workbench.baselines.fairness_metrics`.
    diagnostics : Diagnostics
    graph : CausalGraph
        The graph as the auditor drew it.
    audit_graph : CausalGraph
        The graph over the features with the prediction as a node.
    reads : tuple of str
        Features that the model reads.
    outcome : str or None
    unit : str
        What a score is: "probability", "log-odds" or "value".
    methods : tuple of str
    call : str
        The Python call that repeats the audit.
    provenance : Provenance
    skipped : mapping of str to str
        Methods that could not run, with the reason in words.
    """

    target: UnlearningTarget
    features: tuple[str, ...]
    n_target_rows: int
    effects: EffectTable
    context: EffectTable
    path_effects: tuple[PathEffect, ...]
    verdict: Verdict | None
    attributions: tuple[Attribution, ...]
    fairness: pd.DataFrame | None
    diagnostics: Diagnostics
    graph: CausalGraph
    audit_graph: CausalGraph
    reads: tuple[str, ...]
    outcome: str | None
    unit: str
    methods: tuple[str, ...]
    call: str
    provenance: Provenance
    skipped: Mapping[str, str]

    @property
    def paths(self) -> pd.DataFrame:
        """Path effects; see :func:`workbench.paths.path_effects`."""
        return path_frame(self.path_effects)

    def comparison(self) -> Comparison:
        """Put the causal effects and the attributions of all features side by side."""
        own = {entry.feature for entry in self.effects.of("cafe") if not entry.combination}
        rest = tuple(e for e in self.context if not e.combination and e.feature not in own)
        entries = tuple(e for e in self.effects if not e.combination) + rest
        order = {name: place for place, name in enumerate(self.reads)}
        entries = tuple(sorted(entries, key=lambda e: order.get(e.feature, -1)))
        table = EffectTable(entries, self.effects.index, self.unit, self.provenance.seed)
        return compare(
            table,
            self.attributions,
            target=self.features,
            reads=self.reads,
            routes={entry.feature: self._route(entry.feature) for entry in entries},
        )

    def _route(self, feature: str) -> tuple[str, ...]:
        """Mediators of a feature, those with the largest path effects first."""
        weight: dict[str, float] = {}
        for path in self.path_effects:
            if path.feature == feature:
                for node in path.path[1:-1]:
                    weight[node] = weight.get(node, 0.0) + abs(path.effect.value)
        if not weight:
            return self.audit_graph.mediators(feature, "prediction")
        return tuple(sorted(weight, key=lambda node: -weight[node]))

    def to_frame(self) -> pd.DataFrame:
        """Return the effects of the target's features; see :meth:`EffectTable.to_frame`."""
        return self.effects.to_frame()

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the whole report as JSON text, and write it to `path` if given."""
        text: str = json.dumps(
            _plain(self._document()), indent=2, ensure_ascii=False, allow_nan=False
        )
        if path is not None:
            Path(path).write_text(text + "\n", encoding="utf-8")
        return text

    def _document(self) -> dict[str, Any]:
        comparison = self.comparison()
        verdict = self.verdict
        return {
            "format": "cafe-workbench-report",
            "format_version": 1,
            "target": self.target.describe(),
            "features": self.features,
            "n_target_rows": self.n_target_rows,
            "unit": self.unit,
            "outcome": self.outcome,
            "methods": self.methods,
            "verdict": None
            if verdict is None
            else {
                "decision": verdict.decision,
                "headline": verdict.headline,
                "explanation": verdict.explanation,
                "threshold": verdict.threshold,
                "alpha": verdict.alpha,
                "smallest_threshold": verdict.smallest_threshold,
                "claims": verdict.to_frame(),
                "cancellations": [c.sentence(verdict.threshold) for c in verdict.cancellations],
            },
            "effects": self.effects.to_frame(),
            "context": self.context.to_frame(),
            "paths": self.paths,
            "comparison": comparison.table,
            "agreement": comparison.agreement,
            "sentences": comparison.sentences,
            "attributions": [
                {
                    "method": a.method,
                    "unit": a.unit,
                    "explanation": a.explanation,
                    "values": a.to_frame(),
                }
                for a in self.attributions
            ],
            "fairness": self.fairness,
            "diagnostics": {
                "disagreement": self.diagnostics.disagreement,
                "equations": self.diagnostics.equations,
                "overlap": self.diagnostics.overlap,
                "adjustment": self.diagnostics.adjustment,
                "warnings": self.diagnostics.warnings,
            },
            "graph": json.loads(self.graph.to_json()),
            "reads": self.reads,
            "skipped": self.skipped,
            "provenance": asdict(self.provenance),
            "code": self.to_code(),
        }

    def to_html(self, path: str | Path | None = None) -> str:
        """Return the report as one HTML page that needs no network, and write it if asked."""
        from workbench.report_page import render_page

        text: str = render_page(self)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def to_code(self, load: str | None = None) -> str:
        """Return the Python code that repeats the audit.

        Parameters
        ----------
        load : str, optional
            Lines that define ``data`` and ``model``. By default they name what is needed and
            its fingerprint.
        """
        origin = self.provenance
        if load is None:
            load = (
                f'data = pd.read_csv("data.csv")  # {origin.n_rows:,} rows, '
                f"SHA-256 {origin.data_fingerprint[:16]}…\n"
                f"model = ...  # {origin.model}, SHA-256 {origin.model_fingerprint[:16]}…"
            )
        graph = "wb.CausalGraph(\n    [\n"
        graph += "".join(f"        {edge!r},\n" for edge in self.graph.edges)
        graph += f"    ],\n    nodes={list(self.graph.nodes)!r},\n"
        if self.graph.latents:
            graph += f"    latents={list(self.graph.latents)!r},\n"
        return (
            "import pandas as pd\n\nimport workbench as wb\n\n"
            f"{load}\n"
            f"graph = {graph})\n"
            f"case = wb.AuditCase(data=data, model=model, graph=graph, outcome={self.outcome!r},\n"
            f"                    features={list(self.reads)!r})\n"
            f"target = {self.target.to_code()}\n"
            f"report = {self.call}\n"
        )

    def _repr_html_(self) -> str:
        parts = []
        if self.verdict is not None:
            parts.append(
                f"<p><strong>{html.escape(self.verdict.headline)}</strong> "
                f"{html.escape(self.verdict.explanation)}</p>"
            )
            parts += [
                f"<p>{html.escape(c.sentence(self.verdict.threshold))}</p>"
                for c in self.verdict.cancellations
            ]
        parts.append(self.effects._repr_html_())
        parts += [f"<p>{html.escape(s)}</p>" for s in self.comparison().sentences]
        return "\n".join(parts)

    def __repr__(self) -> str:
        found = self.verdict.headline if self.verdict else "no verdict"
        return f"AuditReport({self.target.describe()}: {found})"


def _plain(value: Any) -> Any:
    """Turn a value into what JSON knows; NaN becomes null."""
    if isinstance(value, pd.DataFrame):
        if value.index.equals(pd.RangeIndex(len(value))):
            return [_plain(record) for record in value.to_dict("records")]
        return {str(k): _plain(record) for k, record in value.to_dict("index").items()}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value
