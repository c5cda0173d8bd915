"""Who asks, for whom, under which law, who audits and signs: the case that a report belongs to.

Somebody typed it so that it stands in the report. It changes no number, it is no part of any
fingerprint, and a dossier leaves it out.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from os import PathLike
from pathlib import Path
from typing import Annotated, Any

import msgspec

from workbench.common.errors import DataError, listed, suggestion
from workbench.common.limits import CASE_FIELD_CHARACTERS, CASE_FILE_BYTES, GRAPH_EDGES
from workbench.common.saved_values import Saved

__all__ = ["CASE_FIELDS", "CaseDetails", "CaseField", "case_details_of", "read_case_details"]

CaseText = Annotated[str, msgspec.Meta(max_length=int(CASE_FIELD_CHARACTERS))]
ARROW = "->"


@dataclass(frozen=True)
class CaseField:
    """A field of the case: its key in a file, and its name in a report."""

    key: str
    label: str


CASE_FIELDS = (
    CaseField("asked_by", "Asked by"),
    CaseField("asked_for", "Asked for"),
    CaseField("request", "Request"),
    CaseField("received", "Received"),
    CaseField("law", "Law"),
    CaseField("controller", "Controller"),
    CaseField("auditor", "Auditor"),
    CaseField("auditor_role", "Auditor’s role"),
    CaseField("model_name", "Model’s name"),
    CaseField("model_version", "Model’s version"),
    CaseField("graph_drawn_by", "Graph drawn by"),
    CaseField("signed_by", "To be signed by"),
)
"""Every field that is one text, in the order of a report."""


class CaseDetails(Saved, frozen=True):
    """What a file on the matter says of it; a field that nobody filled in is empty.

    Attributes
    ----------
    asked_by, asked_for : str
        Who asks, and whose data or interest it is about.
    request : str
        Which request: its number, or what was asked.
    received : str
        When it was received, as the file says it.
    law : str
        Under which law.
    controller, auditor, auditor_role : str
        Who answers for the model, who audits it, and as what.
    model_name, model_version : str
        What its owner calls the model.
    graph_drawn_by, signed_by : str
    arrows : dict of str to str
        Why an arrow stands in the graph, by the arrow: "income -> approved".

    Raises
    ------
    DataError
        When a text is too long, or what should be an arrow is none.

    Examples
    --------
    >>> CaseDetails(request="2026-114", law="GDPR art. 17").empty[:3]
    ('Asked by', 'Asked for', 'Received')
    """

    asked_by: CaseText = ""
    asked_for: CaseText = ""
    request: CaseText = ""
    received: CaseText = ""
    law: CaseText = ""
    controller: CaseText = ""
    auditor: CaseText = ""
    auditor_role: CaseText = ""
    model_name: CaseText = ""
    model_version: CaseText = ""
    graph_drawn_by: CaseText = ""
    signed_by: CaseText = ""
    arrows: Annotated[dict[str, CaseText], msgspec.Meta(max_length=int(GRAPH_EDGES))] = (
        msgspec.field(default_factory=dict)
    )

    def __post_init__(self) -> None:
        """Hold every text against its kind and its length."""
        texts = {field.key: getattr(self, field.key) for field in CASE_FIELDS}
        for key, text in {**texts, **self.arrows}.items():
            if not isinstance(text, str):
                raise DataError(
                    f"{key!r:.60} of the case is not text but {type(text).__name__}. Write it in "
                    f'quotes, as in law = "GDPR art. 17".'
                )
            if len(text) > CASE_FIELD_CHARACTERS:
                raise DataError(
                    f"{key!r:.60} of the case has {len(text):,} characters; at most "
                    f"{CASE_FIELD_CHARACTERS:,} are shown on a report's first page."
                )
        for arrow in self.arrows:
            _ends(arrow)

    @property
    def empty(self) -> tuple[str, ...]:
        """The names of the fields that nobody filled in."""
        return tuple(one.label for one in CASE_FIELDS if not getattr(self, one.key).strip())

    @property
    def notes(self) -> dict[tuple[str, str], str]:
        """Why an arrow stands in the graph, by its two ends."""
        return {_ends(arrow): note for arrow, note in self.arrows.items()}

    def check_arrows(self, edges: Collection[tuple[str, str]]) -> None:
        """Refuse a note on an arrow that the graph does not have.

        Raises
        ------
        DataError
            The message names the nearest arrow.
        """
        there = set(edges)
        for cause, effect in self.notes:
            if (cause, effect) not in there:
                known = [f"{one} {ARROW} {other}" for one, other in edges]
                arrow = f"{cause} {ARROW} {effect}"
                raise DataError(
                    f"The case explains the arrow {arrow!r:.120}, which the graph does not have."
                    f"{suggestion(arrow, known)}"
                )

    def with_arrows(self, notes: Mapping[tuple[str, str], str]) -> CaseDetails:
        """Return the case with what a graph says of its arrows, where the case itself does not.

        Parameters
        ----------
        notes : mapping of (str, str) to str
            Cause and effect, and why. An arrow that a case cannot write (a name holds ``->``) is
            left out.
        """
        stated, found = self.notes, dict(self.arrows)
        for ends, why in notes.items():
            arrow = f" {ARROW} ".join(ends)
            if ends not in stated and why and arrow.count(ARROW) == 1 and _ends(arrow) == ends:
                found[arrow] = why
        return msgspec.structs.replace(self, arrows=found)

    def to_toml(self) -> str:
        """Return the case as a file for :func:`workbench.read_case_details`, empty fields too."""
        lines = [f"{one.key} = {_quoted(getattr(self, one.key))}" for one in CASE_FIELDS]
        notes = [f"{_quoted(arrow)} = {_quoted(why)}" for arrow, why in self.arrows.items()]
        return "\n".join([*lines, "", "[arrows]", *notes]) + "\n"

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> CaseDetails:
        """Return a case from fields by their keys, as a file holds them.

        Raises
        ------
        DataError
            When a key is not known, or a field holds no text.
        """
        known = cls.__struct_fields__
        unknown = [key for key in fields if key not in known]
        if unknown:
            key = unknown[0]
            raise DataError(
                f"The case has no field {key!r:.60}.{suggestion(key, known)} Its fields are "
                f"{listed(known, limit=20)}."
            )
        if not isinstance(fields.get("arrows", {}), Mapping):
            raise DataError(
                "'arrows' of the case is a table: [arrows], and below it a line for each arrow, "
                "\"income -> approved\" = 'why it is there'."
            )
        values = {**fields, "arrows": dict(fields.get("arrows", {}))}
        if isinstance(values.get("received"), date):
            values["received"] = values["received"].isoformat()
        return cls(**values)


def _quoted(text: str) -> str:
    """Return a text as TOML and JSON both write it."""
    whole = text.encode("utf-8", "replace").decode("utf-8")  # half a character is in no file
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")


def _ends(arrow: str) -> tuple[str, str]:
    """Return the two ends of an arrow as it is written in a case."""
    cause, sign, effect = arrow.partition(ARROW)
    if not (sign and cause.strip() and effect.strip()):
        raise DataError(
            f"{arrow!r:.120} under 'arrows' of the case is not an arrow. Write cause {ARROW} "
            f"effect, as in 'income {ARROW} approved'."
        )
    return cause.strip(), effect.strip()


def read_case_details(path: str | PathLike[str]) -> CaseDetails:
    """Read who asks, for whom, under which law and so on from a TOML file.

    Parameters
    ----------
    path : str or path
        A file of lines such as ``law = "GDPR art. 17"``; any field may be left out. A table
        ``[arrows]`` says why each arrow of the graph is there.

    Returns
    -------
    CaseDetails

    Raises
    ------
    DataError
        When the file cannot be read, is not TOML, is too large, or has a field that is not known.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "case.toml")
    ...     _ = file.write_text('law = "GDPR art. 17"')
    ...     read_case_details(file).law
    'GDPR art. 17'
    """
    try:
        with Path(path).open("rb") as stream:
            content = stream.read(CASE_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"Cannot read {str(path)!r}: {reason}.") from None
    return case_details_of(content, str(path))


def case_details_of(content: bytes, name: str) -> CaseDetails:
    """Read a case from the bytes of a file; errors name the file.

    Raises
    ------
    DataError
        As for :func:`read_case_details`.
    """
    if len(content) > CASE_FILE_BYTES:
        raise DataError(
            f"{name!r} has more than {CASE_FILE_BYTES:,} bytes; a case file is a page of text."
        )
    try:
        fields = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise DataError(f"{name!r} is not text in UTF-8. Save it as UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DataError(
            f"{name!r} is not TOML: {error!s:.200}. A line of a case file is written "
            f'law = "GDPR art. 17".'
        ) from None
    return CaseDetails.of(fields)
