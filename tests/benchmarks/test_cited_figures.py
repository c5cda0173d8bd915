"""What README and the page on accuracy say is what the stored results say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PAGES = (ROOT / "README.md", ROOT / "docs" / "explanation" / "how_well_it_measures.md")


def rows(text: str) -> list[list[str]]:
    """Cells of every table's rows, with percentages written as in prose."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[c.strip().replace("%", " %") for c in line.strip(" |").split("|")] for line in lines]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_first_table_of_accuracy_is_the_stored_one(page: Path) -> None:
    stored = {
        row[3]: [row[5], row[7], row[8]]
        for row in rows((RESULTS / "kinds_of_worlds.md").read_text("utf-8"))
        if row[:3] == ["with mediators", "4000", "looked at"]
    }
    text = page.read_text("utf-8").replace(" %", "%")
    table = text[text.index("largest error in standard errors") :].partition("\n\n")[0]
    cited = {row[0].removesuffix(" (judged by default)"): row[1:] for row in rows(table)}
    for name in ("debiased", "fuzzing", "CAFÉ"):
        assert cited[name] == stored[name]


def test_other_packages_are_cited_as_stored() -> None:
    stored = {
        row[1]: [row[3], row[5]]
        for row in rows((RESULTS / "kinds_of_worlds.md").read_text("utf-8"))
        if row[0] == "4000" and row[2] == "19"
    }
    text = PAGES[1].read_text("utf-8").replace(" %", "%")
    section = text[text.index("## Beside other packages") : text.index("## Verdicts")]
    cited = {row[0]: row[1:] for row in rows(section)}
    for ours, theirs in (
        ("debiased", "debiased"),
        ("debiased, from logged predictions", "debiased, logged"),
        ("fuzzing", "fuzzing"),
        ("CAFÉ", "CAFÉ"),
        ("DoubleML, EconML LinearDML", "DoubleML"),
        ("DoubleML, EconML LinearDML", "EconML LinearDML"),
    ):
        assert cited[ours] == stored[theirs]
    assert cited["DoWhy gcm, given the whole graph"][0] == stored["DoWhy gcm"][0]


def test_seconds_are_cited_as_stored() -> None:
    stored = {
        (row[0], row[1], row[2]): row[3:]
        for row in rows((RESULTS / "speed.md").read_text("utf-8"))
        if len(row) > 4
    }
    place, audit = "text columns one-hot", "default audit of sex, no baselines"
    lr, forest = (stored[place, name, audit] for name in ("logistic regression", "random forest"))
    said = re.search(
        r"takes (\S+) s for a logistic regression and (\S+) s for a forest, (\S+) and (\S+) times",
        PAGES[1].read_text("utf-8"),
    )
    assert said is not None
    assert said.groups() == tuple(
        f"{float(cell):.1f}" for cell in (lr[0], forest[0], lr[1], forest[1])
    )
