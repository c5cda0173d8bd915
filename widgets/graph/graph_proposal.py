"""Arrows proposed from the data by PC or LiNGAM, accepted or rejected one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import ipywidgets as W

import workbench as wb
from widgets.parts import markup
from widgets.parts.graph_text import read_tiers
from widgets.parts.status_line import StatusLine
from widgets.session.jobs import BackgroundJob, Listener, words_for
from widgets.session.session import AuditSession
from workbench.common.errors import CycleError, GraphError
from workbench.common.progress import Progress
from workbench.graph.proposal import GraphProposal, propose_graph

__all__ = ["ArrowChange", "GraphProposals", "differences"]

Change = Literal["add", "reverse", "remove"]
MOST_SHOWN = 120
"""Differences listed at once."""
DISCOVERERS = (
    ("PC: for columns of any kind", "pc"),
    ("LiNGAM: for columns of numbers", "lingam"),
)
TITLES: dict[Change, str] = {
    "add": "Proposed and not drawn: tick to draw",
    "reverse": "Drawn the other way: tick to reverse",
    "remove": "Drawn and not proposed: tick to remove",
}


@dataclass(frozen=True)
class ArrowChange:
    """One thing on which a proposal and the drawn graph disagree.

    Attributes
    ----------
    change : {"add", "reverse", "remove"}
        What would make the drawn graph agree.
    source, sink : str
        The edge: as proposed for "add", as drawn for the others.
    undecided : bool
        Whether the data leave the proposed direction open.
    """

    change: Change
    source: str
    sink: str
    undecided: bool = False

    def words(self) -> str:
        """Say the difference in a line."""
        text = f"{self.source} → {self.sink}"
        if self.change == "reverse":
            return f"{text}, proposed as {self.sink} → {self.source}"
        return f"{text} (the data do not tell which way)" if self.undecided else text

    def applied(self, graph: wb.CausalGraph) -> wb.CausalGraph:
        """Return the graph with the change made; refuses a circle."""
        if self.change == "add":
            return graph.add_edge(self.source, self.sink)
        if self.change == "reverse":
            return graph.reverse_edge(self.source, self.sink)
        return graph.remove_edge(self.source, self.sink)


def differences(graph: wb.CausalGraph, proposal: GraphProposal) -> tuple[ArrowChange, ...]:
    """Compare a drawn graph with a proposal, on the columns that the proposal covers.

    An edge drawn against a direction that the data leave open is no difference.

    Examples
    --------
    >>> drawn = wb.CausalGraph([("a", "b"), ("c", "b")])
    >>> proposed = wb.CausalGraph([("b", "a"), ("a", "c")])
    >>> found = differences(drawn, GraphProposal(proposed, (("a", "c"),), "pc", 100, ()))
    >>> [(d.change, d.source, d.sink, d.undecided) for d in found]
    [('add', 'a', 'c', True), ('reverse', 'a', 'b', False), ('remove', 'c', 'b', False)]
    """
    drawn, proposed, undecided = set(graph.edges), proposal.graph.edges, set(proposal.undirected)
    covered, both = set(proposal.graph.nodes), {*proposed, *((v, u) for u, v in proposed)}
    found = [
        ArrowChange("add", u, v, (u, v) in undecided)
        for u, v in proposed
        if (u, v) not in drawn and (v, u) not in drawn
    ]
    found += [
        ArrowChange("reverse", v, u)
        for u, v in proposed
        if (v, u) in drawn and (u, v) not in undecided
    ]
    found += [
        ArrowChange("remove", u, v)
        for u, v in graph.edges
        if u in covered and v in covered and (u, v) not in both
    ]
    return tuple(found)


class GraphProposals(W.VBox):
    """Proposes a graph in the background and lists how it differs from the drawn one.

    Parameters
    ----------
    session : AuditSession
        Its graph is compared, and edited where a difference is accepted.
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._job = BackgroundJob(session.lock)
        self._data: object = None
        self._proposal: GraphProposal | None = None
        self._rejected: set[ArrowChange] = set()
        self._shown: list[tuple[ArrowChange, W.Checkbox]] = []
        self._method = W.Dropdown(description="Method", options=DISCOVERERS, value="pc")
        self._order = W.Text(
            description="What comes before what, if known",
            placeholder="race, sex < education < income",
            continuous_update=False,
        )
        for control in (self._method, self._order):
            control.add_class("wb-field")
        self._propose = self._button("Propose arrows", self._start)
        self._stop = self._button("Cancel the proposal", self._cancel)
        self._stop.disabled = True
        self._status = StatusLine()
        self._notes = W.HTML()
        self._list = W.VBox()
        self._answers = W.HBox(
            [
                self._button("Accept ticked", lambda: self._accept(self._ticked())),
                self._button("Reject ticked", self._reject),
                self._button("Accept all", lambda: self._accept([d for d, _ in self._shown])),
                self._button("Close the proposal", self._forget),
            ]
        )
        start = W.HBox([self._method, self._order, self._propose, self._stop])
        for row in (start, self._answers):
            row.add_class("wb-row")
        lead = markup.paragraph(
            "A computer can look for arrows that would explain how the columns go together. It is "
            "a starting point, not a finding: both methods assume that nothing important is left "
            "out. Nothing is drawn before you accept it.",
            "wb-muted",
        )
        super().__init__(
            [W.HTML(lead), start, self._status, self._notes, self._list, self._answers]
        )
        session.observe(lambda _: self._follow(), "case")
        self._follow()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the search to end; False when the time is over."""
        return self._job.wait(timeout)

    def _button(self, text: str, action: Callable[[], None]) -> W.Button:
        button = W.Button(description=text)

        def pressed(_: object) -> None:
            try:
                action()
            except Exception as error:  # the component's boundary
                self._status.say(words_for(error), "problem")

        button.on_click(pressed)
        return button

    def _start(self) -> None:
        case, method = self._session.case, self._method.value
        if case is None:
            return
        tiers = read_tiers(self._order.value)
        if case.outcome in {name for tier in tiers for name in tier}:
            raise GraphError(
                f"{case.outcome!r} is the recorded outcome. The proposal is about the features "
                f"only: leave it out of the order."
            )
        columns = [name for name in case.features if name not in case.graph.latents]
        table = case.data[columns]

        def work(progress: Progress) -> GraphProposal:
            progress("searching", 0.0)
            return propose_graph(table, method=method, tiers=tiers or None)

        with self._session.lock:
            self._forget()
            self._busy(True)
            self._status.say(f"Looking for arrows between {len(columns)} columns…", "busy")
            self._job.start(work, Listener(self._found, self._failed, lambda *_: None))

    def _cancel(self) -> None:
        with self._session.lock:
            self._job.cancel()
            self._busy(False)
            self._status.say("Cancelled. Nothing was changed.")

    def _busy(self, busy: bool) -> None:
        self._propose.disabled, self._stop.disabled = busy, not busy

    def _found(self, proposal: GraphProposal) -> None:
        self._busy(False)
        self._proposal = proposal
        count = len(proposal.graph.edges)
        self._status.say(f"{count} arrow{'s' if count != 1 else ''} proposed.", "good")
        self._show()

    def _failed(self, words: str) -> None:
        self._busy(False)
        self._status.say(words, "problem")

    def _forget(self) -> None:
        self._proposal, self._rejected = None, set()
        self._status.say("")
        self._show()

    def _follow(self) -> None:
        """Compare again when the drawn graph has changed; begin again with another table."""
        try:
            case = self._session.case
            data = None if case is None else case.data
            if data is not self._data:
                self._data = data
                self._job.cancel()
                self._busy(False)
                self._propose.disabled = case is None
                self._forget()
            elif self._proposal is not None:
                self._show()
        except Exception as error:  # the component's boundary
            self._status.say(words_for(error), "problem")

    def _show(self) -> None:
        proposal, case = self._proposal, self._session.case
        found: list[ArrowChange] = []
        if proposal is not None and case is not None:
            every = differences(case.graph, proposal)
            found = [d for d in every if d not in self._rejected]
        ticked = set(self._ticked())
        self._shown = []
        blocks: list[W.Widget] = []
        for change, title in TITLES.items():
            group = [d for d in found if d.change == change][:MOST_SHOWN]
            boxes = [
                W.Checkbox(description=d.words(), value=d in ticked, indent=False) for d in group
            ]
            for box in boxes:
                box.add_class("wb-check")
            self._shown += zip(group, boxes, strict=True)
            if group:
                row = W.Box(boxes)
                row.add_class("wb-checks")
                blocks += [W.HTML(markup.heading(title, 4)), row]
        self._list.children = blocks
        notes: Iterable[str] = ()
        if proposal is not None:
            rest = () if found else ("No difference between the proposal and the drawing is left.",)
            notes = (*(_brief(note) for note in proposal.notes), *rest)
        self._notes.value = markup.bullets(notes)
        shown = "flex" if proposal is not None else "none"
        self._answers.layout.display = shown
        for button in self._answers.children[:3]:
            button.disabled = not found

    def _ticked(self) -> list[ArrowChange]:
        return [difference for difference, box in self._shown if box.value]

    def _accept(self, wanted: list[ArrowChange]) -> None:
        case = self._session.case
        if case is None or not wanted:
            self._status.say("Tick at least one arrow first.")
            return
        graph, refused = case.graph, []
        for difference in sorted(wanted, key=lambda d: d.change != "remove"):
            try:
                graph = difference.applied(graph)
            except CycleError as error:
                circle = " → ".join((*error.cycle, error.cycle[0]))
                refused.append(f"{difference.source} → {difference.sink} (circle {circle})")
        done = len(wanted) - len(refused)
        if done:
            self._session.edit_graph(graph)
        if refused:
            self._status.say(
                f"{done} accepted. Left as they were, since they would close a circle: "
                f"{'; '.join(refused)}.",
                "problem",
            )
        else:
            self._status.say(f"{done} accepted. Undo takes it back.", "good")

    def _reject(self) -> None:
        ticked = self._ticked()
        self._rejected |= set(ticked)
        self._show()
        self._status.say(
            f"{len(ticked)} rejected; the drawing stays as it is."
            if ticked
            else "Tick at least one arrow first."
        )


def _brief(note: str) -> str:
    return note if len(note) <= 400 else note[:399] + "…"
