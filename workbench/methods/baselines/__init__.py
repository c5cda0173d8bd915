"""What an auditor would look at without a causal graph: SHAP, permutation, FairTest, fairness.

Each function answers for the rows of the target and for every feature of the case, and imports its
library only when called. The importances say how a model uses the columns it reads; none of them
can see influence that reaches the prediction through other features. FairTest's association says
who is treated differently, and not why.
"""

from workbench.methods.attribution import Attribution
from workbench.methods.baselines.associations import Associations
from workbench.methods.baselines.fairness import fairness_metrics
from workbench.methods.baselines.fairness_finding import FairnessMetrics
from workbench.methods.baselines.fairtest import fairtest_association
from workbench.methods.baselines.permutation import permutation_importance
from workbench.methods.baselines.shap_values import shap_importance

__all__ = [
    "Associations",
    "Attribution",
    "FairnessMetrics",
    "fairness_metrics",
    "fairtest_association",
    "permutation_importance",
    "shap_importance",
]
