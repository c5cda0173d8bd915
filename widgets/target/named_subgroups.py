"""Conditions that were given a name: kept in the session, used again, reported side by side."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import ipywidgets as W

from widgets.parts.status_line import StatusLine
from widgets.session.jobs import words_for
from widgets.session.session import AuditSession
from widgets.target.condition_builder import ConditionBuilder
from workbench.case.condition import Condition
from workbench.checks.diagnostics import FEW_ROWS
from workbench.common.errors import AuditError, TargetError, listed
from workbench.common.limits import PAGE_NAME_CHARACTERS, PAGE_SUBGROUPS

__all__ = ["NamedSubgroups"]


class NamedSubgroups(W.VBox):
    """Keeps the condition of a field under a name, in ``session.subgroups``.

    Parameters
    ----------
    session : AuditSession
    field : ConditionBuilder
        Where conditions come from and go to.
    used : callable (), optional
        Called after a subgroup was put into the field.
    """

    def __init__(
        self,
        session: AuditSession,
        field: ConditionBuilder,
        used: Callable[[], None] = lambda: None,
    ) -> None:
        self._session, self._condition, self._used = session, field, used
        self._edited: str | None = None
        self._wanted = True
        self._name = W.Text(description="Name of this subgroup", placeholder="Women over 50")
        self._name.add_class("wb-field")
        self._save = W.Button(description="Keep under this name")
        self._stop = W.Button(description="Stop editing")
        self._form = W.HBox([self._name, self._save, self._stop])
        self._form.add_class("wb-row")
        self._status = StatusLine()
        self._head = W.HTML()
        self._list = W.VBox()
        # Kept: a row that Python forgets before the page has drawn it is an error there.
        self._known: dict[str, W.HBox] = {}
        super().__init__([self._form, self._status, self._head, self._list])
        self._save.on_click(lambda _: self._keep())
        self._stop.on_click(lambda _: self._edit(None))
        field.observe(lambda _: self._offer_form(), "condition")
        session.observe(lambda _: self._draw(), ["subgroups", "case"])
        self._edit(None)
        self._draw()

    def offer(self, wanted: bool) -> None:
        """Show the form that names a condition, or the list alone."""
        self._wanted = wanted
        self._offer_form()

    def keep(self, name: str, condition: str, *, instead_of: str | None = None) -> None:
        """Put a condition under a name into the session.

        Parameters
        ----------
        instead_of : str, optional
            A name that this one replaces.

        Raises
        ------
        TargetError
            When the name is empty, long or taken, the condition cannot be read or holds nowhere,
            or there are too many subgroups.
        """
        case = self._session.case
        if case is None:
            raise TargetError("Choose data and a model first.")
        name = " ".join(name.split())
        if not name:
            raise TargetError("Give the subgroup a name, for instance Women over 50.")
        if not name.isprintable():
            raise TargetError("The name holds characters that cannot be shown. Type it again.")
        if len(name) > PAGE_NAME_CHARACTERS:
            raise TargetError(
                f"The name has {len(name):,} characters; at most {PAGE_NAME_CHARACTERS} are kept. "
                f"Shorten it."
            )
        found = self._session.subgroups
        if name in found and name != instead_of:
            raise TargetError(f"There is a subgroup {name!r} already. Choose another name.")
        if instead_of is None and len(found) >= PAGE_SUBGROUPS:
            raise TargetError(f"At most {PAGE_SUBGROUPS} subgroups are kept. Delete one first.")
        read = Condition(condition)
        if not read.mask(case.data).any():
            raise TargetError(f"The condition {read.text!r} holds on no row. Widen it.")
        same = [n for n, c in found.items() if c == read.text and n not in (name, instead_of)]
        if same:
            raise TargetError(f"This condition is kept already, under {listed(same)}.")
        if instead_of is None:
            self._session.subgroups = {**found, name: read.text}
        else:  # in its old place
            self._session.subgroups = {
                (name if n == instead_of else n): (read.text if n == instead_of else c)
                for n, c in found.items()
            }

    def _keep(self) -> None:
        try:
            name, edited = self._name.value, self._edited
            if edited not in self._session.subgroups:
                edited = None  # deleted meanwhile
            self.keep(name, self._condition.condition, instead_of=edited)
            self._edit(None)
            self._status.say(f"Kept: {' '.join(name.split())}.", "good")
        except Exception as error:  # the component's boundary
            self._status.say(words_for(error), "problem")

    def _edit(self, name: str | None) -> None:
        self._edited = name
        self._name.value = name or ""
        self._save.description = "Keep under this name" if name is None else "Save the changes"
        self._stop.layout.display = "none" if name is None else ""
        self._status.say("" if name is None else f"Editing {name}. Change its name or condition.")
        self._offer_form()

    def _offer_form(self) -> None:
        shown = self._wanted and bool(self._condition.condition.strip())
        self._form.layout.display = "" if shown else "none"
        if not shown:
            self._status.say("")

    def _take(self, name: str, *, edit: bool) -> None:
        try:
            self._condition.condition = self._session.subgroups[name]
            self._used()
            self._edit(name if edit else None)
        except Exception as error:  # the component's boundary
            self._status.say(words_for(error), "problem")

    def _drop(self, name: str) -> None:
        kept = self._session.subgroups
        self._session.subgroups = {n: c for n, c in kept.items() if n != name}
        if self._edited == name:
            self._edit(None)
        self._status.say(f"Deleted: {name}.")

    def _draw(self) -> None:
        try:
            found = self._session.subgroups
            if self._edited is not None and self._edited not in found:
                self._edit(None)
            self._head.value = (
                "<p class='wb-label'>Named subgroups</p><p class='wb-muted'>A run also reports "
                "each named subgroup, side by side.</p>"
                if found
                else ""
            )
            self._list.children = [self._row(n, c) for n, c in found.items()]
        except Exception as error:  # the component's boundary
            self._status.say(words_for(error), "problem")

    def _row(self, name: str, condition: str) -> W.HBox:
        """Return the line of a subgroup, as it stood before but for its words."""
        if name not in self._known:
            self._known[name] = self._new_row(name)
        row = self._known[name]
        row.children[0].value = (
            f"<strong>{escape(name)}</strong> <code>{escape(condition)}</code> "
            f"<span class='wb-muted'>{escape(self._counted(condition))}</span>"
        )
        return row

    def _new_row(self, name: str) -> W.HBox:
        text = W.HTML()
        text.add_class("wb-grow")
        buttons = []
        for words, pressed in (
            ("Use", lambda _: self._take(name, edit=False)),
            ("Edit", lambda _: self._take(name, edit=True)),
            ("Delete", lambda _: self._drop(name)),
        ):
            button = W.Button(description=words, tooltip=f"{words} the subgroup {name}")
            button.on_click(pressed)
            buttons.append(button)
        row = W.HBox([text, *buttons])
        row.add_class("wb-row")
        row.add_class("wb-subgroup")
        return row

    def _counted(self, condition: str) -> str:
        case = self._session.case
        if case is None:
            return ""
        try:
            count = int(Condition(condition).mask(case.data).sum())
        except AuditError as error:
            return f"cannot be counted: {error}"
        few = ", which are few" if 1 < count < FEW_ROWS else ""
        return f"{count:,} row{'' if count == 1 else 's'}{few}"
