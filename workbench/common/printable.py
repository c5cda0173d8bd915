"""Text without what a terminal obeys or what turns a line around: names come from strangers."""

from __future__ import annotations

import re

__all__ = ["OBEYED", "printable"]

OBEYED = re.compile("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, ends of lines, marks of direction, and halves of a character."""


def printable(text: str, keep: str = "", mark: str = "?") -> str:
    """Return a text that shows, wherever it is shown, what it says.

    Parameters
    ----------
    text : str
    keep : str
        What may stand nevertheless: ends of lines in a text of several.
    mark : str
        What stands in place of the rest.

    Examples
    --------
    >>> printable("age" + chr(27) + "[31m"), printable("age" + chr(10) + "bmi", mark=" ")
    ('age?[31m', 'age bmi')
    """
    return OBEYED.sub(lambda found: found[0] if found[0] in keep else mark, text)
