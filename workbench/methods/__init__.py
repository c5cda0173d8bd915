"""What can be estimated: causal effects by several estimators, and the baselines beside them."""
