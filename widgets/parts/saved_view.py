"""What a component leaves in a saved notebook: HTML that says something true without widgets."""

from __future__ import annotations

from typing import Any

__all__ = ["SavedView"]


class SavedView:
    """Adds ``text/html`` beside the widget in a cell's output; put it before the widget's class.

    A live page shows the widget. GitHub, nbviewer and a notebook reopened without its widgets show
    the HTML, as it was when the cell ran.

    Examples
    --------
    >>> class Bare:
    ...     def _repr_mimebundle_(self, **_):
    ...         return {"text/plain": "Bare()"}
    >>> class Said(SavedView, Bare):
    ...     def static_html(self):
    ...         return "<p>+0.02</p>"
    >>> Said()._repr_mimebundle_()
    {'text/plain': 'Bare()', 'text/html': '<p>+0.02</p>'}
    """

    def static_html(self) -> str:
        """Return what the component shows now, as HTML without script; "" for nothing."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)  # type: ignore[misc]
        try:
            html = self.static_html()
        except Exception:  # the widget itself must still be shown
            html = ""
        if not html or bundle is None:
            return bundle
        # anywidget returns data and metadata, ipywidgets the data alone.
        if isinstance(bundle, tuple):
            data, metadata = bundle
            return {**data, "text/html": html}, metadata
        return {**bundle, "text/html": html}
