"""Take a Feather file apart; run by itself in a child process, see ``common/trial.py``."""

import sys


def take_apart() -> None:
    """Decode every batch, one after another; stop where they take more than the caller tells."""
    import pyarrow as pa

    most, taken = int(sys.argv[4]), 0
    with pa.ipc.open_file(pa.BufferReader(sys.stdin.buffer.read())) as file:
        for place in range(file.num_record_batches):
            batch = file.get_batch(place)
            batch.validate(full=True)
            taken += batch.nbytes
            if taken > most:
                return


if __name__ == "__main__":
    take_apart()
