"""Load LightGBM's text; run by itself in a child process, see ``common/trial.py``."""

import sys


def take_apart() -> None:
    """Load the model and ask it about two rows."""
    import lightgbm
    import numpy

    booster = lightgbm.Booster(model_str=sys.stdin.buffer.read().decode())
    booster.predict(numpy.zeros((2, booster.num_feature())))


if __name__ == "__main__":
    take_apart()
