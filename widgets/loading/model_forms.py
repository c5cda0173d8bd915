"""What has to be asked for a model behind an address, or known by a column of its answers."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as W

from widgets.loading.sources import Table, likely_predictions
from widgets.parts import markup
from widgets.parts.disclosure import Disclosure
from widgets.parts.secret_field import SecretField
from workbench.case.model_sources import Endpoint, LoggedColumn
from workbench.common.errors import ModelError, listed
from workbench.common.limits import OUTPUT_NAME_CHARACTERS

__all__ = ["ColumnForm", "EndpointForm"]

PROTOCOLS = {
    "Open Inference Protocol, version 2": "open-inference",
    "MLflow (…/invocations)": "mlflow",
}


class EndpointForm(W.VBox):
    """Asks for the address of a model that answers over HTTP.

    Parameters
    ----------
    changed : callable () -> None
    """

    action = "Ask this model and use it"
    ready = True  # unless this server allows no address
    reads: tuple[str, ...] | None = None

    def __init__(self, changed: Callable[[], None]) -> None:
        self._notice = W.HTML()
        self._url = W.Text(
            description="Address of the model",
            placeholder="https://models.example.org/v2/models/loan",
            continuous_update=False,
        )
        self._protocol = W.Dropdown(options=list(PROTOCOLS.items()), description="Protocol")
        self._token = SecretField(
            "Bearer token, if it needs one",
            "Sent to this address only. It is not saved with the page, the report or its code.",
        )
        self._output = W.Text(description="Name of the output to audit", placeholder="the only one")
        self._class = W.Text(
            description="Class whose probability is audited", placeholder="the second of two"
        )
        for control in (self._url, self._protocol, self._output, self._class):
            control.add_class("wb-field")
            control.observe(lambda _: changed(), "value")
        self._more = Disclosure(
            "If it answers with several outputs or classes", W.VBox([self._output, self._class])
        )
        self._more.add_class("wb-field-more")
        self._fields = W.VBox([self._url, self._protocol, self._token, self._more])
        super().__init__([self._notice, self._fields])

    def offer(self, table: Table) -> None:
        """Say which addresses this server allows, and what asking means."""
        from workbench.models.endpoint.endpoint import allowed_endpoints

        allowed = allowed_endpoints()
        self.ready = allowed != ()
        self._fields.layout.display = "" if self.ready else "none"
        said = (
            f"The model is asked about all {len(table.data):,} rows once, and an audit asks it "
            f"several times as many. Mind what a question costs you."
        )
        if allowed is None:
            self._notice.value = markup.paragraph(said, "wb-muted")
        elif not allowed:
            self._notice.value = markup.notice(
                "This server allows no addresses of models. Whoever runs it can allow one: "
                "cafe-workbench serve --endpoint https://models.example.org/. Meanwhile, bring "
                "the model as a file, or its predictions as a column of a table.",
                "warning",
            )
        else:
            listing = "Addresses that this server allows begin with:"
            self._notice.value = (
                markup.paragraph(said, "wb-muted")
                + markup.paragraph(listing)
                + markup.bullets(allowed)
            )
            if len(allowed) == 1 and not self._url.value:
                self._url.value = allowed[0]

    def source(self) -> Endpoint:
        """Return what was chosen.

        Raises
        ------
        ModelError
            The token, or a name, cannot be used. The address is looked at when it is asked.
        """
        output, positive = (str(w.value).strip() for w in (self._output, self._class))
        if max(len(output), len(positive)) > OUTPUT_NAME_CHARACTERS:
            raise ModelError(
                f"An output's or class's name has at most {OUTPUT_NAME_CHARACTERS} characters."
            )
        return Endpoint(
            str(self._url.value).strip(),
            self._protocol.value,
            output or None,
            positive or None,
            self._token.secret(),
        )

    def advise(self, words: str) -> str:
        """Return the words of a failure with what to do here."""
        words = words.replace(", or give it more time with timeout=", "")  # no field asks for it
        if "headers=" in words:
            return f"{words} Type the token into its field above."
        if "output=" in words or "positive=" in words:
            self._more.opened = True
            return f"{words} Write it into its field above."
        return words

    def forget(self) -> None:
        """Forget the token."""
        self._token.forget()


class ColumnForm(W.VBox):
    """Asks which column of the table holds logged predictions.

    Parameters
    ----------
    changed : callable () -> None
    """

    action = "Use these predictions"
    reads: tuple[str, ...] | None = None

    def __init__(self, changed: Callable[[], None]) -> None:
        self._hint = W.HTML()
        self._column = W.Dropdown(options=[], description="Column of logged predictions")
        self._column.add_class("wb-field")
        self._column.observe(lambda _: changed(), "value")
        super().__init__([self._hint, self._column])

    def offer(self, table: Table) -> None:
        """Offer the table's numbers."""
        names = likely_predictions(table)
        self._column.options = [(name, name) for name in names]
        self._column.value = names[0] if names else None
        self._column.layout.display = "" if names else "none"
        said = (
            "One prediction per row, as the model gave it. Nothing can be asked of it again, so "
            "the audit rests on CAFÉ's regressions alone."
        )
        if not names:
            said = (
                f"None of the columns {listed(table.data.columns, 6)} holds numbers, so none can "
                f"hold predictions. Choose another table or another way to bring the model."
            )
        elif table.is_sample:
            said += " A sample holds no predictions; any of its numbers can stand in for them."
        self._hint.value = markup.paragraph(said, "wb-muted")

    @property
    def ready(self) -> bool:
        """Whether there is a column to choose."""
        return self._column.value is not None

    def source(self) -> LoggedColumn:
        """Return what was chosen."""
        return LoggedColumn(str(self._column.value))

    def advise(self, words: str) -> str:
        """Return the words of a failure."""
        return words
