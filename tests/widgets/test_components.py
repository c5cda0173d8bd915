"""What holds for every component of the interface."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import ipywidgets as W
import pytest

import widgets

MEANT = {"__init__", "_repr_mimebundle_"}
"""Names of ipywidgets and anywidget that a component gives a meaning of its own."""


def components() -> Iterator[type[W.Widget]]:
    seen = set()
    for found in pkgutil.walk_packages(widgets.__path__, "widgets."):
        for value in vars(importlib.import_module(found.name)).values():
            if not (isinstance(value, type) and issubclass(value, W.Widget)):
                continue
            if value.__module__.startswith("widgets.") and value not in seen:
                seen.add(value)
                yield value


@pytest.mark.parametrize("component", list(components()), ids=lambda c: c.__name__)
def test_no_component_takes_a_name_that_its_library_uses(component: type[W.Widget]) -> None:
    # ipywidgets compares and shows a widget by methods of its own: hidden, the page fails.
    libraries = [base for base in component.__mro__ if not base.__module__.startswith("widgets.")]
    used = {name for base in libraries if base is not object for name in vars(base)}
    own = {
        name
        for base in component.__mro__
        if base not in libraries
        for name, value in vars(base).items()
        if inspect.isfunction(value)
    }
    assert (own & used) - MEANT == set()
