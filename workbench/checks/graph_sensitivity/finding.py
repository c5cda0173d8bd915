"""How a finding depends on the graph, in numbers and in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import scipy

from workbench.checks.graph_sensitivity.hidden_confounder import Confounding
from workbench.checks.verdict import Decision
from workbench.common.wording import listing, rate, share

__all__ = ["DECISIONS", "EQUIVALENT", "MOST_EQUIVALENT", "GraphSensitivity", "share_of_flips"]

EQUIVALENT = "that no data could tell from the drawn one"
MOST_EQUIVALENT = 100
"""Markov-equivalent graphs that are looked at."""
DECISIONS = {
    "above": "above the threshold",
    "below": "below the threshold",
    "inconclusive": "inconclusive",
}
CLEAR = 0.1
"""With thousands of rows, much smaller correlations are told from zero, and matter little."""


@dataclass(frozen=True, eq=False)
class GraphSensitivity:
    """How the finding depends on the graph.

    Attributes
    ----------
    decision : {"below", "above", "inconclusive"}
        The verdict with the graph as drawn: the audit's own, or about one change on average.
    threshold : float
        τ, in the unit of the prediction.
    alpha : float
        Error rate of the verdicts, and of rejecting any true independence.
    implications : DataFrame
        x, y, given, p_value (after Holm's correction), correlation (the largest canonical one
        that is left), rejected: independences that the graph claims.
    edits : DataFrame
        edit (in words), kind ("add", "remove", "reverse"), decision, total (of the feature that
        moved most), change (from the drawn graph's), flips; what flips with the least change of
        the effect stands first.
    shares : DataFrame
        graphs (which kind), n, flipped, share, low, high (Wilson; of the listed equivalent
        graphs it says nothing), unidentified.
    confounding : tuple of Confounding
    about : str
        The one change that other graphs were tried on, or that their numbers are about, in words;
        "" in reports of earlier versions.
    corrected : bool
        Whether the decision is that of the debiased estimate, moved by what CAFÉ says that another
        graph changes; else it is CAFÉ's own.
    scope : {"", "levels", "named", "change"}
        What the audit's finding that was tried covers; "" where only one change was tried.
    """

    decision: Decision
    threshold: float
    alpha: float
    implications: pd.DataFrame
    edits: pd.DataFrame
    shares: pd.DataFrame
    confounding: tuple[Confounding, ...]
    about: str = ""
    corrected: bool = False
    scope: Literal["", "levels", "named", "change"] = ""

    @property
    def level(self) -> float:
        """Coverage of each interval."""
        return 1 - self.alpha

    @property
    def headline(self) -> str:
        """How many graphs with one other arrow change the finding."""
        return self._edited()

    def to_frame(self) -> pd.DataFrame:
        """Return the shares of other graphs that change the finding; see `shares`."""
        return self.shares

    def sentences(self) -> tuple[str, ...]:
        """Say the findings in words."""
        return (
            self.implied,
            *self._tried(),
            self._edited(),
            *self._perturbed(),
            *(found.sentence() for found in self.confounding),
        )

    def _tried(self) -> Iterator[str]:
        """Say what other graphs were tried on, and what they say nothing of."""
        if not self.about:
            return
        by = (
            "the debiased estimate, moved by what a linear regression says that the graph changes"
            if self.corrected
            else "CAFÉ with linear terms"
        )
        if self.scope:
            over = {"levels": "over all levels tested", "named": "over the levels named"}
            covers = over.get(self.scope, f"for the one change tested ({self.about})")
            yield (
                f"Other graphs are tried on the whole finding ({DECISIONS[self.decision]} as "
                f"drawn): total and indirect effects {covers}, on average and in groups, are "
                f"moved by what a linear regression says that the graph changes, with intervals of "
                f"the same width. Taken as they are: direct effects, sizes of effects at single "
                f"rows, effects of several features set together, and paths as long as the other "
                f"graph has all their arrows. The effects named beside single arrows and hidden "
                f"causes are of one change ({self.about})."
            )
            return
        yield (
            f"Other graphs are tried on one change, on average ({self.about}), by {by}: "
            f"{DECISIONS[self.decision]} as drawn. What the verdict says of other levels, of "
            f"single people and of groups is not tried under them; where the model can be asked, "
            f"a direct effect is its answer, and no graph changes it."
        )

    @property
    def _finding(self) -> str:
        return "the finding about this change" if self.about and not self.scope else "the finding"

    @property
    def implied(self) -> str:
        """Whether the data contradict independences that the graph claims."""
        if self.implications.empty:
            return "The graph claims no independence that the data could contradict."
        wrong = self.implications[self.implications["rejected"]]
        n = len(self.implications)
        if wrong.empty:
            return f"The data contradict none of the {n} independences that the graph claims."
        worst = wrong.iloc[0]
        given = f" given {listing(worst['given'])}" if worst["given"] else ""
        clearly = int((wrong["correlation"] > CLEAR).sum())
        many = "all" if 1 < clearly == len(wrong) else f"{clearly or 'none'}"
        return (
            f"The data contradict {len(wrong)} of the {n} independences that the graph claims, "
            f"{many} of them clearly (a correlation above {CLEAR:g} is left); the "
            f"furthest off: {worst['x']} and {worst['y']}{given} ({worst['correlation']:.2f})."
        )

    def _edited(self) -> str:
        if self.edits.empty:
            return "No graph differs from the drawn one by a single arrow and answers the question."
        flips = self.edits[self.edits["flips"]]
        if flips.empty:
            return (
                f"Not one of the {len(self.edits)} graphs that differ from the drawn one by a "
                f"single arrow changes {self._finding}."
            )
        do = "changes" if len(flips) == 1 else "change"
        return (
            f"{len(flips)} of the {len(self.edits)} graphs that differ from the drawn one by a "
            f"single arrow {do} {self._finding} ({_ways(flips)}); the smallest such change: "
            f"{flips.iloc[0]['edit']}."
        )

    def _perturbed(self) -> Iterator[str]:
        for row in self.shares.to_dict("records"):
            if row["n"]:
                part, low, high = (share(float(row[key])) for key in ("share", "low", "high"))
                # Equivalent graphs are listed, not drawn by chance.
                drawn = row["graphs"] != EQUIVALENT or row["n"] >= MOST_EQUIVALENT
                if row["n"] == 1:
                    does = "changes" if row["flipped"] else "does not change"
                    yield f"The one graph {row['graphs']} {does} {self._finding}."
                    continue
                yield (
                    f"Of {row['n']} graphs {row['graphs']}, {part} "
                    f"change {self._finding}"
                    f"{f' ({rate(self.level)} interval {low} to {high})' if drawn else ''}."
                )


def _ways(flips: pd.DataFrame) -> str:
    """Say to what the finding changes, and how often: left open is not turned round."""
    counts = flips["decision"].value_counts()
    return listing([f"{counts[one]} to “{DECISIONS[one]}”" for one in DECISIONS if one in counts])


def share_of_flips(hits: int, n: int, level: float = 0.95) -> tuple[float, float, float]:
    """Return the share of n graphs that change the finding, with Wilson's interval.

    Examples
    --------
    >>> [round(value, 2) for value in share_of_flips(5, 20)]
    [0.25, 0.11, 0.47]
    """
    if not n:
        return np.nan, np.nan, np.nan
    z = float(scipy.special.ndtri(0.5 + level / 2))
    centre = (hits + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(hits * (n - hits) / n + z * z / 4)
    return hits / n, float(max(centre - half, 0.0)), float(min(centre + half, 1.0))
