"""CAFÉ, the paper's Algorithm 2: a regression of the prediction, standardised."""
