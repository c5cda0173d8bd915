"""Step 1: which data and which model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import ipywidgets as W

from widgets.loading.case_form import CaseForm
from widgets.loading.file_form import FileForm, FoundModel, found_in
from widgets.loading.model_forms import ColumnForm, EndpointForm
from widgets.loading.model_ways import BROUGHT, COLUMN, ENDPOINT, FILE, TRAINED, trained
from widgets.loading.opening import open_table
from widgets.loading.sources import SOURCES, Table, sample_table, story, uploaded_table
from widgets.loading.stated_types import StatedTypes
from widgets.parts import markup
from widgets.parts.file_picker import FilePicker
from widgets.parts.status_line import StatusLine
from widgets.parts.table_preview import case_summary, table_preview
from widgets.session.jobs import BackgroundJob, Listener, words_for
from widgets.session.session import AuditSession
from workbench.case.model_sources import ModelFile, ModelSource
from workbench.case.open_case import Opened, open_case
from workbench.common.errors import DataError
from workbench.common.limits import UPLOAD_BYTES
from workbench.common.progress import Progress
from workbench.tables.files.column_types import Stated
from workbench.tables.files.kinds import ENDINGS

__all__ = ["DataModelLoader"]

OWN = "own"
Result = TypeVar("Result")


class DataModelLoader(W.VBox):
    """Chooses data and a model; sets the session's case.

    The data are a sample or a table file. The model is trained here, read from a file,
    asked over HTTP, or known by its logged predictions only.

    Parameters
    ----------
    session : AuditSession
    start : str, optional
        A sample to load at once: a key of :data:`widgets.loading.sources.SOURCES`.
    """

    def __init__(self, session: AuditSession, start: str | None = "loan") -> None:
        self._session = session
        self._job = BackgroundJob(session.lock)
        self._busy = self._reading = False  # anything, and of that a table
        self._table: Table | None = None
        self._own: Table | None = None
        self._loaded: Opened | None = None
        self._source = W.RadioButtons(
            options=[
                *((source.title, key) for key, source in SOURCES.items()),
                ("A table of your own (CSV, Excel or Parquet file)", OWN),
            ],
            value=start,
            description="Data",
        )
        ways = {**TRAINED, **BROUGHT}
        self._kind = W.Dropdown(
            options=[(title, kind) for kind, title in ways.items()], description="Model"
        )
        for control in (self._source, self._kind):
            control.add_class("wb-field")
        self._story, self._preview, self._summary = W.HTML(), W.HTML(), W.HTML()
        for table in (self._preview, self._summary):
            table.add_class("wb-preview")
        self._status = StatusLine()
        self._picker = FilePicker(
            f"CSV, Excel or Parquet file, at most {UPLOAD_BYTES / 1e6:,.0f} MB",
            ",".join((*ENDINGS, ".gz")),  # a browser looks at the last ending only
            UPLOAD_BYTES,
            self._table_arrived,
            self._problem,
        )
        self._types = StatedTypes(self._read_again)
        self._file_form = FileForm(self._read_model, self._problem)
        self._endpoint_form = EndpointForm(self._changed)
        self._forms: dict[str, FileForm | EndpointForm | ColumnForm] = {
            FILE: self._file_form,
            ENDPOINT: self._endpoint_form,
            COLUMN: ColumnForm(self._column_chosen),
        }
        self._form = CaseForm(self._changed, self._status.say)
        self._use = W.Button(description="Use this", button_style="primary")
        self._stop = W.Button(description="Stop loading")
        self._both = self._columns()
        super().__init__([self._both])
        self._source.observe(lambda _: self._safely(self._source_chosen), "value")
        self._kind.observe(lambda _: self._safely(self._kind_chosen), "value")
        self._use.on_click(lambda _: self._safely(self._open))
        self._stop.on_click(lambda _: self._safely(self._stop_loading))
        session.observe(lambda _: self._safely(self._draw), "case")
        self._safely(self._source_chosen)
        if session.case is not None:
            self._safely(self._draw)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until what was chosen is loaded; False when the time is over."""
        return self._job.wait(timeout)

    def choose(self, sample: str, model: str) -> None:
        """Load a sample and train a model, as if both had been chosen on the page.

        Raises
        ------
        DataError
            When there is no such sample or no such model.
        """
        if sample not in SOURCES or model not in TRAINED:
            raise DataError(f"There is no sample {sample[:60]!r} with a model {model[:60]!r}.")
        if (self._source.value, self._kind.value) == (sample, model) and not self._busy:
            self._safely(self._source_chosen)
        self._kind.value, self._source.value = model, sample

    def ask_for_table(self) -> None:
        """Ask for a table of one's own."""
        self._source.value = OWN

    def _columns(self) -> W.HBox:
        buttons = W.HBox([self._use, self._stop])
        buttons.add_class("wb-row")
        left = W.VBox([self._source, self._kind])
        right = W.VBox(
            [
                self._story,
                self._picker,
                self._preview,
                self._types,
                *self._forms.values(),
                self._form,
                buttons,
                self._status,
                self._summary,
            ]
        )
        left.add_class("wb-side")
        right.add_class("wb-main")
        columns = W.HBox([left, right])
        columns.add_class("wb-columns")
        return columns

    # ---- choices ----------------------------------------------------------------------------

    def _source_chosen(self) -> None:
        key = self._source.value
        self._begin_again()
        self._story.value = markup.paragraph(story(key), "wb-story")
        self._table = self._own if key == OWN else None
        self._unfold()
        if key == OWN:
            self._status.say("" if self._own is not None else "Choose a file.")
        elif key is not None:
            self._load_sample(str(key))

    def _kind_chosen(self) -> None:
        if self._reading:
            self._unfold()  # the table is wanted whichever model it is for
            return
        self._begin_again()
        if self._kind.value != ENDPOINT:
            self._endpoint_form.forget()
        if self._source.value in SOURCES and (self._trained or self._table is None):
            self._source_chosen()  # nothing else has to be asked, or the data are yet to come
        else:
            self._unfold()
            self._status.say("")

    def _column_chosen(self) -> None:
        self._changed()
        self._offer_rest()

    def _changed(self) -> None:
        """Drop what was opened or is being opened with other answers."""
        if self._session.case is not None or self._busy:
            self._begin_again()
            self._unfold()
            self._status.say(f"Changed. Press “{self._use.description}” when all is as you want.")

    def _begin_again(self) -> None:
        self._cancel()
        self._loaded = None
        self._session.close()

    @property
    def _trained(self) -> bool:
        return self._kind.value in TRAINED

    def _unfold(self) -> None:
        """Show what has to be asked next, and nothing else."""
        own, table, kind = self._source.value == OWN, self._table, self._kind.value
        asked = table is not None and (own or not self._trained)
        _show(self._picker, own)
        for part in (self._preview, self._types):
            _show(part, own and table is not None)
        for name, form in self._forms.items():
            _show(form, asked and name == kind)
        # A form needs the whole width; what is said of a sample stands beside the choices.
        long = own or (asked and kind in self._forms)
        (self._both.add_class if long else self._both.remove_class)("wb-asks")
        if table is not None and own:
            self._preview.value = table_preview(table.data, table.columns)
            self._types.offer(table)
        if asked and table is not None and kind in self._forms:
            self._forms[kind].offer(table)
        self._offer_rest()

    def _offer_rest(self) -> None:
        table, form = self._table, self._forms.get(self._kind.value)
        own = self._source.value == OWN
        rest = table is not None and (own or form is not None) and (form is None or form.ready)
        _show(self._form, rest)
        retry = not own and form is None and self._session.case is None and not self._busy
        _show(self._use, rest or (retry and self._source.value is not None))
        _show(self._stop, self._busy)
        ours = "Train the model and use it" if own else "Load it again"
        self._use.description = ours if form is None else form.action
        if rest and table is not None:
            column = form.source().column if isinstance(form, ColumnForm) else None
            known = None if form is None else form.reads
            self._form.offer(table, training=form is None, known=known, predictions=column)

    # ---- loading ----------------------------------------------------------------------------

    def _load_sample(self, key: str) -> None:
        kind = str(self._kind.value)
        here = self._trained

        def work(progress: Progress) -> tuple[Table, Opened | None]:
            table = sample_table(key, progress)
            if not here:
                return table, None
            return table, open_case(
                table,
                trained(kind),
                reads=table.features,
                outcome=table.outcome,
                graph=None,
                progress=progress,
            )

        def done(found: tuple[Table, Opened | None]) -> None:
            self._table, opened = found
            if opened is not None:
                self._opened(opened)
            else:
                self._unfold()
                self._status.say(f"Read {len(self._table.data):,} rows. Now the model.", "good")

        self._start(work, done)

    def _table_arrived(self, name: str, content: bytes) -> None:
        with self._session.lock:
            self._begin_again()
            self._own = self._table = None
            self._unfold()
            self._read_table((name, content), Stated())

    def _read_again(self, said: Stated) -> None:
        table = self._own
        if table is not None and table.file is not None:
            with self._session.lock:
                self._begin_again()
                self._read_table(table.file, said)

    def _read_table(self, file: tuple[str, bytes], said: Stated) -> None:
        def done(table: Table) -> None:
            self._own = self._table = table
            self._reading = False
            self._unfold()
            rows, columns = table.data.shape
            self._status.say(f"Read {rows:,} rows and {columns:,} columns.", "good")

        self._start(lambda progress: uploaded_table(file, progress, said), done)
        self._reading = True

    def _read_model(self, file: ModelFile) -> None:
        form = self._file_form

        def work(progress: Progress) -> FoundModel:
            progress("reading the model", 0.0)
            return found_in(file)

        def done(found: FoundModel) -> None:
            words = form.show(found)
            self._offer_rest()
            self._status.say(words, "good" if form.ready else "info")

        with self._session.lock:
            self._begin_again()
            self._offer_rest()
            self._start(work, done)

    def _open(self) -> None:
        """Make the case of everything that was chosen."""
        table, form = self._table, self._forms.get(self._kind.value)
        if self._source.value in SOURCES and form is None:
            self._source_chosen()
            return
        if table is None or self._kind.value is None:
            raise DataError("Choose data and a model first.")
        self._begin_again()
        source: ModelSource = (
            trained(str(self._kind.value), self._form.positive) if form is None else form.source()
        )
        reads = (None if form is None else form.reads) or self._form.reads
        outcome, graph = self._form.outcome, self._form.graph()
        self._start(
            lambda progress: open_table(
                table, source, reads=reads, outcome=outcome, graph=graph, progress=progress
            ),
            self._opened,
        )

    def _opened(self, opened: Opened) -> None:
        self._loaded = opened
        sample = str(self._source.value), str(self._kind.value)
        self._session.open(
            opened.case,
            () if self._table is None else self._table.suggested,
            code=opened.code,
            live=opened.live,
            learner=opened.learner,
            sample=sample if sample[0] in SOURCES and self._trained else None,
            rate=opened.rate,
        )

    def _start(self, work: Callable[[Progress], Result], done: Callable[[Result], None]) -> None:
        def finish(result: Result) -> None:
            self._busy = False
            self._safely(lambda: done(result))
            self._offer_rest()

        def fail(words: str) -> None:
            self._busy = self._reading = False
            form = self._forms.get(self._kind.value)
            self._problem(words if form is None else form.advise(words))
            self._offer_rest()

        def progress(step: str, _: float) -> None:
            self._status.say(f"{step[:1].upper()}{step[1:]}…", "busy")

        self._busy = True
        self._status.say("Loading…", "busy")
        self._job.start(work, Listener(finish, fail, progress, self._status.beat))
        _show(self._stop, True)

    def _cancel(self) -> None:
        self._job.cancel()
        self._busy = self._reading = False

    def _stop_loading(self) -> None:
        if self._busy:
            self._begin_again()
            self._unfold()
            self._status.say("Stopped. Nothing was loaded.")

    # ---- what is said -----------------------------------------------------------------------

    def _safely(self, act: Callable[[], None]) -> None:
        """Act while no background result can arrive; say a failure in words."""
        try:
            with self._session.lock:
                act()
        except Exception as error:  # the component's boundary
            self._problem(words_for(error))

    def _problem(self, words: str) -> None:
        self._status.say(words, "problem")

    def _draw(self) -> None:
        case = self._session.case
        if case is None:
            self._summary.value = ""
            return
        loaded = self._loaded
        ours = loaded is not None and loaded.case.model is case.model
        self._summary.value = case_summary(
            case,
            origin=loaded.origin if loaded is not None and ours else "",
            notes=loaded.notes if loaded is not None and ours else (),
            rows=self._source.value != OWN,
        )
        _show(self._stop, False)
        self._status.say(
            f"Ready: {case.n_rows:,} rows, and a model that reads {len(case.reads):,} of their "
            f"columns.",
            "good",
        )


def _show(widget: W.DOMWidget, shown: bool) -> None:
    widget.layout.display = "" if shown else "none"
