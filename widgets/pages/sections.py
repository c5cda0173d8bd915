"""The sections of the workbench's page: the steps of the question, and the tabs of the answer.

A new step is one line of :data:`STEPS`, a new tab one line of :data:`TABS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets as W

import workbench as wb
from widgets.graph.graph_editor import GraphEditor
from widgets.loading.loader import DataModelLoader
from widgets.other_models.change_models import ChangeModels
from widgets.pages import step_states
from widgets.pages.step_states import Standing
from widgets.results.first_look import the_rest
from widgets.results.interactive_view import InteractiveView
from widgets.results.one_row import OneRow
from widgets.results.outline_view import ChapterView, ComparisonView
from widgets.results.report_panel import ReportPanel
from widgets.run.run_panel import RunPanel
from widgets.session.session import AuditSession
from widgets.target.target_picker import TargetPicker
from workbench.checks.finding import Place
from workbench.checks.registry import CHECKS
from workbench.common.blocks import Section
from workbench.methods.registry import METHOD_BY_NAME
from workbench.report.outline.audit import chapters

__all__ = ["STEPS", "TABS", "StepSection", "TabSection"]

Start = str | None


@dataclass(frozen=True)
class StepSection:
    """A step of the question.

    Attributes
    ----------
    key : str
        Its part of the page's address, after ``#``.
    title, short : str
        Over the step, and in the bar of steps.
    make : callable (AuditSession, str or None) -> Widget
        Gets the session, and the sample to begin with.
    stands : callable (AuditSession) -> Standing
    folds : bool
        Whether it folds when a run starts.
    optional : bool
        Whether it begins folded, since an audit does without it.
    """

    key: str
    title: str
    short: str
    make: Callable[[AuditSession, Start], W.Widget]
    stands: Callable[[AuditSession], Standing]
    folds: bool = True
    optional: bool = False


@dataclass(frozen=True)
class TabSection:
    """A tab of the answer.

    Attributes
    ----------
    key : str
        Its part of the page's address, after ``#``.
    title : str
    make : callable (AuditSession) -> Widget
    shown : callable (AuditReport) -> bool
        Whether there is such a tab for a report.
    waits : callable (AuditReport) -> bool
        Whether some of it is still being measured.
    """

    key: str
    title: str
    make: Callable[[AuditSession], W.Widget]
    shown: Callable[[wb.AuditReport], bool] = lambda report: True
    waits: Callable[[wb.AuditReport], bool] = lambda report: False


STEPS = (
    StepSection("data", "Data and model", "Data", DataModelLoader, step_states.data_stands),
    StepSection(
        "graph",
        "What causes what",
        "Graph",
        lambda session, _: GraphEditor(session),
        step_states.graph_stands,
    ),
    StepSection(
        "target",
        "What should have been forgotten",
        "Target",
        lambda session, _: TargetPicker(session),
        step_states.target_stands,
    ),
    StepSection(
        "models",
        "Before, after and retrained",
        "Models",
        lambda session, _: ChangeModels(session),
        step_states.change_stands,
        optional=True,
    ),
    StepSection(
        "run",
        "Run the audit",
        "Run",
        lambda session, _: RunPanel(session),
        step_states.run_stands,
        folds=False,
    ),
)
"""The order matters: a component hears of a change before those after it."""


def _keys(place: Place) -> tuple[str, ...]:
    """Return the chapters of the checks that stand at a place of the report."""
    return tuple(check.key for check in CHECKS if check.place == place)


def _of_chapters(key: str, title: str, *keys: str) -> TabSection:
    return TabSection(
        key,
        title,
        lambda session: ChapterView(session, [_chapter(name) for name in keys]),
        lambda report: bool(chapters(report, *keys)),
        lambda report: any(check.key in keys for check in CHECKS if check.name in report.pending),
    )


def _chapter(key: str) -> Callable[[wb.AuditReport], tuple[Section, ...]]:
    return lambda report: chapters(report, key)


TABS = (
    _of_chapters("change", "Before and after", *_keys("first")),
    TabSection("effects", "Effects in numbers", lambda session: ChapterView(session, [the_rest])),
    _of_chapters("ways", "Ways", *_keys("next"), "ways"),
    TabSection(
        "others",
        "Other methods",
        ComparisonView,
        waits=lambda report: any(name in METHOD_BY_NAME for name in report.pending),
    ),
    _of_chapters("sure", "How sure", "sure", "overturn", *_keys("last")),
    TabSection("row", "What if", OneRow),
    TabSection("figures", "Figures to explore", InteractiveView),
    TabSection("evidence", "Meaning and evidence", ReportPanel),
)
