"""Step 4, models from elsewhere: the model before, and models retrained without the target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import ipywidgets as W

import workbench as wb
from widgets.loading.file_form import FileForm, FoundModel, found_in
from widgets.loading.model_forms import EndpointForm
from widgets.loading.sources import Table
from widgets.parts import markup
from widgets.parts.column_checklist import ColumnChecklist
from widgets.parts.job_row import JobRow
from widgets.session.session import AuditSession
from workbench.case.model_sources import Made, ModelFile
from workbench.case.open_case import another_model
from workbench.common.errors import ModelError
from workbench.common.limits import PAGE_RETRAINED
from workbench.common.progress import Progress

__all__ = ["BroughtModels"]

BEFORE, RETRAINED = "before", "retrained"
FILE, ENDPOINT = "file", "endpoint"
ROLES = {
    BEFORE: "The model before unlearning",
    RETRAINED: "A model retrained without the target",
}
TOO_MANY = f"At most {PAGE_RETRAINED} retrained models are compared on this page."


class BroughtModels(W.VBox):
    """Adds models to the session's `compare`, and takes them away again.

    Parameters
    ----------
    session : AuditSession
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._offered: wb.AuditCase | None = None
        self._made: dict[wb.BlackBoxModel, Made] = {}
        self._role = W.RadioButtons(
            options=[(title, role) for role, title in ROLES.items()],
            description="Which model is it?",
        )
        self._way = W.Dropdown(
            options=[("A model file", FILE), ("A model over HTTP", ENDPOINT)],
            description="How to bring it",
        )
        for control in (self._role, self._way):
            control.add_class("wb-field")
        self._row = JobRow(
            session.lock,
            "Add this model",
            self._add,
            "Cancel adding",
            queues=True,
            changed=lambda busy: session.prepare("A model is still being read or added." * busy),
        )
        self._file = FileForm(
            self._read, lambda words: self._row.say(words, "problem"), self._several
        )
        self._endpoint = EndpointForm(lambda: None)
        self._columns = ColumnChecklist("Columns that the model reads")
        self._list = W.VBox([])
        super().__init__(
            [
                self._role,
                self._way,
                self._file,
                self._endpoint,
                self._columns,
                self._row,
                self._list,
            ]
        )
        self._way.observe(lambda _: self._row.safely(self._unfold), "value")
        self._role.observe(lambda _: self._row.safely(self._propose), "value")
        session.observe(lambda _: self._row.safely(self._renewed), ["case", "target"])
        session.observe(lambda _: self._row.safely(self._draw), "compare")
        self._renewed()
        self._draw()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until a model is read or added; False when the time is over."""
        return self._row.wait(timeout)

    def stop(self) -> None:
        """Give up what is being read."""
        self._row.stop()
        self._endpoint.forget()

    def _renewed(self) -> None:
        case = self._session.case
        if case is self._offered:
            self._propose()
            return
        self._row.stop("Stopped: the model or the graph has changed. Begin again.")
        self._offered = case
        if case is not None:
            self._endpoint.offer(Table(case.data, (), ()))
        self._unfold()

    def _unfold(self) -> None:
        way = self._way.value
        self._file.layout.display = "" if way == FILE else "none"
        self._endpoint.layout.display = "" if way == ENDPOINT else "none"
        if way != ENDPOINT:
            self._endpoint.forget()
        self._propose()

    def _propose(self) -> None:
        """Offer the columns, ticked as the role lets expect; a file may say them itself."""
        case, target = self._session.case, self._session.target
        form = self._file if self._way.value == FILE else self._endpoint
        asked = case is not None and form.ready and form.reads is None
        self._columns.layout.display = "" if asked else "none"
        self._row.offer(case is not None and form.ready)
        if case is None:
            return
        names = () if target is None else target.names
        forgotten = set(names) if target is None or target.kind.startswith("feature") else set()
        reads = {*case.reads, *names} if self._role.value == BEFORE else {*case.reads} - forgotten
        others = [str(name) for name in case.data.columns if name != case.outcome]
        self._columns.offer(others, [name for name in others if name in reads])

    def _read(self, file: ModelFile) -> None:
        case = self._session.case
        audited = None if case is None else case.model.audited_class

        def work(progress: Progress) -> FoundModel:
            progress("reading the model", 0.0)
            return found_in(file, audited)

        def done(found: FoundModel) -> None:
            words = self._file.show(found)
            self._propose()
            ready = self._file.ready
            self._row.say(f"{words} Now add it." if ready else words, "good" if ready else "")

        def begin() -> None:
            self._propose()
            self._row.queue(f"read {file.name}", work, done, self._file.advise)

        self._row.safely(begin)

    def _several(self, files: Sequence[ModelFile]) -> None:
        """Read and add several files one after another, as retrained models."""

        def begin() -> None:
            case, role = self._session.case, str(self._role.value)
            if case is None:
                raise ModelError("Choose data and a model first.")
            if role != RETRAINED:
                raise ModelError(
                    "There is one model before unlearning: choose one file, or say that they are "
                    "retrained models."
                )
            reads = self._columns.chosen
            for file in files:
                work = partial(_read_and_made, case, file, reads)
                self._queue(role, file.name, work, str)

        self._row.safely(begin)

    def _add(self) -> None:
        session, role = self._session, str(self._role.value)
        case = session.case
        form = self._file if self._way.value == FILE else self._endpoint
        if case is None:
            raise ModelError("Choose data and a model first.")
        if role == RETRAINED and len(session.compare.get(RETRAINED, ())) >= PAGE_RETRAINED:
            raise ModelError(TOO_MANY)
        source, reads = form.source(), form.reads or self._columns.chosen
        name = source.name if isinstance(source, ModelFile) else "the model over HTTP"
        work = partial(another_model, case, source, reads)
        self._queue(role, name, work, form.advise)

    def _queue(
        self,
        role: str,
        name: str,
        work: Callable[[Progress], tuple[wb.BlackBoxModel, Made]],
        advise: Callable[[str], str],
    ) -> None:
        """Make a model and add it, when those before it are."""
        session = self._session

        def done(found: tuple[wb.BlackBoxModel, Made]) -> None:
            kept = session.compare.get(role, ()) if role == RETRAINED else ()
            if len(kept) >= PAGE_RETRAINED:
                raise ModelError(f"{name} was not added. {TOO_MANY}")
            model, self._made[model] = found
            notes = self._made[model].notes
            session.compare = {**session.compare, role: (*kept, model)}
            self._row.say(" ".join([f"Added: {ROLES[role].lower()}.", *notes]), "good")

        def named(words: str) -> str:
            told = advise(words)
            return told if name in told else f"{name}: {told}"

        self._row.queue(f"{name}, {ROLES[role].lower()}", work, done, named)

    def _draw(self) -> None:
        """List the models, each with a button that removes it."""
        rows = []
        for role, title in ROLES.items():
            models = self._session.compare.get(role, ())
            for place, model in enumerate(models):
                number = f" {place + 1}" if len(models) > 1 else ""
                words = f"{title}{number}: {model.name}, reads {', '.join(model.features or ())}"
                away = W.Button(description=f"Remove: {role}{number}")
                away.on_click(partial(self._remove, role, place))
                row = W.HBox([W.HTML(markup.paragraph(words)), away])
                row.add_class("wb-row")
                rows.append(row)
        self._list.children = rows
        self._made = {m: made for m, made in self._made.items() if m in self._models()}
        self._session.compare_code = self._code()

    def _models(self) -> list[wb.BlackBoxModel]:
        return [model for models in self._session.compare.values() for model in models]

    def _code(self) -> str:
        """Write the lines that read these models again; none where the page made them."""
        known = self._models()
        if not known or any(model not in self._made for model in known):
            return ""
        lines = sorted({line for model in known for line in self._made[model].imports})
        named: dict[str, list[str]] = {}
        for role, models in self._session.compare.items():
            for number, model in enumerate(models, 1):
                name = f"{role}_{number}"
                named.setdefault(role, []).append(name)
                lines += [name + line.removeprefix("model") for line in self._made[model].lines]
        parts = (f"{role!r}: [{', '.join(names)}]" for role, names in named.items())
        return "\n".join([*lines, f"compare = {{{', '.join(parts)}}}"])

    def _remove(self, role: str, place: int, _: object) -> None:
        def act() -> None:
            models = self._session.compare.get(role, ())
            left = {**self._session.compare, role: (*models[:place], *models[place + 1 :])}
            self._session.compare = {name: kept for name, kept in left.items() if kept}
            self._row.say("Removed.")

        self._row.safely(act)


def _read_and_made(
    case: wb.AuditCase, file: ModelFile, reads: tuple[str, ...], progress: Progress
) -> tuple[wb.BlackBoxModel, Made]:
    """Read a file whose class nobody was asked for, and make the model of it."""
    progress(f"reading {file.name}", 0.0)
    found = found_in(file, case.model.audited_class)
    if found.model is None:
        raise ModelError(
            f"{file.name} has several classes, none of which is the audited one. Bring it alone, "
            f"and choose the class."
        )
    return another_model(case, found.file, found.model.features or reads, progress)
