"""Charts as values: what is drawn, in which unit, under which name. ``report/charts`` draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = [
    "BarChart",
    "BarRow",
    "ChangeChart",
    "ChangeRow",
    "Chart",
    "ForestChart",
    "ForestRow",
    "GraphPicture",
    "HistogramChart",
    "HistogramPanel",
    "Mark",
    "RankChart",
    "RateChart",
    "RateCurve",
    "RatePoint",
]


@dataclass(frozen=True)
class Mark:
    """A value with its 95 % interval, in the unit of the axis; `series` says by whom."""

    series: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ForestRow:
    """One line of a forest chart: the same quantity by one or several estimators."""

    group: str
    label: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class ForestChart:
    """Values with their intervals against the band that counts as "below".

    Attributes
    ----------
    rows : tuple of ForestRow
        Rows of one group follow each other; its name is drawn once.
    title, axis : str
        What the chart is called, and what its axis measures.
    threshold : float or None
        Half the width of the band around 0; None draws none.
    """

    rows: tuple[ForestRow, ...]
    title: str
    axis: str
    threshold: float | None = None


@dataclass(frozen=True)
class BarRow:
    """One bar with its 95 % interval, and a note at its right end."""

    label: str
    value: float
    low: float
    high: float
    note: str = ""


@dataclass(frozen=True)
class BarChart:
    """Signed bars with their intervals, each below its own label."""

    rows: tuple[BarRow, ...]
    title: str
    axis: str
    threshold: float | None = None


@dataclass(frozen=True)
class HistogramPanel:
    """One histogram: equally wide bins, rows per bin, the mean, and a note at the right."""

    label: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    mean: float
    note: str


@dataclass(frozen=True)
class HistogramChart:
    """Histograms below each other on one axis, against the band that counts as "within".

    The first and the last bin also hold the rows beyond them.
    """

    panels: tuple[HistogramPanel, ...]
    title: str
    axis: str
    threshold: float


@dataclass(frozen=True)
class RankChart:
    """Every feature's rank by every method, joined by a line.

    Attributes
    ----------
    methods : tuple of str
        Names of the columns, from left to right.
    ranks : mapping of feature to tuple of (float or None), shape (methods,)
        1 is the most influential; None leaves a gap.
    lit : tuple of str
        Features that stand out.
    title : str
    """

    methods: tuple[str, ...]
    ranks: Mapping[str, tuple[float | None, ...]]
    title: str
    lit: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChangeRow:
    """One effect in every model, with the findings about it.

    Attributes
    ----------
    label : str
    models : tuple of Mark
        Those there are of "before", "now" and "retrained", in this order; `series` names them.
    single : tuple of float
        The retrained models one by one, where there are several.
    removed, residue : Mark or None
    shared : bool
        Whether the retrained model's bar is called the world's share.
    """

    label: str
    models: tuple[Mark, ...]
    single: tuple[float, ...] = ()
    removed: Mark | None = None
    residue: Mark | None = None
    shared: bool = True


@dataclass(frozen=True)
class ChangeChart:
    """Each model's effect as a bar from 0, and what lies between the bars.

    `threshold` is half the width of the band around the retrained model's effect.
    """

    rows: tuple[ChangeRow, ...]
    title: str
    axis: str
    threshold: float | None = None


@dataclass(frozen=True)
class RatePoint:
    """A rate with its 95 % interval at one size."""

    size: float
    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class RateCurve:
    """The rates of one series, the smallest size first."""

    series: str
    points: tuple[RatePoint, ...]


@dataclass(frozen=True)
class RateChart:
    """How often something was found, by its size; `threshold` is a size to mark."""

    curves: tuple[RateCurve, ...]
    title: str
    axis: str
    threshold: float


@dataclass(frozen=True)
class GraphPicture:
    """A causal graph to draw: what each node is in the audit, and the edges that stand out.

    `roles` maps a node to a key of :data:`workbench.graph.picture.drawing.ROLES`.
    """

    edges: tuple[tuple[str, str], ...]
    nodes: tuple[str, ...]
    roles: Mapping[str, str] = field(default_factory=dict)
    lit: frozenset[tuple[str, str]] = frozenset()


Chart = ForestChart | BarChart | HistogramChart | RankChart | ChangeChart | RateChart | GraphPicture
