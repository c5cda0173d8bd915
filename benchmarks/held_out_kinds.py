"""Kinds of worlds written before the interval of the debiased estimate was last changed.

The change was chosen on the kinds of :mod:`kinds_of_worlds`. These then had one say: with a chance
of 0.4 that the equations need no correction their intervals held the truth in 92 %, and the chance
was lowered to 0.1 (on other seeds of the same kinds). So they are half held out.
"""

from __future__ import annotations

import numpy as np
from kinds_of_worlds import Draw, Kind, Rng, Set, Values, chance, label

__all__ = ["HELD_OUT"]


def gamma_noise(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 0.5 * z + r.normal(size=n))
    shape = np.exp(0.4 + 0.4 * np.tanh(f))
    # A quantile of the same noise, so that a setting moves the row and not its luck.
    m = shape * (1 - 1 / (9 * shape) + r.normal(size=n) / (3 * np.sqrt(shape))) ** 3 + 0.3 * z
    return {"z": z, "f": f, "m": m, "y": label(r, 1.1 * m - 2.0)}


def two_humps(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 0.6 * z + r.normal(size=n))
    side = np.where(r.random(n) < chance(1.2 * f + 0.4 * z), 1.0, -1.0)
    m = side + 0.3 * z + 0.3 * r.normal(size=n)
    return {"z": z, "f": f, "m": m, "y": label(r, 1.3 * m + 0.5 * m**2 - 0.9)}


def many_zeros(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", label(r, 0.7 * z - 0.3))
    some = r.random(n) < chance(0.9 * f + 0.5 * z - 0.2)
    m = some * np.exp(0.3 * f + 0.2 * z + 0.5 * r.normal(size=n))
    return {"z": z, "f": f, "m": m, "y": label(r, 1.1 * m - 1.0)}


def cut_at_zero(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 0.5 * z + r.normal(size=n))
    m = np.maximum(0.9 * f + 0.4 * z + 0.6 * r.normal(size=n), 0)
    return {"z": z, "f": f, "m": m, "y": label(r, 1.6 * m - 0.8 + 0.2 * z)}


def whole_hours(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = set_("z", r.normal(size=n))
    f = set_("f", 0.6 * z + r.normal(size=n))
    m = np.clip(np.round(6 + 2.5 * np.tanh(1.2 * f) + z + 1.5 * r.normal(size=n)), 0, 14)
    return {"z": z, "f": f, "m": m, "y": label(r, 0.6 * (m - 6) + 0.5 * (m > 8) - 0.2)}


def waves(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z, w = r.uniform(-3, 3, n), r.normal(size=n)
    f = set_("f", np.sin(2 * z) + 0.5 * w + 0.8 * r.normal(size=n))
    m = 0.6 * f + np.sin(2 * z) * (1 + 0.4 * w) + 0.5 * r.normal(size=n)
    return {"z": z, "w": w, "f": f, "m": m, "y": label(r, 1.2 * m)}


def fan(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 0.6 * z + r.normal(size=n))
    a = set_("a", np.tanh(f) + 0.4 * z + 0.5 * r.normal(size=n))
    b = -0.5 * np.abs(f) + 0.4 * r.normal(size=n)
    c = (0.6 * f + 0.5 * a + 0.5 * r.logistic(size=n)) / 1.5
    return {"z": z, "f": f, "a": a, "b": b, "c": c, "y": label(r, a - b + 0.8 * a * c - 0.5)}


def only_spread(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 0.4 * z + r.normal(size=n))
    m = 0.4 * z + np.exp(0.6 * f) * 0.6 * r.normal(size=n)
    return {"z": z, "f": f, "m": m, "y": label(r, 0.9 * m**2 - 1.0)}


def steep_model(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 0.7 * z + r.normal(size=n))
    m = 0.7 * f + 0.5 * f * (z > 0.5) + 0.5 * r.normal(size=n)
    return {"z": z, "f": f, "m": m, "y": label(r, 6 * m + 2 * z - 1)}


def skewed_feature(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", np.exp(0.5 * z + 0.6 * r.normal(size=n)))
    m = np.log1p(f) + 0.2 * z * f / (1 + f) + 0.4 * r.normal(size=n)
    return {"z": z, "f": f, "m": m, "y": label(r, 2 * m - 2)}


def undrawn_cause_of_flags(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z, u = r.normal(size=(2, n))
    f = set_("f", label(r, 0.8 * z))
    m1 = label(r, 0.9 * f + 1.5 * u - 0.4)
    m2 = label(r, 0.7 * f + 0.4 * z - 1.5 * u)
    return {"z": z, "f": f, "m1": m1, "m2": m2, "y": label(r, 1.5 * m1 + m2 - 2 * m1 * m2 - 0.2)}


def long_chain(r: Rng, n: int, set_: Set) -> dict[str, Values]:
    z = r.normal(size=n)
    f = set_("f", 0.5 * z + r.normal(size=n))
    a = 0.9 * f + 0.2 * f**2 + 0.5 * r.normal(size=n)
    b = label(r, 1.5 * a - 0.3)
    c = (0.5 + 0.7 * b) * (1 + 0.5 * r.normal(size=n)) + 0.3 * z
    return {"z": z, "f": f, "a": a, "b": b, "c": c, "y": label(r, 1.6 * c - 1.2)}


_F = (("z", "f"), ("f", "m"), ("z", "m"))
_BOTH = {"f": (-0.7, 0.7), "z": (-0.7, 0.7)}
_NUMBER, _FLAG = {"f": (-0.7, 0.7)}, {"f": (0.0, 1.0)}


def _kind(
    draw: Draw,
    edges: tuple[tuple[str, str], ...] = _F,
    contrasts: dict[str, tuple[float, float]] = _NUMBER,
    without: dict[str, tuple[float, float]] | None = None,
) -> Kind:
    name = draw.__name__.replace("_", " ")
    return Kind(name, draw, edges, contrasts, without or {"m": (-0.5, 0.5)})


HELD_OUT: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind(gamma_noise, without={"m": (1.0, 2.0)}),
        _kind(two_humps),
        _kind(many_zeros, contrasts=_FLAG, without={"m": (0.0, 1.0)}),
        _kind(cut_at_zero, without={"m": (0.0, 1.0)}),
        _kind(whole_hours, contrasts=_BOTH, without={"m": (5.0, 8.0)}),
        _kind(waves, (*_F, ("w", "f"), ("w", "m"))),
        _kind(
            fan,
            (*_F[:1], ("f", "a"), ("z", "a"), ("f", "b"), ("f", "c"), ("a", "c")),
            {"f": (-0.7, 0.7), "a": (-0.5, 0.5)},
            {"c": (-0.5, 0.5)},
        ),
        _kind(only_spread),
        _kind(steep_model),
        _kind(skewed_feature, contrasts={"f": (0.6, 1.6)}, without={"m": (0.4, 1.0)}),
        _kind(
            undrawn_cause_of_flags,
            (*_F[:1], ("f", "m1"), ("f", "m2"), ("z", "m2")),
            _FLAG,
            {"m1": (0.0, 1.0)},
        ),
        _kind(
            long_chain,
            (*_F[:1], ("f", "a"), ("a", "b"), ("b", "c"), ("z", "c")),
            without={"c": (0.4, 1.2)},
        ),
    )
}
