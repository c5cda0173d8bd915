"""Judging the step from the old training set to the new one: what left, what stayed, what came.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

from workbench.evidence.claims import Claim, claim
from workbench.evidence.dossier_case import DossierCase, Outside

__all__ = ["delta_claims"]

ABOUT = {
    "record": "the rows of one or more people",
    "rows": "a class or source, row by row",
    "feature": "a feature, in all rows",
}
ABSENT = {"record": "absent", "rows": "rows absent"}


def delta_claims(case: DossierCase, outside: Outside) -> tuple[Claim, ...]:
    """Judge whether the step is exactly what its requests ask for.

    Everybody whose request was carried out in the step is counted: the rows of all, and the
    features of all. That others did ask is the controller's word unless the reader brings the
    hashes of their requests: a request that nobody made would take any row out.
    """
    claims = [_delta(case, outside)]
    request = case.request
    if request.granularity == "feature":
        claims.append(_masked(case))
    else:
        left = len(request.named(case.new))
        claims.append(
            claim(
                ABSENT[request.granularity],
                "CONTRADICTED" if left else "PROVED",
                f"{left} of the rows asked for are in the new list"
                if left
                else f"none of its {len(case.new):,} rows is one asked for",
            )
        )
    return tuple(claims)


def _delta(case: DossierCase, outside: Outside) -> Claim:
    old, new = set(case.old), set(case.new)
    gone, added = old - new, new - old
    scopes = (case.request, *case.others)
    found = [scope.named(case.old) for scope in scopes]
    asked = {leaf for named in found for leaf in named}
    unknown = sum(
        len((scope.tokens | scope.rows) - set(named.values()))
        for scope, named in zip(scopes, found)
    )
    about = ABOUT[case.request.granularity]
    count = f"{about}: {len(old):,} − {len(gone):,} + {len(added):,} = {len(new):,} rows"
    if not _descends(case):
        why = "the log does not say that the new data set comes from the old one"
        return claim("delta", "CONTRADICTED", why)
    if any(place > case.places["new"] for place in case.others.values()):
        why = "a request of others was logged after the new data set"
        return claim("delta", "CONTRADICTED", why)
    if gone != asked or added:
        why = f"{count}, but {len(asked):,} of the old rows were asked for"
        return claim("delta", "CONTRADICTED", why)
    if unknown:
        return claim(
            "delta", "INCONCLUSIVE", f"{count}; {unknown} asked for were not in the old set"
        )
    if not case.others:
        return claim("delta", "PROVED", count)
    count += f", {len(found[0]):,} of them for {case.request.name}"
    given = {text.lower() for text in outside.other_sha256s}
    told = sum(case.entries[place].get("sha256") not in given for place in case.others.values())
    if told:
        why = f"{count}; for {told} of {len(case.others)} other requests there is only the "
        return claim("delta", "INCONCLUSIVE", why + "controller's word (--other)")
    return claim("delta", "PROVED", f"{count}, the rest for {len(case.others)} others")


def _descends(case: DossierCase) -> bool:
    """Tell whether the log leads from the new data set to the old, from parent to parent."""
    parents = {
        entry.get("dataset"): entry.get("parent")
        for entry in case.entries
        if entry["kind"] == "dataset"
    }
    name, seen = case.entry("new").get("parent"), set()
    while isinstance(name, str) and name not in seen:
        if name == case.old_name:
            return True
        seen.add(name)
        name = parents.get(name)
    return False


def _masked(case: DossierCase) -> Claim:
    columns = {code.column for code in case.configuration.features}
    if set(case.request.features) - columns:
        return claim("masked", "INCONCLUSIVE", "the model before did not read the feature")
    if case.features & columns != set(case.model.without):
        return claim("masked", "CONTRADICTED", "the model leaves other features out than asked")
    for code, weight in zip(case.configuration.features, case.model.weights):
        if code.column in case.request.features and weight != 0:
            return claim("masked", "CONTRADICTED", f"{code.column} still has a weight")
    names = ", ".join(sorted(case.request.features))
    return claim("masked", "PROVED", f"the weights of {names} are 0")
