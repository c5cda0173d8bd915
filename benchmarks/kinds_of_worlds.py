"""Kinds of worlds that the estimators were not made for, each with a truth that can be simulated.

A kind draws its rows by plain equations; `do` sets features instead of drawing them, and with the
same seed all noise is the same, so that the difference of two draws is the effect itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["KINDS", "Draw", "Kind", "Rng", "Set", "Values", "chance", "label"]

Rng = np.random.Generator
Values = npt.NDArray[np.float64]
Draw = Callable[[Rng, int, "Set"], dict[str, Values]]


class Set:
    """Takes what is drawn, or what a feature is set to."""

    def __init__(self, do: Mapping[str, float] | None = None) -> None:
        self.do = do or {}

    def __call__(self, name: str, drawn: Values) -> Values:
        return np.full(len(drawn), self.do[name]) if name in self.do else np.asarray(drawn, float)


@dataclass(frozen=True)
class Kind:
    """One kind of world.

    Attributes
    ----------
    draw : callable
        (rng, n, set) → columns, "y" (0 or 1) among them.
    edges : tuple of (str, str)
        The graph the auditor draws, without the outcome.
    contrasts : dict of str to (float, float)
        Features that are audited, those with mediators, and the levels.
    without : dict of str to (float, float)
        The same of features without mediators.
    fair : bool
        Whether graph and overlap are right, so that an interval can be held to its level.
    """

    name: str
    draw: Draw
    edges: tuple[tuple[str, str], ...]
    contrasts: dict[str, tuple[float, float]]
    without: dict[str, tuple[float, float]]
    fair: bool = True

    def frame(self, seed: int, n: int, do: Mapping[str, float] | None = None) -> pd.DataFrame:
        """Draw rows; the same seed gives the same noise whatever is set."""
        return pd.DataFrame(self.draw(np.random.default_rng(seed), n, Set(do)))


def chance(x: Values) -> Values:
    """Logistic function."""
    return 1 / (1 + np.exp(-x))


def label(r: Rng, log_odds: Values) -> Values:
    """Draw the outcome."""
    return (r.random(len(log_odds)) < chance(log_odds)).astype(float)


def heteroscedastic(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = set_("z", r.normal(size=n))
    f = set_("f", 0.7 * z + r.normal(size=n))
    m = 0.4 * f + 0.4 * z + (0.3 + 0.5 * np.abs(f) + 0.3 * (z > 0)) * r.normal(size=n)
    return {"z": z, "f": f, "m": m, "y": label(r, 1.2 * m + 0.4 * m**2 - 0.6 + 0.3 * f)}


def multiplicative(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 0.6 * z + r.normal(size=n))
    m = np.exp(0.5 * f - 0.3 * z + 0.5 * r.normal(size=n))
    return {"z": z, "f": f, "m": m, "y": label(r, 2.0 * np.log1p(m) - 1.8 + 0.3 * z)}


def counts(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = set_("z", r.normal(size=n))
    f = set_("f", label(r, 0.8 * z))
    m = r.poisson(np.exp(0.3 + 0.7 * f * (z > 0) + 0.3 * z)).astype(float)
    return {"z": z, "f": f, "m": m, "y": label(r, 0.5 * m - 1.2 + 0.2 * z)}


def many_levels(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 0.6 * z + r.normal(size=n))
    at = np.linspace(-2, 2, 9)
    pull = -((at[None, :] - np.tanh(f)[:, None] - 0.5 * z[:, None]) ** 2)
    m = np.argmax(pull + r.gumbel(size=(n, 9)), axis=1).astype(float)
    odds = np.array([-1.5, 0.6, -0.9, 1.1, -0.2, 1.4, 0.0, 1.8, 0.9])
    return {"z": z, "f": f, "m": m, "y": label(r, odds[m.astype(int)] - 0.3 + 0.2 * f)}


def feature_by_confounder(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z, w = r.normal(size=(2, n))
    f = set_("f", 0.6 * z - 0.4 * w + r.normal(size=n))
    m = 0.5 * f * z + 0.3 * f + 0.4 * w + 0.6 * r.normal(size=n)
    return {"z": z, "w": w, "f": f, "m": m, "y": label(r, 1.4 * m + 0.4 * f * w)}


def sign_flips(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    g = label(r, np.full(n, -0.6))
    z = r.normal(size=n)
    f = set_("f", 0.5 * z + 0.5 * g + r.normal(size=n))
    m = np.where(g > 0, -0.9, 0.8) * f + 0.3 * z + 0.6 * r.normal(size=n)
    return {"g": g, "z": z, "f": f, "m": m, "y": label(r, 1.3 * m + 0.2)}


def near_deterministic(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 0.5 * z + r.normal(size=n))
    m = 0.8 * f + 0.3 * z**2 + 0.05 * r.normal(size=n)
    return {"z": z, "f": f, "m": m, "y": label(r, 1.5 * m + 0.5 * z - 0.5)}


def chain(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 0.6 * z + r.normal(size=n))
    m1 = set_("m1", np.tanh(f) + 0.3 * z + 0.5 * r.normal(size=n))
    m2 = 0.6 * m1**2 + 0.3 * f + 0.4 * r.normal(size=n)
    m3 = np.maximum(m2, 0) - 0.3 * z + 0.4 * r.normal(size=n)
    return {"z": z, "f": f, "m1": m1, "m2": m2, "m3": m3, "y": label(r, 1.5 * m3 + 0.5 * m1 - 0.8)}


def non_monotone(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 0.5 * z + r.normal(size=n))
    m = np.cos(2 * f) + 0.4 * np.abs(f) + 0.3 * z + 0.4 * r.normal(size=n)
    return {"z": z, "f": f, "m": m, "y": label(r, 1.6 * m - 0.5)}


def heavy_tails(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 0.6 * z + 0.7 * r.standard_t(3, n))
    m = 0.5 * f + 0.4 * z + 0.5 * r.standard_t(3, n)
    return {"z": z, "f": f, "m": m, "y": label(r, 1.2 * m)}


def skewed(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", label(r, z))
    m = 0.4 * z + (0.5 + 0.8 * f) * (r.exponential(size=n) - 1) + 0.5 * f
    return {"z": z, "f": f, "m": m, "y": label(r, 1.5 * m - 0.3)}


def undrawn_cause(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z, u = r.normal(size=(2, n))
    f = set_("f", 0.6 * z + r.normal(size=n))
    m1 = 0.5 * f + 0.7 * u + 0.4 * r.normal(size=n)
    m2 = 0.4 * f + 0.3 * z - 0.7 * u + 0.4 * r.normal(size=n)
    return {"z": z, "f": f, "m1": m1, "m2": m2, "y": label(r, m1 + m2 + 0.8 * m1 * m2)}


def rule(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", np.clip(np.floor(20 + 2.5 * z + 4 * r.normal(size=n)), 12, 30))
    m = 0.9 * (f >= 18) + 0.3 * z + 0.5 * r.normal(size=n)
    return {"z": z, "f": f, "m": m, "y": label(r, 1.8 * m - 1)}


def product_of_confounders(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z, w = r.normal(size=(2, n))
    f = set_("f", z * w + 0.7 * r.normal(size=n))
    m = 0.8 * z * w + 0.3 * f + 0.7 * r.normal(size=n)
    return {"z": z, "w": w, "f": f, "m": m, "y": label(r, 1.2 * m)}


def stepped_confounder(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.uniform(-2, 2, n)
    f = set_("f", (r.random(n) < np.where(z > 0.8, 0.8, 0.1)).astype(float))
    m = 1.0 * (z > 0.8) + 0.3 * f + 0.6 * r.normal(size=n)
    return {"z": z, "f": f, "m": m, "y": label(r, 1.2 * m + 0.8 * (z > 0.8) - 0.8)}


def binary_mediators(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 0.6 * z + r.normal(size=n))
    m1 = label(r, 1.2 * f * np.sign(z) + 0.4 * z)
    m2 = label(r, 0.8 * f + 1.2 * m1 - 0.6)
    return {"z": z, "f": f, "m1": m1, "m2": m2, "y": label(r, 1.5 * m1 * m2 + 0.6 * m1 - 0.6)}


def gaps(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 0.6 * z + r.normal(size=n))
    m1 = np.tanh(f) + 0.3 * z + 0.6 * r.normal(size=n)
    m2 = 0.8 * m1 + 0.3 * m1**2 + 0.5 * r.normal(size=n)
    seen = np.where(r.random(n) < 0.2, np.nan, m1)
    return {"z": z, "f": f, "m1": seen, "m2": m2, "y": label(r, 1.4 * m2 - 0.3)}


def poor_overlap(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 1.6 * z + 0.35 * r.normal(size=n))
    m = np.sin(f) + 0.5 * z**2 + 0.4 * r.normal(size=n)
    return {"z": z, "f": f, "m": m, "y": label(r, 1.3 * m - 0.5)}


def missing_edge(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 0.6 * z + r.normal(size=n))
    m1 = 0.6 * f + 0.5 * r.normal(size=n)
    m2 = 0.5 * m1 + 0.5 * f + 0.3 * z + 0.5 * r.normal(size=n)  # f → m2 is not drawn
    return {"z": z, "f": f, "m1": m1, "m2": m2, "y": label(r, m1 + m2)}


_F = (("z", "f"), ("f", "m"), ("z", "m"))
_NUMBER, _FLAG = {"f": (-0.7, 0.7)}, {"f": (0.0, 1.0)}
_Z = {"m": (-0.5, 0.5)}


def _kind(
    draw: Draw,
    edges: tuple[tuple[str, str], ...] = _F,
    contrasts: dict[str, tuple[float, float]] = _NUMBER,
    without: dict[str, tuple[float, float]] = _Z,
    fair: bool = True,
) -> Kind:
    return Kind(draw.__name__.replace("_", " "), draw, edges, contrasts, without, fair)


_TWO = (("z", "f"), ("f", "m1"), ("f", "m2"), ("z", "m1"), ("z", "m2"))
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind(heteroscedastic, contrasts={"f": (-0.7, 0.7), "z": (-0.7, 0.7)}),
        _kind(multiplicative, without={"m": (0.6, 1.6)}),
        _kind(counts, contrasts={**_FLAG, "z": (-0.7, 0.7)}, without={"m": (1.0, 2.0)}),
        _kind(many_levels, without={"m": (2.0, 6.0)}),
        _kind(feature_by_confounder, (*_F, ("w", "f"), ("w", "m"))),
        _kind(sign_flips, (*_F, ("g", "f"), ("g", "m"))),
        _kind(near_deterministic),
        _kind(
            chain,
            (
                *_F[:1],
                ("f", "m1"),
                ("z", "m1"),
                ("m1", "m2"),
                ("f", "m2"),
                ("m2", "m3"),
                ("z", "m3"),
            ),
            {"f": (-0.7, 0.7), "m1": (-0.5, 0.5)},
            {"m3": (0.0, 0.8)},
        ),
        _kind(non_monotone, contrasts={"f": (0.0, 1.2)}),
        _kind(heavy_tails),
        _kind(skewed, contrasts=_FLAG),
        _kind(undrawn_cause, _TWO, without={"m1": (-0.5, 0.5)}),
        _kind(rule, contrasts={"f": (17.0, 19.0)}, without={"m": (0.3, 1.2)}),
        _kind(product_of_confounders, (*_F, ("w", "f"), ("w", "m"))),
        _kind(stepped_confounder, contrasts=_FLAG),
        _kind(binary_mediators, (*_TWO, ("m1", "m2")), without={"m2": (0.0, 1.0)}),
        _kind(gaps, (*_F[:1], ("f", "m1"), ("z", "m1"), ("m1", "m2")), without={"m2": (-0.5, 0.5)}),
        _kind(poor_overlap, fair=False),
        _kind(
            missing_edge,
            (("z", "f"), ("f", "m1"), ("m1", "m2"), ("z", "m2")),
            without={"m2": (-0.5, 0.5)},
            fair=False,
        ),
    )
}
