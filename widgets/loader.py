"""Step 1: which data and which model."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as W
import pandas as pd

import workbench as wb
from widgets import markup
from widgets.browser_parts import FilePicker, StatusLine
from widgets.graph_text import read_graph
from widgets.jobs import BackgroundJob, Listener, words_for
from widgets.session import AuditSession
from widgets.sources import MODEL_KINDS, SOURCES, likely_features, sample_case, table_case
from workbench.progress import Progress
from workbench.table_files import parse_csv

__all__ = ["DataModelLoader"]

OWN = "own"
PREVIEW = 3
MAX_BYTES = 30_000_000
"""Largest upload; the browser refuses more before it sends any of it."""
MAX_COLUMNS = 200
MAX_CELLS = 5_000_000


class DataModelLoader(W.VBox):
    """Chooses a sample or a CSV file and trains a model on it; sets the session's case.

    Parameters
    ----------
    session : AuditSession
    start : str, optional
        A sample to load at once: "loan", "heart_disease", "performance" or "adult".
    """

    def __init__(self, session: AuditSession, start: str | None = "loan") -> None:
        self._session = session
        self._job = BackgroundJob(session.lock)
        self._table: pd.DataFrame | None = None
        choices = [(source.title, key) for key, source in SOURCES.items()]
        self._source = W.RadioButtons(
            options=[*choices, ("A table of your own (CSV file)", OWN)],
            value=start,
            description="Data",
        )
        self._kind = W.Dropdown(
            options=[(title, kind) for kind, title in MODEL_KINDS.items()], description="Model"
        )
        for control in (self._source, self._kind):
            control.add_class("wb-field")
        self._story = W.HTML()
        self._status = StatusLine()
        self._summary = W.HTML()
        self._summary.add_class("wb-preview")
        self._upload = self._upload_form()
        left = W.VBox([self._source, self._kind])
        right = W.VBox([self._story, self._upload, self._status, self._summary])
        left.add_class("wb-side")
        right.add_class("wb-main")
        columns = W.HBox([left, right])
        columns.add_class("wb-columns")
        super().__init__([columns])
        self._source.observe(self._chosen, "value")
        self._kind.observe(self._kind_chosen, "value")
        session.observe(self._draw, "case")
        self._chosen()

    def _upload_form(self) -> W.VBox:
        self._file = FilePicker(
            f"CSV file, at most {MAX_BYTES / 1e6:,.0f} MB, the first line naming the columns",
            ".csv,.txt,.tsv",
            MAX_BYTES,
            self._file_chosen,
            self._problem,
        )
        self._preview = W.HTML()
        self._outcome = W.Dropdown(options=[], description="Outcome that the model predicts")
        self._reads = W.SelectMultiple(
            options=[], rows=8, description="Columns that the model reads (Ctrl for several)"
        )
        self._graph_text = W.Textarea(
            description="Causal graph, if you have one: DAGitty or JSON text",
            placeholder="zip_code -> income\nincome -> approved",
            rows=5,
            continuous_update=False,
        )
        self._use = W.Button(description="Train the model and use it", button_style="primary")
        for control in (self._outcome, self._reads, self._graph_text):
            control.add_class("wb-field")
        self._details = W.VBox(
            [self._preview, self._outcome, self._reads, self._graph_text, self._use]
        )
        self._details.layout.display = "none"
        self._outcome.observe(self._outcome_chosen, "value")
        self._use.on_click(lambda _: self._use_table())
        return W.VBox([self._file, self._details])

    def _chosen(self, _: object = None) -> None:
        key = self._source.value
        own = key == OWN
        self._upload.layout.display = "" if own else "none"
        story = (
            "Bring a table, and a model is trained on it here, for trying out. Nothing is stored: "
            "the table is gone when you close the page."
            if own
            else SOURCES[key].story
            if key
            else ""
        )
        self._story.value = markup.paragraph(story, "wb-story")
        if own:
            self._job.cancel()
            self._session.close()
            self._status.say("Choose a file." if self._table is None else "")
        elif key:
            self._load_sample(key)

    def _kind_chosen(self, _: object) -> None:
        if self._source.value == OWN:
            if self._session.case is not None:
                self._session.close()
                self._status.say("The model's kind has changed: train it again.")
        else:
            self._chosen()

    def _load_sample(self, key: str) -> None:
        source, kind = SOURCES[key], str(self._kind.value)

        def done(case: wb.AuditCase) -> None:
            self._session.open(case, source.suggested)

        self._start(lambda progress: sample_case(source, kind, progress), done)

    def _start(
        self,
        work: Callable[[Progress], wb.AuditCase],
        done: Callable[[wb.AuditCase], None],
    ) -> None:
        self._session.close()
        self._status.say("Loading…", "busy")

        def progress(step: str, _: float) -> None:
            self._status.say(f"{step.capitalize()}…", "busy")

        self._job.start(work, Listener(done, self._problem, progress))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until what was chosen is loaded; False when the time is over."""
        return self._job.wait(timeout)

    def _problem(self, words: str) -> None:
        self._status.say(words, "problem")

    # ---- a table of one's own ---------------------------------------------------------------

    def _file_chosen(self, name: str, content: bytes) -> None:
        self._session.close()
        self._details.layout.display = "none"
        self._table = None
        table = parse_csv(
            content, name, max_bytes=MAX_BYTES, max_columns=MAX_COLUMNS, max_cells=MAX_CELLS
        )
        table = table.dropna(axis="columns", how="all")
        self._table = table
        self._preview.value = _preview(table)
        names = list(table.columns)
        self._outcome.options = [(name, name) for name in names]
        self._outcome.value = _likely_outcome(table)
        self._offer_features()
        self._details.layout.display = ""
        self._status.say(
            f"Read {len(table):,} rows and {len(names)} columns. Now say what the model predicts.",
            "good",
        )

    def _outcome_chosen(self, _: object) -> None:
        if self._table is not None and self._outcome.value is not None:
            self._offer_features()

    def _offer_features(self) -> None:
        assert self._table is not None
        outcome = str(self._outcome.value)
        self._reads.options = [name for name in self._table.columns if name != outcome]
        self._reads.value = likely_features(self._table, outcome)

    def _use_table(self) -> None:
        table = self._table
        if table is None:
            self._problem("Choose a file first.")
            return
        outcome, reads = str(self._outcome.value), tuple(self._reads.value)
        kind, text = str(self._kind.value), self._graph_text.value

        def work(progress: Progress) -> wb.AuditCase:
            graph = read_graph(text) if text.strip() else None
            return table_case(table, outcome, reads, kind, graph, progress)

        self._start(work, self._session.open)

    # ---- what was loaded --------------------------------------------------------------------

    def _draw(self, _: object = None) -> None:
        case = self._session.case
        if case is None:
            self._summary.value = ""
            return
        try:
            self._summary.value = _summary(case)
            self._status.say(f"Ready: {case.n_rows:,} rows and a trained model.", "good")
        except Exception as error:  # the component's boundary
            self._problem(words_for(error))


def _likely_outcome(table: pd.DataFrame) -> str:
    """Return the last column with two values, else the last numeric one, else the last."""
    names = list(table.columns)
    two = [name for name in names if table[name].nunique() == 2]
    numbers = [name for name in names if pd.api.types.is_numeric_dtype(table[name])]
    return str((two or numbers or names)[-1])


def _summary(case: wb.AuditCase) -> str:
    unseen = [name for name in case.features if name not in case.reads]
    unit = {"probability": "a probability", "log-odds": "log-odds"}.get(case.output, "a number")
    terms = {
        "Predicts": f"{case.outcome} ({unit})" if case.outcome else unit,
        "Reads": ", ".join(case.reads),
        "Never sees": ", ".join(unseen) or "nothing that the graph holds is kept from it",
    }
    shown = case.data[[*case.features, *([case.outcome] if case.outcome else [])]]
    more = "".join(markup.notice(text, "warning") for text in case.warnings)
    rows = shown.head(PREVIEW).itertuples(index=True, name=None)
    preview = markup.table(
        rows,
        ["row", *shown.columns],
        caption=f"The first {min(PREVIEW, len(shown))} of {len(shown):,} rows",
        numeric=[
            place
            for place, name in enumerate(shown.columns, start=1)
            if pd.api.types.is_numeric_dtype(shown[name])
        ],
    )
    return markup.figure_note(terms) + more + preview


def _preview(table: pd.DataFrame) -> str:
    kinds = [
        (
            name,
            "number" if pd.api.types.is_numeric_dtype(table[name]) else "text",
            table[name].nunique(),
            int(table[name].isna().sum()),
            ", ".join(markup.text_of(value) for value in table[name].dropna().unique()[:3]),
        )
        for name in table.columns
    ]
    return markup.table(
        kinds,
        ["column", "kind", "different values", "missing", "for instance"],
        caption=f"{len(table):,} rows, {table.shape[1]} columns",
        numeric=(2, 3),
    )
