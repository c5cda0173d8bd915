"""Adjustment sets of published examples, as DAGitty, DoWhy and pgmpy answer them.

The graphs are facts of the literature: Pearl's Causality (3.3.1) and "Understanding Simpson's
Paradox", the games of the Book of Why, Polzer et al. 2012, Thoemmes 2013, Shpitser et al. 2010,
van der Zander et al. 2014. The answers are those in the three programs' own tests.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from workbench.graph.causal_graph import CausalGraph

X, Y = "X", "Y"


class Known(NamedTuple):
    """A graph by its arrows, hidden nodes, and sets: smallest, all minimal ones, never valid."""

    arrows: str
    found: tuple[str, ...]
    wrong: tuple[str, ...] = ()
    hidden: str = ""
    all_minimal: bool = True


def graph_of(arrows: str, hidden: str = "") -> CausalGraph:
    """Read "A>B A>C": one arrow a word."""
    edges = [(cause, effect) for cause, effect in (word.split(">") for word in arrows.split())]
    return CausalGraph(edges, latents=hidden.split())


BACKDOOR = "Z1>Z3 Z1>Z4 Z2>Z4 Z2>Z5 Z3>X Z4>X Z4>Y Z5>Y Z6>Y X>Z6"

DOWHY = {
    "Pearl, back-door": Known(
        BACKDOOR,
        ("Z1 Z4", "Z2 Z4", "Z3 Z4", "Z4 Z5"),
        ("Z4", "Z6", "Z5", "Z2", "Z1", "Z3", "Z1 Z3", "Z2 Z5", "Z1 Z2"),
    ),
    "a common effect": Known("X>Y X>Z1 Y>Z1", ("",), ("Z1",)),
    "no confounder": Known("X>Y Z1>X", ("",)),
    "Simpson 1c": Known("X>Y L1>X L1>Z L2>Z L2>Y", ("",), ("Z",), "L1 L2"),
    "Simpson 1d": Known("X>Y L1>X L1>Z Z>Y", ("Z",), ("",), "L1"),
    "Simpson 2a": Known("X>Y X>Z L>Z L>Y", ("",), ("Z",), "L"),
    "Simpson 2b": Known("X>Y Z>X L>X L>Y", (), ("", "Z"), "L"),
    "Simpson 2b, all seen": Known("X>Y Z>X L>X L>Y", ("L",), ("", "Z")),
    "Simpson's machine, first level": Known(
        "X>Y Z1>L L>Z2 Z3>Z2 L>X Z3>Y", ("",), ("Z2", "Z1 Z2"), "L"
    ),
    "game 2": Known("A>X A>B B>C D>B D>E X>E E>Y", ("",), ("B", "C", "B C")),
    "game 5": Known("A>X A>B B>X C>B C>Y X>Y", ("C",), ("B",), "", False),
    "game 5, C hidden": Known("A>X A>B B>X C>B C>Y X>Y", ("A B",), ("B",), "C"),
    "no confounder, a mediator": Known("X>Y X>Z1 Z1>Y Z2>Z1", ("",)),
    "a cause of the mediator, 1": Known("X>M M>Y U>X U>Z Z>M", ("Z",), ("",), "U"),
    "a cause of the mediator, 2": Known("X>M M>Y U>Z U>M Z>X", ("Z",), ("",), "U"),
    "M with hidden causes": Known("X>Y U1>X U1>M U2>M U2>Y Z>X", ("",), ("Z M", "M"), "U1 U2"),
    "instrument": Known("X>Y U>X U>Y Z>X", (), ("Z",), "U"),
    "mediator": Known("X>Y W>X W>Y X>M M>Y", ("W",), ("M",)),
    "mediator with a confounder": Known("X>Y W1>X W1>Y W2>M W2>Y X>M M>Y", ("W1",), ("M", "M W1")),
}

PGMPY = {
    "game 1": Known("X>A A>Y A>B", ("",)),
    "game 3": Known("X>Y X>A B>A B>Y B>X", ("B",), ("",)),
    "game 4": Known("A>X A>B C>B C>Y", ("",)),
    "game 5, all sets": Known("A>X A>B C>B C>Y X>Y B>X", ("C", "A B")),
    "game 6": Known("X>F C>X A>C A>D B>D B>E D>X D>Y E>Y F>Y", ("C D", "A D", "D E", "B D")),
    "confounder": Known("X>Y Z>X Z>Y", ("Z",)),
    "M": Known("X>Y Z1>X Z1>Z3 Z2>Z3 Z2>Y", ("",)),
    "hidden confounder": Known("X>Y Z>X Z>Y", (), ("",), "Z"),
    "Simpson's machine": Known("X>Y Z1>U U>X Z1>Z3 Z3>Y U>Z2 Z3>Z2", ("Z1", "Z3"), ("",), "U"),
}

DAGITTY = {
    "m between two hidden causes": Known("u>X u>m v>m v>Y X>Y", ("",), ("m",), "u v"),
    "fork": Known("Z>X Z>Y", ("Z",)),
}


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(known, id=f"{program}: {name}")
        for program, table in (("DoWhy", DOWHY), ("pgmpy", PGMPY), ("DAGitty", DAGITTY))
        for name, known in table.items()
    ],
)
def test_adjustment_sets_are_those_that_others_give(known: Known) -> None:
    graph = graph_of(known.arrows, known.hidden)
    ours = {frozenset(names) for names in graph.adjustment_sets(X, Y)}
    theirs = {frozenset(names.split()) for names in known.found}
    assert ours == theirs if known.all_minimal else theirs <= ours
    assert all(graph.is_valid_adjustment(X, Y, names) for names in theirs)
    assert not any(graph.is_valid_adjustment(X, Y, names.split()) for names in known.wrong)


def test_the_largest_sets_of_the_back_door_example_are_valid() -> None:
    graph = graph_of(BACKDOOR)
    assert graph.is_valid_adjustment(X, Y, ["Z1", "Z2", "Z3", "Z4", "Z5"])
    assert not graph.is_valid_adjustment(X, Y, ["Z1", "Z2", "Z3", "Z4", "Z5", "Z6"])


def test_a_descendant_off_the_way_may_be_adjusted_for() -> None:
    # Shpitser et al. 2010, figure 1(b): no back-door set, and yet valid.
    assert graph_of("X>Z X>Y").is_valid_adjustment(X, Y, ["Z"])


BODY = ("ToothLoss", "Mortality", "Periodontitis", "Caries", "Diabetes", "Obesity", "Hypertension")
HABITS = ("Alcohol", "Smoking", "Sport", "Lipids")
TEETH = (
    "ToothLoss>Mortality Periodontitis>ToothLoss Caries>ToothLoss "
    "Diabetes>Mortality Diabetes>Periodontitis Diabetes>Hypertension Diabetes>Lipids "
    "Obesity>Mortality Obesity>Periodontitis Obesity>Diabetes Obesity>Hypertension "
    "Obesity>Lipids Hypertension>Mortality "
    + " ".join(f"Psychosocial>{effect}" for effect in (*BODY, *HABITS))
    + " "
    + " ".join(
        f"{cause}>{effect}"
        for cause in ("Age", "Sex")
        for effect in (*BODY, "Psychosocial", *HABITS)
    )
    + " Alcohol>ToothLoss Alcohol>Mortality Alcohol>Diabetes Alcohol>Obesity "
    "Alcohol>Hypertension Alcohol>Smoking Alcohol>Lipids "
    "Smoking>ToothLoss Smoking>Mortality Smoking>Periodontitis Smoking>Diabetes "
    "Smoking>Obesity Smoking>Hypertension Smoking>Sport "
    "Sport>Mortality Sport>Periodontitis Sport>Diabetes Sport>Obesity Sport>Hypertension "
    "Sport>Lipids Lipids>Mortality"
)


def test_polzer_2012() -> None:
    found = {
        frozenset(names) for names in graph_of(TEETH).adjustment_sets("ToothLoss", "Mortality")
    }
    common = {"Age", "Alcohol", "Psychosocial", "Sex", "Smoking"}
    assert found == {
        frozenset({*common, "Diabetes", "Obesity", "Sport"}),
        frozenset({*common, "Periodontitis"}),
    }


def test_thoemmes_2013() -> None:
    arrows = "e0>x e1>s1 e2>s2 e2>y e3>s3 e4>y s1>s2 s1>z s2>s3 s2>z2 s3>y x>y x>s1 y>z3"
    graph = graph_of(arrows, "e0 e1 e3 e4")
    assert graph.adjustment_sets("x", "y") == ((),)
    assert not graph.is_valid_adjustment("x", "y", ["s2"])


def test_two_treatments_of_van_der_zander_2014() -> None:
    graph = graph_of("x1>y1 x1>z1 z1>z2 z2>x2 y2>z2")
    for outcome in ("y1", "y2"):
        assert graph.is_valid_adjustment(["x1", "x2"], outcome, ["z1", "z2"])
    # pgmpy's test calls z2 alone valid. It opens x1 → z1 → z2 ← y2, which is not causal.
    assert not graph.is_valid_adjustment(["x1", "x2"], "y2", ["z2"])
    assert graph.is_valid_adjustment("x1", "y1", ["z1", "z2"])
    # z1 alone leaves y2 → z2 → x2 open.
    assert not graph.is_valid_adjustment(["x1", "x2"], "y2", ["z1"])
