"""Two verifiers, written apart in two languages, say the same of every dossier."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import pytest

from tests.engine.evidence.forgeries.cheats import CHEATS
from tests.engine.evidence.forgeries.log_cheats import later
from tests.engine.evidence.forgeries.story import Story
from tests.engine.evidence.forgeries.test_honest_steps import STEPS
from tests.engine.evidence.sample_dossier import sample
from tests.engine.evidence.time_authority import TimeAuthority
from tests.widgets.pages.conformance import said_by_javascript, said_by_python, written
from workbench.common.errors import EvidenceError
from workbench.evidence.dossier import zipped
from workbench.evidence.dossier_case import Outside
from workbench.evidence.dossier_files import read_dossier


def test_they_agree_on_honest_dossiers_whatever_the_reader_holds(
    authority: TimeAuthority, tmp_path: Path
) -> None:
    due = {}
    for learner in ("ridge", "logistic"):
        held = sample(authority, learner)
        for name, outside in (("all", held.outside), ("nothing", Outside())):
            written(tmp_path, f"{learner} {name}", held.made.files, outside)
            due[f"{learner} {name}"] = said_by_python(tmp_path, f"{learner} {name}", outside)
    assert said_by_javascript(tmp_path) == due
    assert ["optimum", "CONSISTENT"] in due["logistic all"]


def test_they_agree_on_honest_steps_of_every_kind(authority: TimeAuthority, tmp_path: Path) -> None:
    due = {}
    for name, step in STEPS.items():
        files, outside = Story(authority, **step).told()
        written(tmp_path, name, files, outside)
        due[name] = said_by_python(tmp_path, name, outside)
    files, outside = Story(authority).told()
    checkpoint, growth = later(files, growing=True)
    outside = dataclasses.replace(outside, kept=(checkpoint,), growth=(growth,), witnesses=())
    written(tmp_path, "later", files, outside)
    due["later"] = said_by_python(tmp_path, "later", outside)
    assert said_by_javascript(tmp_path) == due
    assert ["log", "CONSISTENT"] in due["later"]


@pytest.mark.slow
def test_they_agree_on_every_cheat(authority: TimeAuthority, tmp_path: Path) -> None:
    due = {}
    for cheat in CHEATS:
        files, outside = cheat.told(authority)
        written(tmp_path, cheat.name, files, outside)
        due[cheat.name] = said_by_python(tmp_path, cheat.name, outside)
    assert said_by_javascript(tmp_path) == due


def test_they_agree_on_flipped_bits(authority: TimeAuthority, tmp_path: Path) -> None:
    """A small twin of the benchmark: both refuse, and neither fails in another way."""
    held, rng = sample(authority), random.Random(3)
    due = {}
    for name, raw in held.made.files.items():
        for _ in range(3):
            flipped = bytearray(raw)
            place = rng.randrange(len(raw))
            flipped[place] ^= 1 << rng.randrange(8)
            key = f"{name.replace('/', ' ')} {place}"
            written(tmp_path, key, {**held.made.files, name: bytes(flipped)}, held.outside)
            due[key] = said_by_python(tmp_path, key, held.outside)
    assert all(said == [["opened", "INVALID"]] for said in due.values())
    assert said_by_javascript(tmp_path) == due


def test_they_agree_on_zips_that_are_none(authority: TimeAuthority, tmp_path: Path) -> None:
    held = sample(authority)
    whole = zipped(held.made.files)
    due = {}
    broken = {"empty": b"", "short": whole[:5000], "cut": whole[:-30], "text": b"x" * 99}
    for name, raw in broken.items():
        written(tmp_path, name, raw, held.outside)
        due[name] = said_by_python(tmp_path, name, held.outside)
    assert all(said == [["opened", "INVALID"]] for said in due.values())
    assert said_by_javascript(tmp_path) == due


def test_a_flip_in_the_zip_itself_is_refused_or_changes_no_file(
    authority: TimeAuthority, tmp_path: Path
) -> None:
    """A date or a permission in the container may change; then the very same files are judged."""
    held, rng = sample(authority), random.Random(8)
    whole = zipped(held.made.files)
    contents = [(whole.index(raw), len(raw)) for raw in held.made.files.values() if len(raw) > 60]
    container = [
        place
        for place in range(len(whole))
        if not any(start <= place < start + size for start, size in contents)
    ]
    written(tmp_path, "unchanged", whole, held.outside)
    unchanged = said_by_python(tmp_path, "unchanged", held.outside)
    read = 0
    for place in rng.sample(container, 60):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << rng.randrange(8)
        written(tmp_path, str(place), bytes(flipped), held.outside)
        try:
            files = read_dossier(str(tmp_path / f"{place}.zip"))
        except EvidenceError:
            continue
        read += files == held.made.files
        assert files == held.made.files or said_by_python(tmp_path, str(place), held.outside) == [
            ["opened", "INVALID"]
        ]
    said = said_by_javascript(tmp_path)
    refused = [["opened", "INVALID"]]
    assert all(verdicts in (refused, unchanged) for verdicts in said.values())
    assert 0 < read < 60, "both happen"
    assert refused in said.values()
