"""Exact evidence for convex training: the gradient over the remaining data pins the weights."""

from workbench.checks.gradient_evidence.evidence import gradient_evidence
from workbench.checks.gradient_evidence.finding import GradientEvidence

__all__ = ["GradientEvidence", "gradient_evidence"]
