"""Load LightGBM's text; run in a child process, see ``common/trial.py``."""

LIBRARIES = (
    "lightgbm",
    "numpy",
)


def take_apart(content: bytes, told: int | None) -> None:
    """Load the model and ask it about two rows."""
    import lightgbm
    import numpy

    booster = lightgbm.Booster(model_str=content.decode())
    booster.predict(numpy.zeros((2, booster.num_feature())))
