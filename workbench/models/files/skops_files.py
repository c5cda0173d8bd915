"""A model read from a file that somebody brought: skops with reviewed types, or ONNX.

Opening a pickle runs whatever its author put into it; a skops file is a zip of arrays and of the
names of types, which are compared with a list before anything is built; an ONNX file is a graph of
standard operators, see :mod:`files.onnx_files` (``interface.md``, "A model brought by a user").
"""

from __future__ import annotations

import os
import re
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from workbench.common.errors import ModelError, UntrustedModelError, listed
from workbench.common.limits import SKOPS_BYTES, SKOPS_PARTS, SKOPS_SCHEMA_BYTES
from workbench.common.trial import tried
from workbench.models.answers import class_named
from workbench.models.black_box import BlackBoxModel
from workbench.models.estimators import asked_estimator, read_features
from workbench.models.files.boosted_files import BOOSTED, parse_boosted
from workbench.models.files.onnx_checks import not_survived
from workbench.models.files.onnx_files import onnx_classes, parse_onnx
from workbench.models.files.part_checks import check_parts
from workbench.models.files.reviewed_types import REVIEWED_TYPES

__all__ = ["ModelFileWarning", "model_classes", "parse_model", "read_model"]

ENDINGS = (".skops", ".onnx", *BOOSTED)
TRIAL = Path(__file__).with_name("trial_skops.py")
PICKLES = (".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle")

_WEIGHTS = (
    "It holds a network's weights, and the network itself is code: build and load it in Python, "
    "and wrap it in a function, wb.BlackBoxModel(function, features=[…]); or export it to ONNX."
)
ELSEWHERE = {
    ".cbm": (
        "Load it in Python: wb.BlackBoxModel.wrap(catboost.CatBoost().load_model(path)); a "
        "classifier by catboost.CatBoostClassifier()."
    ),
    **dict.fromkeys((".pt", ".pth", ".safetensors", ".h5", ".keras"), _WEIGHTS),
    ".pmml": "Export the model to ONNX.",
}
"""What to do with a model file of another kind."""


class ModelFileWarning(UserWarning):
    """Something about a model file that the auditor should know."""


def read_model(
    path: str | os.PathLike[str],
    *,
    trusted: Sequence[str] = (),
    features: Sequence[str] | None = None,
    positive: Any = None,
) -> BlackBoxModel:
    """Read a model from a file of skops, ONNX, XGBoost or LightGBM.

    Parameters
    ----------
    path : path
        A scikit-learn model that ``skops.io.dump(model, path)`` wrote, in a file that ends in
        .skops; any model exported to ONNX, in one that ends in .onnx; or what ``save_model`` of
        XGBoost wrote to one that ends in .json or .ubj, or that of LightGBM to one in .txt.
    trusted : sequence of str
        Full names of further types in a skops file that you have reviewed: building one runs its
        code.
    features, positive
        See `parse_model`.

    Returns
    -------
    BlackBoxModel

    Warns
    -----
    ModelFileWarning
        Once, when the model was written by another version of scikit-learn.

    Raises
    ------
    UntrustedModelError
        The file could run code when opened: a pickle, or types that nobody has reviewed.
    ModelError
        The file cannot be read, is damaged or too large, or holds no fitted model.
    MissingPackageError
        ONNX files need onnx and onnxruntime.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> import skops.io
    >>> from sklearn.linear_model import LinearRegression
    >>> frame = pd.DataFrame({"age": [20.0, 30.0, 50.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "model.skops")
    ...     skops.io.dump(LinearRegression().fit(frame, [2.0, 3.0, 5.0]), file)
    ...     read_model(file)
    BlackBoxModel('LinearRegression', reads: age)
    """
    name, content = _content(path)
    allowed = (trusted,) if isinstance(trusted, str) else tuple(trusted)
    return _parsed(content, name, allowed, features, positive)


def parse_model(
    content: bytes, name: str, *, features: Sequence[str] | None = None, positive: Any = None
) -> BlackBoxModel:
    """Read a model from the content of a file, for instance one that was uploaded.

    Parameters
    ----------
    content : bytes
    name : str
        The file's name: its ending says the kind, and the content must agree.
    features : sequence of str, optional
        The columns the model reads, in the order in which it was trained on them, where the file
        does not say.
    positive : object, optional
        The class whose probability is audited, as itself or as text. By default the second of two.

    Returns
    -------
    BlackBoxModel
        Its `features` are None when neither the file nor `features` says them.

    Raises
    ------
    UntrustedModelError, ModelError, MissingPackageError
        See `read_model`.
    """
    _check_kind(name)
    return _parsed(content, name, (), features, positive)


def model_classes(path: str | os.PathLike[str]) -> tuple[Any, ...]:
    """Return the classes of the classifier in a file.

    Raises
    ------
    UntrustedModelError, ModelError, MissingPackageError
        See `read_model`; also where the model has no classes.
    """
    name, content = _content(path)
    found: tuple[Any, ...] | None
    if PurePath(name).suffix.lower() == ".onnx":
        found = onnx_classes(content, name)
    elif read := BOOSTED.get(PurePath(name).suffix.lower()):
        found = asked_estimator(read(content, name)).classes
    else:
        try:
            found = asked_estimator(_build(name, content, ())).classes
        except (AttributeError, TypeError):
            found = None
    if not found:
        raise ModelError(f"{name!r} does not say that it has classes. Leave positive out.")
    return found


def _content(path: str | os.PathLike[str]) -> tuple[str, bytes]:
    file = Path(path)
    _check_kind(file.name)
    try:
        with file.open("rb") as stream:
            return file.name, stream.read(SKOPS_BYTES + 1)
    except OSError as error:
        raise ModelError(f"Cannot read {str(file)!r}: {error.strerror}.") from None


def _check_kind(name: str) -> None:
    path = PurePath(name)
    if path.suffix.lower() in PICKLES:
        raise UntrustedModelError(f"{name!r} was not opened. {_no_pickle()}")
    if path.suffix.lower() not in ENDINGS:
        instead = ELSEWHERE.get(
            path.suffix.lower(), f"Write one with skops.io.dump(model, '{path.stem}.skops')."
        )
        raise ModelError(
            f"{name!r} is not a kind of model file that can be read: its name must end in .skops "
            f"or .onnx, in .json or .ubj for a model of XGBoost, in .txt for one of LightGBM. "
            f"{instead}"
        )


def _parsed(
    content: bytes,
    name: str,
    trusted: Sequence[str],
    features: Sequence[str] | None,
    positive: Any,
) -> BlackBoxModel:
    if len(content) > SKOPS_BYTES:
        raise ModelError(
            f"{name!r} holds more than {SKOPS_BYTES / 1e9:g} GB, too much for a model here."
        )
    if PurePath(name).suffix.lower() == ".onnx":
        return parse_onnx(content, name, features=features, positive=positive)
    if PurePath(name).suffix.lower() in BOOSTED:
        return parse_boosted(content, name, features=features, positive=positive)
    estimator = _build(name, content, trusted)
    if not hasattr(estimator, "predict"):
        raise ModelError(
            f"{name!r} holds a {type(estimator).__name__}, which predicts nothing. Save the "
            f"fitted model itself: skops.io.dump(model, {name!r})."
        )
    try:
        known = read_features(estimator)
        if known and features is not None and set(known) != set(features):
            raise ModelError(
                f"The model says it reads {listed(known)}, but {listed(features)} are given. Give "
                f"features only when the file, here {name!r}, cannot say."
            )
        return BlackBoxModel.from_estimator(
            estimator, known or features, positive=_own_class(estimator, positive)
        )
    except ModelError:
        raise
    except Exception as error:  # attributes that no fitted model has
        raise ModelError(
            f"{name!r} holds a {type(estimator).__name__} that is not as fitting leaves it "
            f"({type(error).__name__}: {str(error)[:100]}). Write it again with skops.io.dump."
        ) from None


def _no_pickle() -> str:
    return (
        "Opening a pickle (pickle, joblib, dill) runs whatever code its author put into it. Ask "
        "the model's owner for a skops file, written by skops.io.dump(model, 'model.skops')."
    )


def _build(name: str, content: bytes, trusted: Sequence[str]) -> Any:
    """Compare the file's types with the list, then build the object."""
    import skops.io
    from sklearn.exceptions import InconsistentVersionWarning

    _check_archive(name, content)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = skops.io.get_untrusted_types(data=content)
            unknown = [kind for kind in found if kind not in {*REVIEWED_TYPES, *trusted}]
            if unknown:
                raise _unreviewed(name, unknown)
            estimator = skops.io.loads(content, trusted=found)
            check_parts(estimator, name)
        except UntrustedModelError:
            raise
        except Exception as error:  # what a damaged or forged file raises is endless
            raise ModelError(
                f"{name!r} cannot be read as a model: {type(error).__name__}: "
                f"{str(error)[:200] or 'damaged'}. Write it again with skops.io.dump, with "
                f"scikit-learn {_version()} if you can."
            ) from None
    stated = [w.message for w in caught if isinstance(w.message, InconsistentVersionWarning)]
    versions = sorted({str(warning.original_sklearn_version) for warning in stated})
    if versions:
        warnings.warn(
            f"{name!r} was written by scikit-learn {', '.join(versions)} and read by {_version()}. "
            f"Its predictions may differ from those it gave there; compare some.",
            ModelFileWarning,
            stacklevel=4,
        )
    return estimator


def _check_archive(name: str, content: bytes) -> None:
    """Refuse what is no skops archive, and what would unpack to more than fits."""
    import io

    if content[:1] == b"\x80" or content[:2] in (b"\x1f\x8b", b"BZ"):
        raise UntrustedModelError(
            f"{name!r} is named like a skops file but is a pickle or another compressed file, and "
            f"was not opened. {_no_pickle()}"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise ModelError(
            f"{name!r} is not a skops file, or only a part of one: it is not a zip archive. Copy "
            f"it again, or write it again with skops.io.dump(model, {name!r})."
        ) from None
    schema = [part.file_size for part in parts if part.filename == "schema.json"]
    if not schema:
        raise ModelError(f"{name!r} is a zip archive, but no skops file: it has no schema.json.")
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > SKOPS_PARTS or unpacked > SKOPS_BYTES or max(schema) > SKOPS_SCHEMA_BYTES:
        raise ModelError(
            f"{name!r} would unpack to {len(parts):,} files of {unpacked / 1e9:,.1f} GB together, "
            f"more than a model here may hold ({SKOPS_PARTS:,} files, {SKOPS_BYTES / 1e9:g} GB). "
            f"It was not opened."
        )
    if (ending := tried(TRIAL, content)) != "fine":
        raise not_survived(name, ending)


def _unreviewed(name: str, unknown: Sequence[str]) -> UntrustedModelError:
    # A name in the file is text from outside: it is shown without what could pass for more.
    shown = [re.sub(r"[^\w.<>\[\]-]", "?", kind)[:120] for kind in unknown]
    return UntrustedModelError(
        f"{name!r} was not opened: it holds types that nobody here has reviewed: {listed(shown)}. "
        f"Whoever has reviewed them, and where the file comes from, can allow them in Python: "
        f"workbench.models.files.skops_files.read_model({name!r}, trusted={shown[:12]!r})."
    )


def _own_class(estimator: Any, positive: Any) -> Any:
    """Return the class that `positive` names, also when it is given as text."""
    classes = getattr(estimator, "classes_", None)
    if positive is None or classes is None:
        return positive
    labels = [label.item() if hasattr(label, "item") else label for label in classes]
    if positive in labels:
        return positive
    same = class_named(labels, positive)
    return positive if same is None else same


def _version() -> str:
    import sklearn

    return str(sklearn.__version__)
