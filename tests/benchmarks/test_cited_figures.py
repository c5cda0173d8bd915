"""What README and the page on accuracy say is what the stored results say."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
DECISIONS = ("above", "below", "inconclusive")
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


def test_verdicts_are_counted_as_stored() -> None:
    hard, asked = {"wrong form", "few people"}, {"curve", "level", "together", "signs"}
    estimated = {"carried curve", "confounded", "group", "cancelling", "carried together"}
    counts: Counter[tuple[str, str]] = Counter()
    with (RESULTS / "verdicts.csv").open(encoding="utf-8") as stored:
        for row in csv.DictReader(stored):
            part = "hard" if row["kind"] in hard else "asked" if row["kind"] in asked else ""
            part = "estimated" if row["kind"] in estimated else part
            if row["size"] and part:
                counts[part, "all"] += sum(int(row[way]) for way in DECISIONS)
                counts[part, "open"] += int(row["inconclusive"])
    promised = counts["asked", "all"] + counts["estimated", "all"]
    left_open = counts["asked", "open"] + counts["estimated", "open"]
    accuracy = PAGES[1].read_text("utf-8")
    for text in (
        f"1 firm verdict in {promised:,} audits",
        f"{left_open:,} end open",
        f"The {promised:,} hold {counts['asked', 'all']:,} in which the model's own answer",
        f"Of the {counts['estimated', 'all']:,} whose effects are estimated, seven in\n  ten",
        f"1 in {counts['hard', 'all']} is wrong",
        f"{counts['hard', 'open']} end open",
    ):
        assert text in accuracy
    assert round(10 * counts["estimated", "open"] / counts["estimated", "all"]) == 7
    said = f"1 of {promised:,} audits ended in a wrong firm verdict; in {counts['asked', 'all']:,}"
    assert said in PAGES[0].read_text("utf-8")


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
