"""An open registry as a value: its file, its log and its keys."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.common.errors import EvidenceError
from workbench.evidence.registry.keys import RegistryKeys
from workbench.evidence.registry.log import Log
from workbench.evidence.registry.store import Store

__all__ = ["Opened"]


@dataclass(frozen=True)
class Opened:
    """File, log, and the keys where they were given."""

    store: Store
    log: Log
    secrets: RegistryKeys | None

    @property
    def keys(self) -> RegistryKeys:
        """The keys.

        Raises
        ------
        EvidenceError
            When the registry was opened without them.
        """
        if self.secrets is None:
            raise EvidenceError(
                "This step needs the registry's keys, which turn names into tokens: name the file "
                "that `registry init` wrote."
            )
        return self.secrets

    def person(self, subject: object) -> int:
        """Return the registry's number of a person.

        Raises
        ------
        EvidenceError
            When the registry holds nothing of her. The message does not repeat the name.
        """
        found = self.store.row(
            "SELECT id FROM person WHERE token = ?", (self.keys.person(str(subject)),)
        )
        if found is None:
            raise EvidenceError(
                "The registry holds nothing of this person. Is it the same identifier as in the "
                "column that was named at ingestion?"
            )
        return int(found[0])
