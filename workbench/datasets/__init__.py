"""Data to audit: sample worlds whose truth is known, and the real tables of the paper."""

from workbench.datasets.dataset import Dataset, SampleWorld, Truth
from workbench.datasets.scm import Equation, StructuralCausalModel
from workbench.datasets.simulated import linear_world, random_world
from workbench.datasets.uci import adult, drug_consumption, german_credit
from workbench.datasets.worlds import heart_disease, loan, performance

__all__ = [
    "Dataset",
    "Equation",
    "SampleWorld",
    "StructuralCausalModel",
    "Truth",
    "adult",
    "drug_consumption",
    "german_credit",
    "heart_disease",
    "linear_world",
    "loan",
    "performance",
    "random_world",
]
