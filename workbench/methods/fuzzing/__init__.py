"""Causal fuzzing, Algorithm 1: a change is carried through the graph, the model asked again."""
