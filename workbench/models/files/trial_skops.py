"""Take a skops file apart; run by itself in a child process, see ``common/trial.py``."""

import io
import sys
import zipfile

import numpy as np


def take_apart() -> None:
    """Unpack every part and decode its arrays; no object is built."""
    with zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())) as archive:
        for part in archive.infolist():
            content = archive.read(part)
            if part.filename.endswith(".npy"):
                np.load(io.BytesIO(content), allow_pickle=False)


if __name__ == "__main__":
    take_apart()
