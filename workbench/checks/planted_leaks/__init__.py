"""How small a leak an audit would have caught: known ones are planted into its own data."""

from workbench.checks.planted_leaks.findings import LeakRate, PlantedLeak, PlantedLeaks
from workbench.checks.planted_leaks.trials import planted_leaks

__all__ = ["LeakRate", "PlantedLeak", "PlantedLeaks", "planted_leaks"]
