"""What a dossier claims, how far each claim was found to hold, and what it can never say.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.common.errors import EvidenceError

__all__ = [
    "CLAIMS",
    "EXIT_STATUS",
    "VERDICTS",
    "VERDICT_MEANS",
    "Claim",
    "ReaderError",
    "claim",
    "whole_verdict",
]

VERDICTS = ("PROVED", "CONSISTENT", "INCONCLUSIVE", "CONTRADICTED", "INVALID")
"""From the best to the worst; a dossier is as strong as its weakest claim."""
VERDICT_MEANS = {
    "PROVED": "shown by what you hold",
    "CONSISTENT": "nothing speaks against it; it is not proved",
    "INCONCLUSIVE": "something is missing, often a thing that you can bring",
    "CONTRADICTED": "two things that the controller signed do not fit, or one and what you hold",
    "INVALID": "changed, or not signed: nothing in it can be judged",
}
EXIT_STATUS = {"PROVED": 0, "CONSISTENT": 1, "INCONCLUSIVE": 3, "CONTRADICTED": 4, "INVALID": 5}
"""2 says that the verification could not run."""

# Title, what it rests on, what it cannot say.
CLAIMS: dict[str, tuple[str, str, str]] = {
    "opened": (
        "The dossier is whole",
        "signature and hashes",
        "that anything in it is true",
    ),
    "signed": (
        "Signed by the key given from outside, and nothing changed since",
        "Ed25519 signature over the hashes of all files",
        "that what was signed is true",
    ),
    "log": (
        "The log is one, and only grew",
        "a witness's cosignature, or a checkpoint that the reader kept",
        "that everything that happened was logged",
    ),
    "request": (
        "This answers the request at hand",
        "the hash of the request that the person was given",
        "that the token in it stands for this person: the person's receipt does",
    ),
    "before": (
        "Rows, model and rules were committed before the request",
        "a time stamp of a third party, and the log's order",
        "that the commitments cover all training data",
    ),
    "rules": (
        "Retrained by the rules of the model before",
        "the configuration's hash in both models' log entries",
        "that the rules were good ones",
    ),
    "delta": (
        "The new training set is the old one without exactly what was asked",
        "both lists of commitments, whole, their roots in the log, and all requests of the step",
        "that tokens name people truly, or that the lists hold all data that was used",
    ),
    "absent": (
        "Excluded from the training set of the new version",
        "the whole sorted list: a token not in it is absent",
        "that the weights come from this list (another claim), or that the person has no row "
        "under another token",
    ),
    "rows absent": (
        "The class or source is excluded from the training set of the new version",
        "the whole sorted list, and the request's list of the rows",
        "that the request lists every row of that class or source: its condition is not shown",
    ),
    "masked": (
        "The feature is masked in all rows of the new version's training",
        "the weights in the model's file, which are 0 for the feature",
        "that no other column tells of the feature: a stand-in for it keeps its weight",
    ),
    "near": (
        "No row that looks like an excluded one was kept",
        "the controller's own count of flagged rows",
        "absence of copies: a flag is a reason to look, and no flag is weak evidence",
    ),
    "optimum": (
        "The weights are what training on the new rows gives",
        "the gradient at the weights, opened by a proof over the commitments (experimental)",
        "how they were computed, or anything of models other than this file",
    ),
    "served": (
        "The model asked is this one",
        "the SHA-256 of the served file, taken by the reader",
        "what production serves tomorrow",
    ),
    "in time": (
        "Done by the day it was due",
        "a time stamp of a third party over the log's last checkpoint",
        "that the term itself is the lawful one",
    ),
    "reported": (
        "What the controller measured",
        "the controller's own audit",
        "absence of the person from the model: no measurement of a model alone can show it",
    ),
    "receipt": (
        "The row that was left out is the one of the receipt",
        "the receipt's secrets open the commitment",
        "that no other row tells of the person",
    ),
    "receipt gradient": (
        "A model that kept this row would show",
        "the row's own gradient at the published weights, against the threshold",
        "anything of models other than this file",
    ),
}


class ReaderError(EvidenceError):
    """What the reader brought to the verification cannot be used; the dossier is not judged."""


@dataclass(frozen=True)
class Claim:
    """One claim of a dossier.

    Attributes
    ----------
    name : str
        Its key in :data:`CLAIMS`.
    verdict : str
        One of :data:`VERDICTS`.
    sentence : str
        What was found.
    """

    name: str
    verdict: str
    sentence: str

    @property
    def title(self) -> str:
        """The claim in words."""
        return CLAIMS[self.name][0]

    @property
    def rests_on(self) -> str:
        """What carries it."""
        return CLAIMS[self.name][1]

    @property
    def cannot_say(self) -> str:
        """What it never shows."""
        return CLAIMS[self.name][2]


def claim(name: str, verdict: str, sentence: str) -> Claim:
    """Return a claim, its name and verdict checked; its sentence has no full stop of its own."""
    if name not in CLAIMS or verdict not in VERDICTS:
        raise ValueError(f"No claim {name!r} with the verdict {verdict!r}.")
    return Claim(name, verdict, sentence.removesuffix("."))


def worst(verdicts: Iterable[str]) -> str:
    """Return the weakest of some verdicts."""
    return VERDICTS[max(VERDICTS.index(verdict) for verdict in verdicts)]


def whole_verdict(claims: Sequence[Claim]) -> str:
    """Return the verdict of the whole: that of the weakest claim."""
    return worst(held.verdict for held in claims) if claims else "INVALID"
