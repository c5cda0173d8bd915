"""CAFÉ Audit Workbench: has a machine-learning model really forgotten?

An audit is a function from a case and a target to a report::

    import workbench as wb

    world = wb.datasets.loan()
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    report = wb.audit(case, wb.UnlearningTarget.feature("zip_code"))
"""

from workbench import datasets
from workbench.cafe import cafe_effects
from workbench.case import AuditCase
from workbench.effects import Effect, EffectTable
from workbench.errors import *  # noqa: F403
from workbench.fuzzing import fuzzed_effects
from workbench.graph import CausalGraph
from workbench.intervention import Contrast, Resample, Shift
from workbench.model import BlackBoxModel
from workbench.target import UnlearningTarget
