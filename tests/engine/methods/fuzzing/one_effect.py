"""The one effect that an estimate of a feature holds."""

from __future__ import annotations

from workbench import AuditCase, Contrast, UnlearningTarget, fuzzed_effects


def one(case: AuditCase, feature: str, a, b, **options):
    target = options.pop("target", UnlearningTarget.feature(feature))
    return fuzzed_effects(case, target, intervention=Contrast(a, b), **options)[feature]
