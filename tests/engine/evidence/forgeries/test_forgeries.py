"""No cheat is accepted as better than INCONCLUSIVE, and each falls by the check it is about."""

from __future__ import annotations

import pytest

from tests.engine.evidence.forgeries.cheats import CHEATS, Cheat
from tests.engine.evidence.forgeries.story import Story
from tests.engine.evidence.sample_dossier import verdicts
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.evidence.claims import VERDICTS, whole_verdict
from workbench.evidence.dossier_checks import check_dossier

BETTER = VERDICTS[: VERDICTS.index("INCONCLUSIVE")]


@pytest.fixture(scope="module")
def honest(authority: TimeAuthority) -> dict[str, str]:
    """The verdicts of the story told without a lie."""
    return verdicts(check_dossier(*Story(authority).told()))


def test_the_story_without_a_lie_is_accepted(honest: dict[str, str]) -> None:
    assert set(honest.values()) == {"PROVED", "CONSISTENT"}


def test_there_are_at_least_forty_cheats() -> None:
    assert len({cheat.name for cheat in CHEATS}) == len(CHEATS) >= 40


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
def test_a_cheat_falls_by_the_check_it_is_about(
    cheat: Cheat, authority: TimeAuthority, honest: dict[str, str]
) -> None:
    claims = check_dossier(*cheat.told(authority))
    assert whole_verdict(claims) not in BETTER, "accepted"
    said = verdicts(claims)
    if "opened" in said:
        fallen = said
    else:
        fallen = {
            name: said.get(name, "")
            for name in {**honest, **said}
            if said.get(name) != honest.get(name)
        }
        if said["receipt"] != "PROVED":  # then nothing is said of that row's gradient
            fallen.pop("receipt gradient")
    due = {name: verdict for name, verdict in cheat.falls.items() if verdict != honest.get(name)}
    assert fallen == due, [held.sentence for held in claims]
    sentences = [held.sentence for held in claims if held.name in cheat.falls]
    assert any(cheat.says in sentence for sentence in sentences), sentences
