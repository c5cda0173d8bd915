"""All cheats: what is done, and which claims must fall because of it."""

from __future__ import annotations

from tests.engine.evidence.forgeries import (  # each adds its cheats to the list
    log_cheats,  # noqa: F401
    model_cheats,  # noqa: F401
    order_cheats,  # noqa: F401
    row_cheats,  # noqa: F401
    scope_cheats,  # noqa: F401
    signer_cheats,  # noqa: F401
)
from tests.engine.evidence.forgeries.cheat import CHEATS, Cheat

__all__ = ["CHEATS", "Cheat"]
