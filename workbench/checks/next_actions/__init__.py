"""What to do about what is left: which route carries it, where, and pairs of rows that show it."""

from workbench.checks.next_actions.example_pairs import ExamplePair
from workbench.checks.next_actions.feature_actions import Action
from workbench.checks.next_actions.finding import NextActions
from workbench.checks.next_actions.measure import next_actions

__all__ = ["Action", "ExamplePair", "NextActions", "next_actions"]
