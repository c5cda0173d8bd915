"""What has to be said about a table and a model before they are a case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as W

import workbench as wb
from widgets.loading.class_choice import ClassChoice
from widgets.loading.graph_choice import GraphChoice
from widgets.loading.sources import Table, left_out, likely_features, likely_outcome
from widgets.parts import markup
from widgets.parts.column_checklist import ColumnChecklist
from widgets.parts.menu_choice import choose_in
from workbench.common.errors import DataError

__all__ = ["CaseForm"]

NO_OUTCOME = ("not in this table", None)
MOST_SHOWN = 12
"""Columns that are left out and named; of more, the number is said."""


class CaseForm(W.VBox):
    """Asks for the outcome, the columns that the model reads, and the graph.

    Parameters
    ----------
    changed : callable () -> None
        Called when an answer changes, not when another table is offered.
    said : callable (str, kind) -> None
    """

    def __init__(self, changed: Callable[[], None], said: Callable[[str, str], None]) -> None:
        self._changed = changed
        self._table: Table | None = None
        self._taken: str | None = None
        self._known: tuple[str, ...] | None = None
        self._filling = self._ticked_by_hand = self._training = False
        self._outcome = W.Dropdown(options=[NO_OUTCOME], description="Outcome")
        self._outcome.add_class("wb-field")
        self._reads = ColumnChecklist("Columns that the model reads")
        self._left_out = W.HTML()
        self._graph = GraphChoice(self._tell, said)
        self._class = ClassChoice(self._tell)
        super().__init__([self._outcome, self._class, self._reads, self._left_out, self._graph])
        self._outcome.observe(self._outcome_chosen, "value")
        self._reads.observe(self._columns_ticked, "ticked")

    def offer(
        self,
        table: Table,
        *,
        training: bool,
        known: tuple[str, ...] | None,
        predictions: str | None,
    ) -> None:
        """Ask about a table and a kind of model.

        Parameters
        ----------
        training : bool
            Whether a model is trained here, which needs an outcome.
        known : tuple of str, optional
            The columns that a model file says it reads.
        predictions : str, optional
            The column of logged predictions, which is neither read nor an outcome.
        """
        another = table is not self._table
        self._filling, self._table, self._taken = True, table, predictions
        self._training, self._known = training, known
        try:
            if another:
                self._graph.forget()
                self._ticked_by_hand = False
            self._outcome.description = (
                "Outcome that the model learns to predict"
                if training
                else "Outcome: what really happened, if the table holds it"
            )
            self._offer_outcomes(training, None if another else self._outcome.value)
            self._offer_columns()
        finally:
            self._filling = False
        own = "" if not table.is_sample else "none"
        self._outcome.layout.display = self._graph.layout.display = own
        self._reads.layout.display = "" if known is None else "none"

    @property
    def outcome(self) -> str | None:
        """The outcome's column, if any."""
        if self._table is not None and self._table.is_sample:
            return None if self._table.outcome == self._taken else self._table.outcome
        return None if self._outcome.value is None else str(self._outcome.value)

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that were ticked."""
        return self._reads.chosen

    @property
    def positive(self) -> str | None:
        """The class whose probability is audited, where a model is trained for two.

        Raises
        ------
        DataError
            Nobody has chosen one, and the names leave it open.
        """
        if not self._class.settled:
            raise DataError(
                "Choose the class whose probability is audited: the outcome's two values do not "
                "say which is meant."
            )
        return self._class.label

    def graph(self) -> wb.CausalGraph | None:
        """Return the graph that was brought, if any; raises a GraphError when it is none."""
        if self._table is None or self._table.is_sample:
            return None
        return self._graph.graph()

    def _offer_outcomes(self, training: bool, before: object) -> None:
        assert self._table is not None
        names = [column.name for column in self._table.columns if column.name != self._taken]
        likely = likely_outcome(self._table, without=self._taken)
        two = {column.name for column in self._table.columns if column.distinct == 2}
        first = likely if training or likely in two else None
        kept = before if before in names else first
        choices = [(name, name) for name in names]
        self._outcome.options = choices if training else [NO_OUTCOME, *choices]
        choose_in(self._outcome, kept)

    def _offer_columns(self) -> None:
        """Offer all columns but the outcome; ticks made by hand are kept."""
        table, outcome = self._table, self.outcome
        assert table is not None
        names = [str(n) for n in table.data.columns if n not in (outcome, self._taken)]
        likely = table.features or likely_features(table, outcome)
        self._reads.offer(names, self._reads.chosen if self._ticked_by_hand else likely)
        unlikely = {} if table.is_sample else left_out(table, outcome)
        others = {name: why for name, why in unlikely.items() if name not in (self._known or ())}
        self._left_out.value = _left_out_words(others, self._taken)
        self._class.offer(self._classes(), self._class.label)

    def _classes(self) -> tuple[Any, ...]:
        """Return the two values of the outcome that a model trained here tells apart."""
        table, outcome = self._table, self.outcome
        if table is None or table.is_sample or outcome is None or not self._training:
            return ()
        values = table.data[outcome].dropna().unique().tolist()
        return tuple(sorted(values)) if len(values) == 2 else ()

    def _columns_ticked(self, _: object) -> None:
        self._ticked_by_hand |= not self._filling
        self._tell()

    def _outcome_chosen(self, _: object) -> None:
        if self._filling or self._table is None:
            return
        self._filling = True
        try:
            self._offer_columns()
        finally:
            self._filling = False
        self._tell()

    def _tell(self) -> None:
        if not self._filling:
            self._changed()


def _left_out_words(columns: Mapping[str, str], taken: str | None) -> str:
    """Say which columns are not proposed, and why."""
    each = [f"{name}: {why}" for name, why in columns.items() if name != taken]
    if not each:
        return ""
    return markup.notice(
        f"Left out unless you tick or draw them: {'; '.join(each[:MOST_SHOWN])}"
        f"{f'; and {len(each) - MOST_SHOWN} more' if len(each) > MOST_SHOWN else ''}.",
        "warning",
    )
