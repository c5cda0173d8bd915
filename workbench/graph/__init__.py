"""The causal graph: what follows from it, where it is read from, how it is drawn."""
