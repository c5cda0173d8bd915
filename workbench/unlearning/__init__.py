"""Unlearning methods to audit, exact and approximate, and frauds to test audits with."""

from workbench.models.learners import LEARNERS
from workbench.unlearning.bagging import BaggedTrees
from workbench.unlearning.fine_tuning import FineTuning, GradientAscent
from workbench.unlearning.frauds import (
    AuditAware,
    DefaultLevels,
    FlippedLabels,
    MaskedOutputs,
    Unchanged,
)
from workbench.unlearning.method import Deployed, Kind, Method
from workbench.unlearning.methods import METHODS, Unlearned, unlearn
from workbench.unlearning.removal import REMOVALS, Removal
from workbench.unlearning.request import UnlearningRequest
from workbench.unlearning.retraining import InputOnly, Retraining
from workbench.unlearning.sisa import Sisa
from workbench.unlearning.steps import InfluenceStep, NewtonStep, weights_of
from workbench.unlearning.trainer import Trainer

__all__ = [
    "LEARNERS",
    "METHODS",
    "REMOVALS",
    "AuditAware",
    "BaggedTrees",
    "DefaultLevels",
    "Deployed",
    "FineTuning",
    "FlippedLabels",
    "GradientAscent",
    "InfluenceStep",
    "InputOnly",
    "Kind",
    "MaskedOutputs",
    "Method",
    "NewtonStep",
    "Removal",
    "Retraining",
    "Sisa",
    "Trainer",
    "Unchanged",
    "Unlearned",
    "UnlearningRequest",
    "unlearn",
    "weights_of",
]
