"""How each step of the question stands: done, missing or changed since the result, in one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from widgets.session.session import AuditSession

__all__ = [
    "Standing",
    "change_stands",
    "data_stands",
    "graph_stands",
    "run_stands",
    "target_stands",
]

State = Literal["", "done", "missing", "stale", "running"]
WORDS: dict[State, str] = {
    "": "",
    "done": "done",
    "missing": "missing",
    "stale": "changed since the result",
    "running": "running",
}


@dataclass(frozen=True)
class Standing:
    """How a step stands.

    Attributes
    ----------
    state : {"", "done", "missing", "stale", "running"}
    line : str
        What was chosen, for the folded step.
    """

    state: State
    line: str

    @property
    def note(self) -> str:
        """The state in words."""
        return WORDS[self.state]


def data_stands(session: AuditSession) -> Standing:
    """Say which table and which model."""
    case = session.case
    if case is None:
        return Standing("missing", "No data and no model yet.")
    rows, columns = case.data.shape
    return _since(
        session, ("table:", "model:"), f"{rows:,} rows, {columns} columns; {case.model.name}"
    )


def graph_stands(session: AuditSession) -> Standing:
    """Say how many arrows the graph has."""
    case = session.case
    if case is None:
        return Standing("missing", "No graph yet.")
    arrows = len(case.graph.edges)
    named = "1 arrow" if arrows == 1 else f"{arrows} arrows"
    return _since(session, ("graph:",), f"{named} between {len(case.graph.nodes)} columns")


def target_stands(session: AuditSession) -> Standing:
    """Say what is to be forgotten."""
    if session.target is None:
        return Standing("missing", "Nothing is chosen yet.")
    starts = ("target:", "the change", "named subgroups")
    return _since(session, starts, session.target.describe())


def change_stands(session: AuditSession) -> Standing:
    """Say which models stand beside the audited one."""
    if not session.compare:
        return _since(
            session, ("models", "rows held out"), "Optional. The audited model alone.", ""
        )
    roles = (f"{len(models)} {role}" for role, models in session.compare.items())
    return _since(
        session, ("models", "rows held out"), f"Beside the audited model: {', '.join(roles)}"
    )


def run_stands(session: AuditSession) -> Standing:
    """Say where the run is."""
    if session.state == "running":
        return Standing("running", f"{session.share:.0%}")
    if session.missing:
        return Standing("missing", session.missing[0])
    if session.state == "done":
        return Standing("done", "Done.")
    return Standing("stale" if session.stale else "", "Not run yet.")


def _since(
    session: AuditSession, starts: tuple[str, ...], line: str, state: State = "done"
) -> Standing:
    """Return "stale" where the result shown was made with something else here."""
    changed = any(words.startswith(starts) for words in session.stale)
    return Standing("stale" if changed else state, line)
