"""Kinds of worlds written before the debiased estimate was last worked on, and run once after it.

No rule of the estimate was chosen by what it gives here, neither a value nor an interval's length.
"""

from __future__ import annotations

import numpy as np
from kinds_of_worlds import Kind, Rng, Set, Values, chance, label

__all__ = ["FRESH"]


def three_trades(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    """Give wages of three trades; which one a person has goes with feature and confounder."""
    z = r.normal(size=n)
    f = set_("f", 0.5 * z + r.normal(size=n))
    luck = r.random(n)
    trade = (luck < chance(0.9 * f - 0.6)).astype(float) + (luck < chance(0.7 * f + 0.5 * z + 0.8))
    m = 1.5 * trade + 0.25 * r.normal(size=n) * (1 + trade)
    return {"z": z, "f": f, "m": m, "y": label(r, 0.9 * m - 1.4)}


def lumpy_confounder(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    """Let the confounder decide between calm noise and noise of two far humps."""
    z = r.normal(size=n)
    f = set_("f", 0.7 * z + r.normal(size=n))
    torn = r.random(n) < chance(2 * z)
    m = 0.6 * f + np.where(torn, np.where(r.random(n) < 0.5, 1.2, -1.2), 0.3 * r.normal(size=n))
    return {"z": z, "f": f, "m": m, "y": label(r, 0.9 * m + 0.4 * m**2 - 0.7)}


def shifted_tails(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    """Turn the noise's long tail from one side to the other with the feature."""
    z = r.normal(size=n)
    f = set_("f", 0.6 * z + r.normal(size=n))
    size, up = r.exponential(size=n), r.random(n) < chance(1.5 * f)
    m = 0.3 * f + 0.3 * z + np.where(up, 0.8, -0.8) * size
    return {"z": z, "f": f, "m": m, "y": label(r, 1.1 * m + 0.5 * np.maximum(m - 1, 0))}


def ceiling(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    """Cap a grade at its best mark, and leave some rows at the worst."""
    z, w = r.normal(size=(2, n))
    f = set_("f", label(r, 0.6 * z - 0.5 * w))
    m = np.minimum(0.6 + 0.7 * f + 0.5 * z + 0.7 * r.normal(size=n), 1.5)
    m = np.where(r.random(n) < chance(-1.5 - 0.8 * f + 0.6 * w), -1.5, m)
    return {"z": z, "w": w, "f": f, "m": m, "y": label(r, 1.2 * m - 0.6 + 0.3 * w)}


def two_lumps_in_turn(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    """Let one mediator of two humps move another that is pulled the other way."""
    z = r.normal(size=n)
    f = set_("f", 0.5 * z + r.normal(size=n))
    a = np.where(r.random(n) < chance(f + 0.5 * z), 0.9, -0.9) + 0.3 * r.normal(size=n)
    b = 0.6 * a - 0.4 * np.tanh(f) + 0.5 * r.normal(size=n)
    return {"z": z, "f": f, "a": a, "b": b, "y": label(r, 1.2 * a * (b > 0) + 0.6 * b - 0.2)}


def levels_and_tail(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    """Bend at a threshold of the confounder, with a log-normal number between."""
    z = r.uniform(-2, 2, n)
    g = label(r, np.full(n, 0.2))
    f = set_("f", 0.6 * np.abs(z) + 0.5 * g + 0.9 * r.normal(size=n))
    m = np.exp(0.4 * f * (1 - 0.5 * g) + 0.3 * (z > 0) + 0.4 * r.normal(size=n))
    return {"z": z, "g": g, "f": f, "m": m, "y": label(r, 1.4 * np.log(m + 0.2) + 0.4 * z - 0.5)}


def plain_lines(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    """Add straight lines and normal noise: nothing to correct."""
    z, w = r.normal(size=(2, n))
    f = set_("f", 0.5 * z + 0.4 * w + r.normal(size=n))
    a = 0.6 * f - 0.4 * z + 0.6 * r.normal(size=n)
    b = 0.5 * a + 0.3 * w + 0.5 * r.normal(size=n)
    return {"z": z, "w": w, "f": f, "a": a, "b": b, "y": label(r, 0.9 * a + 0.8 * b + 0.3 * f)}


def torn_by_product(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    """Choose between two lines by the product of feature and confounder."""
    z = r.normal(size=n)
    f = set_("f", 0.6 * z + r.normal(size=n))
    high = r.random(n) < chance(1.2 * f * z)
    m = np.where(high, 0.8 + 0.5 * f, -0.4 - 0.2 * f) + 0.4 * r.normal(size=n)
    return {"z": z, "f": f, "m": m, "y": label(r, 1.5 * m - 0.3)}


_F = (("z", "f"), ("f", "m"), ("z", "m"))
_NUMBER, _FLAG, _M = {"f": (-0.7, 0.7)}, {"f": (0.0, 1.0)}, {"m": (-0.5, 0.5)}
_TWO = (("z", "f"), ("f", "a"), ("z", "a"), ("f", "b"), ("a", "b"))

FRESH: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("three trades", three_trades, _F, _NUMBER, {"m": (0.0, 1.5)}),
        Kind("lumpy confounder", lumpy_confounder, _F, _NUMBER, _M),
        Kind("shifted tails", shifted_tails, _F, _NUMBER, _M),
        Kind("ceiling", ceiling, (*_F, ("w", "f"), ("w", "m")), _FLAG, _M),
        Kind("two lumps in turn", two_lumps_in_turn, _TWO, _NUMBER, {"b": (-0.5, 0.5)}),
        Kind(
            "levels and tail",
            levels_and_tail,
            (*_F, ("g", "f"), ("g", "m")),
            {"f": (0.0, 1.4)},
            {"m": (1.0, 2.0)},
        ),
        Kind(
            "plain lines",
            plain_lines,
            (*_TWO, ("w", "f"), ("w", "b")),
            _NUMBER,
            {"b": (-0.5, 0.5)},
        ),
        Kind("torn by product", torn_by_product, _F, _NUMBER, _M),
    )
}
