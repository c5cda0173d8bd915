"""Models from the files of boosting libraries: one line for each kind of file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from workbench.common.errors import ModelError, listed
from workbench.models.black_box import BlackBoxModel
from workbench.models.estimators import asked_estimator
from workbench.models.files.lightgbm_files import lightgbm_booster
from workbench.models.files.xgboost_files import xgboost_booster

__all__ = ["BOOSTED", "parse_boosted"]

BOOSTED: Mapping[str, Callable[[bytes, str], Any]] = {
    ".json": xgboost_booster,
    ".ubj": xgboost_booster,
    ".txt": lightgbm_booster,
}
"""By the end of a file's name, what returns a checked booster."""


def parse_boosted(
    content: bytes, name: str, *, features: Sequence[str] | None = None, positive: Any = None
) -> BlackBoxModel:
    """Read a model from the content of a file that ``Booster.save_model`` wrote.

    Parameters
    ----------
    content : bytes
    name : str
        The file's name: its end says the library, and it is the model's name in reports.
    features, positive
        As for :func:`workbench.read_model`.

    Raises
    ------
    UntrustedModelError
        An index points outside its tree.
    ModelError
        It is no such file, or holds what is not read here: categories, other kinds of booster.
    MissingPackageError
        The library is not installed.
    """
    booster = BOOSTED[PurePath(name).suffix.lower()](content, name)
    try:
        own = None if positive is None else int(positive)
    except (TypeError, ValueError):
        raise ModelError(
            f"{name!r} knows its classes by number, from 0, and not {positive!r}."
        ) from None
    known = asked_estimator(booster).features
    if known and features is not None and set(known) != set(features):
        raise ModelError(f"{name!r} reads {listed(known)}, but {listed(features)} are given.")
    return BlackBoxModel.from_estimator(
        booster, known or features, positive=own, name=PurePath(name).name
    )
