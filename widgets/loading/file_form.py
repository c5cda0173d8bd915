"""What has to be asked of a model file: the file, and the class that is meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ipywidgets as W

import workbench as wb
from widgets.loading.class_choice import ClassChoice
from widgets.loading.sources import Table
from widgets.parts import markup
from widgets.parts.file_picker import FilePicker
from workbench.case.model_sources import ModelFile
from workbench.common.errors import ModelError
from workbench.common.limits import UPLOAD_BYTES
from workbench.models.answers import ClassNotNamedError, class_named
from workbench.models.files.skops_files import ENDINGS

__all__ = ["FileForm", "FoundModel", "found_in"]


def _model_files(files: Sequence[tuple[str, bytes]]) -> list[ModelFile]:
    return [ModelFile(name, content) for name, content in files]


@dataclass(frozen=True, eq=False)
class FoundModel:
    """What a model file holds.

    Attributes
    ----------
    file : ModelFile
        With the class that is meant, where it is known.
    model : BlackBoxModel or None
        None while a class has to be named first.
    classes : tuple
    """

    file: ModelFile
    model: wb.BlackBoxModel | None
    classes: tuple[Any, ...] = ()


def found_in(file: ModelFile, prefer: Any = None) -> FoundModel:
    """Read a model file, or find out which classes one has to be named of.

    Parameters
    ----------
    prefer : object, optional
        The class to ask about, where nobody named one and the model has it.

    Raises
    ------
    UntrustedModelError, ModelError
        It could run code when opened, or it holds no model.
    """
    try:
        model: wb.BlackBoxModel | None = file.read()[0]
        classes = () if model is None else model.classes
    except ClassNotNamedError as error:
        model, classes = None, error.classes
    wanted = file.positive is None and prefer is not None
    other = model is None or str(model.audited_class) != str(prefer)
    if wanted and other and class_named(classes, prefer) is not None:
        named = replace(file, positive=str(prefer))
        return FoundModel(named, named.read()[0], classes)
    return FoundModel(file, model, classes)


class FileForm(W.VBox):
    """Asks for a model file.

    Parameters
    ----------
    chosen : callable (ModelFile) -> None
        Reads the file, in the background, and then calls :meth:`show`.
    said : callable (str) -> None
    several : callable (sequence of ModelFile) -> None, optional
        Gets files that were chosen at once; without it one file is chosen at a time.
    """

    action = "Use this model"

    def __init__(
        self,
        chosen: Callable[[ModelFile], None],
        said: Callable[[str], None],
        several: Callable[[Sequence[ModelFile]], None] | None = None,
    ) -> None:
        self._chosen = chosen
        self._file: ModelFile | None = None
        self._model: wb.BlackBoxModel | None = None
        self._picker = FilePicker(
            f"Model file (skops, ONNX, XGBoost or LightGBM), at most {UPLOAD_BYTES / 1e6:,.0f} MB",
            ",".join(ENDINGS),
            UPLOAD_BYTES,
            lambda name, content: self._read(ModelFile(name, content)),
            said,
            several=None if several is None else lambda files: several(_model_files(files)),
            advice="Serve it behind an address instead, or audit its logged predictions.",
        )
        self._class = ClassChoice(self._again)
        self._answer = W.HTML()
        hint = markup.paragraph(
            "A scikit-learn model saved by skops.io.dump(model, 'model.skops'), an ONNX file, or "
            "what save_model of XGBoost (.json, .ubj) or LightGBM (.txt) wrote. "
            "Pickle files are refused: opening one runs whatever code its author put into it.",
            "wb-muted",
        )
        super().__init__([W.HTML(hint), self._picker, self._answer, self._class])

    def offer(self, table: Table) -> None:
        """Nothing here depends on the table."""

    @property
    def ready(self) -> bool:
        """Whether a file has been read, and its class is known where it has several."""
        return self._model is not None and self._class.settled

    @property
    def reads(self) -> tuple[str, ...] | None:
        """The columns that the file says it reads; None when it does not say."""
        return None if self._model is None else self._model.features

    def source(self) -> ModelFile:
        """Return what was chosen.

        Raises
        ------
        ModelError
            No file has been read, or its class is not named.
        """
        if self._file is None or not self.ready:
            raise ModelError(self._lacking())
        return self._file

    def show(self, found: FoundModel) -> str:
        """Say what the file holds, ask for its class; return what is next, in words."""
        self._file, self._model = found.file, found.model
        named = found.file.positive
        self._class.offer(found.classes, named)
        terms = {"Model": found.file.name}
        if found.model is not None:
            terms["Model"] = f"{found.model.name}, from {found.file.name}"
            if found.model.features is not None:
                terms["Reads"] = ", ".join(found.model.features)
        self._answer.value = markup.figure_note(terms)
        return "The model file is read." if self.ready else self._lacking()

    def advise(self, words: str) -> str:
        """Return the words of a failure."""
        return words

    def _lacking(self) -> str:
        if self._file is None or self._class.settled:
            return "Choose a model file first."
        return "The model file is read. Choose the class whose probability is audited."

    def _again(self) -> None:
        if self._file is not None and self._class.label is not None:
            self._read(replace(self._file, positive=self._class.label), keep=True)

    def _read(self, file: ModelFile, keep: bool = False) -> None:
        self._file, self._model, self._answer.value = file, None, ""
        if not keep:
            self._class.offer(())
        self._chosen(file)
