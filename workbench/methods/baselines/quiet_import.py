"""Import an optional package without the noise that its import makes."""

from __future__ import annotations

import importlib
import logging
import threading
import warnings
from types import ModuleType

from workbench.common.errors import MissingPackageError

__all__ = ["quiet_import"]


def quiet_import(module: str) -> ModuleType:
    """Import a module of an optional package, and let nothing of that reach the user.

    Packages log to the root logger on import, which prints and installs a handler when there is
    none yet, and add filters for warnings. All of it is held back; records that other threads log
    meanwhile get through.

    Raises
    ------
    MissingPackageError
        When the package is not installed.
    """
    importing = threading.get_ident()

    def from_elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != importing

    # With a handler in place logging.warning() does not install one of its own.
    placeholder = logging.NullHandler()
    logging.root.addHandler(placeholder)
    logging.root.addFilter(from_elsewhere)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingPackageError(
            f"This baseline needs the package {package!r}, which cannot be imported ({error}). "
            f'Install it: pip install "cafe-workbench[baselines]"'
        ) from error
    finally:
        logging.root.removeFilter(from_elsewhere)
        logging.root.removeHandler(placeholder)
