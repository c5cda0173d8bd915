"""Whether the form of the equations holds: what they leave unexplained, against its error."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FormTest"]

DOUBTED = 3.0
"""A correction of so many standard errors says that the equations' form is wrong."""


@dataclass(frozen=True)
class FormTest:
    """What a regression finds in the predictions that the simulator does not explain.

    Attributes
    ----------
    correction : float
        δ: what this adds to the total effect, in the unit of the prediction.
    standard_error : float
        s, its standard error.
    weight : float
        λ: the share of the correction that was taken.
    missed : float
        By how much the total effect may still be off, as one standard error of it, since
        confounders act in a way that the equations do not follow; 0 where nothing of the kind was
        noticed.
    """

    correction: float
    standard_error: float
    weight: float
    missed: float = 0.0

    @property
    def ratio(self) -> float:
        """|δ| / s: about 1 where the form is right."""
        return abs(self.correction) / self.standard_error if self.standard_error > 0 else 0.0

    @property
    def holds(self) -> bool:
        """Whether paths and the pure indirect effect, which no data can correct, may be used."""
        return self.ratio <= DOUBTED and not self.misfits

    @property
    def misfits(self) -> bool:
        """Whether more may be missed than chance alone could hide.

        What is less is carried by the total's interval and by the claims, and nothing more is said
        of it: a noticed trifle is no reason to withhold a path.
        """
        return self.missed > self.standard_error
