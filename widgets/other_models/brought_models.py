"""Step 4, models from elsewhere: the model before, and models retrained without the target."""

from __future__ import annotations

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
from workbench.case.bring import another_model
from workbench.case.model_sources import Made, ModelFile
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
        self._row = JobRow(session.lock, "Add this model", self._add, "Cancel adding")
        self._file = FileForm(self._read, lambda words: self._row.say(words, "problem"))
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
            self._row.stop()
            self._propose()
            self._row.start(work, done, self._file.advise)

        self._row.safely(begin)

    def _add(self) -> None:
        session, role = self._session, str(self._role.value)
        case = session.case
        form = self._file if self._way.value == FILE else self._endpoint
        if case is None:
            raise ModelError("Choose data and a model first.")
        if role == RETRAINED and len(session.compare.get(RETRAINED, ())) >= PAGE_RETRAINED:
            raise ModelError(
                f"At most {PAGE_RETRAINED} retrained models are compared on this page."
            )
        source, reads = form.source(), form.reads or self._columns.chosen

        def done(found: tuple[wb.BlackBoxModel, Made]) -> None:
            model, self._made[model] = found
            notes = self._made[model].notes
            kept = session.compare.get(role, ()) if role == RETRAINED else ()
            session.compare = {**session.compare, role: (*kept, model)}
            self._row.say(" ".join([f"Added: {ROLES[role].lower()}.", *notes]), "good")

        self._row.start(
            lambda progress: another_model(case, source, reads, progress), done, form.advise
        )

    def _draw(self) -> None:
        """List the models, each with a button that takes it away."""
        rows = []
        for role, title in ROLES.items():
            models = self._session.compare.get(role, ())
            for place, model in enumerate(models):
                number = f" {place + 1}" if len(models) > 1 else ""
                words = f"{title}{number}: {model.name}, reads {', '.join(model.features or ())}"
                away = W.Button(description=f"Take away: {role}{number}")
                away.on_click(partial(self._take_away, role, place))
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

    def _take_away(self, role: str, place: int, _: object) -> None:
        def act() -> None:
            models = self._session.compare.get(role, ())
            left = {**self._session.compare, role: (*models[:place], *models[place + 1 :])}
            self._session.compare = {name: kept for name, kept in left.items() if kept}
            self._row.say("Taken away.")

        self._row.safely(act)
