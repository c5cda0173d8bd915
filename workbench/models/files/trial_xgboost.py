"""Load XGBoost's JSON; run by itself in a child process, see ``common/trial.py``."""

import sys


def take_apart() -> None:
    """Load the model and ask it about two rows."""
    import numpy
    import xgboost

    booster = xgboost.Booster(model_file=bytearray(sys.stdin.buffer.read()))
    rows = numpy.zeros((2, booster.num_features()))
    booster.predict(xgboost.DMatrix(rows), validate_features=False)


if __name__ == "__main__":
    take_apart()
