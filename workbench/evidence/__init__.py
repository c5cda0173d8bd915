"""What a third party can verify without the data and without the model."""

from workbench.evidence.configuration import Configuration
from workbench.evidence.dossier import Measured, build_dossier, verify_dossier, write_dossier
from workbench.evidence.keys import SigningKey
from workbench.evidence.registry.consents import Consent
from workbench.evidence.registry.pinned_training import PinnedConfiguration
from workbench.evidence.registry.registry import Registry
from workbench.evidence.retraining import configuration_for

__all__ = [
    "Configuration",
    "Consent",
    "Measured",
    "PinnedConfiguration",
    "Registry",
    "SigningKey",
    "build_dossier",
    "configuration_for",
    "verify_dossier",
    "write_dossier",
]
