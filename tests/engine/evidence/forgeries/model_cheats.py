"""Cheats with the model: an old one kept, weights moved, another proof, other rules."""

from __future__ import annotations

import dataclasses
from typing import Any

from tests.engine.evidence.forgeries.cheat import INVALID, Told, cheat, kept, predicate_of
from tests.engine.evidence.forgeries.story import Story, configured
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.evidence.commitments import make_leaf
from workbench.evidence.configuration import ModelFile
from workbench.evidence.rehearsal import Controller

# ---- The model ------------------------------------------------------------------------------


@cheat({"optimum": "CONTRADICTED"}, "largest gradient")
def the_old_model_is_kept(authority: TimeAuthority) -> Story:
    return Story(authority, model=lambda held, old, new, before: before)


@cheat({"optimum": "CONTRADICTED"}, "largest gradient")
def trained_without_somebody_else(authority: TimeAuthority) -> Story:
    return Story(authority, model=lambda held, old, new, before: held.fit(old[1:]))


@cheat({"optimum": "CONTRADICTED"}, "largest gradient")
def a_weight_is_moved(authority: TimeAuthority) -> Story:
    def moved(held: Controller, old: Any, new: Any, before: Any) -> ModelFile:
        model = held.fit(new)
        weights = (model.weights[0] + (1 << 16), *model.weights[1:])
        return dataclasses.replace(model, weights=weights)

    return Story(authority, model=moved)


@cheat({"optimum": "INCONCLUSIVE"}, "no proof")
def the_old_model_is_kept_and_the_proof_left_out(authority: TimeAuthority) -> Story:
    return Story(authority, model=lambda held, old, new, before: before, proof=None)


@cheat(INVALID, "proof of the optimum fails")
def the_proof_is_for_the_old_rows(authority: TimeAuthority) -> Story:
    def proof(held: Any, old: Any, new: Any, before: Any, model: Any) -> Any:
        return held.prove(old[: len(new)], model)

    return Story(authority, model=lambda held, old, new, before: before, proof=proof)


@cheat(INVALID, "proof of the optimum fails")
def the_proof_is_of_another_model(authority: TimeAuthority) -> Story:
    return Story(
        authority,
        model=lambda held, old, new, before: before,
        proof=lambda held, old, new, before, model: held.prove(new, held.fit(new)),
    )


@cheat(INVALID, "proof of the optimum fails")
def the_gradient_is_rewritten(authority: TimeAuthority) -> Story:
    def proof(held: Any, old: Any, new: Any, before: Any, model: Any) -> Any:
        made = held.prove(new, model)
        return made | {"gradient": ["0"] * len(made["gradient"])}

    return Story(authority, model=lambda held, old, new, before: before, proof=proof)


@cheat(INVALID, "not committed to for a proof")
def rows_without_points_are_proved(authority: TimeAuthority) -> Story:
    def bare(held: Controller, old: Any, gone: Any) -> Any:
        return [
            dataclasses.replace(row, leaf=make_leaf(row.token, row.leaf[64:]))
            for row in kept(old, gone)
        ]

    return Story(authority, rows=bare)


@cheat({"optimum": "CONTRADICTED"}, "nobody asked to forget")
def a_feature_is_left_out_that_nobody_named(authority: TimeAuthority) -> Story:
    return Story(authority, model=lambda held, old, new, before: held.fit(new, ["income"]))


@cheat(INVALID, "another configuration")
def the_model_names_another_configuration(authority: TimeAuthority) -> Story:
    return Story(
        authority,
        model=lambda held, old, new, before: dataclasses.replace(
            held.fit(new), configuration="ab" * 32
        ),
    )


@cheat(INVALID, "another number of weights")
def the_model_has_a_weight_more(authority: TimeAuthority) -> Story:
    def longer(held: Controller, old: Any, new: Any, before: Any) -> ModelFile:
        model = held.fit(new)
        return dataclasses.replace(model, weights=(*model.weights, 0))

    return Story(authority, model=longer, proof=None)


@cheat({"served": "CONTRADICTED"}, "another one")
def the_old_model_is_served(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    old_model = predicate_of(files)["old_model"]
    return files, dataclasses.replace(outside, served_sha256=old_model)


# ---- The rules ------------------------------------------------------------------------------


@cheat({"rules": "CONTRADICTED"}, "another configuration")
def a_stronger_penalty_was_prepared_for_the_retraining(authority: TimeAuthority) -> Story:
    return Story(
        authority,
        old_configuration=dataclasses.replace(
            configured(), penalty=tuple(9 * value for value in configured().penalty)
        ),
    )


@cheat(
    {"rules": "CONTRADICTED", "optimum": "INCONCLUSIVE", "receipt gradient": "INCONCLUSIVE"},
    "another configuration",
)
def a_loose_threshold_was_prepared_for_the_retraining(authority: TimeAuthority) -> Story:
    return Story(
        authority,
        configuration=dataclasses.replace(configured(), threshold="10"),
        old_configuration=configured(),
        model=lambda held, old, new, before: dataclasses.replace(
            before, configuration=held.configuration.sha256
        ),
    )


@cheat({"optimum": "INCONCLUSIVE", "receipt gradient": "INCONCLUSIVE"}, "too loose")
def the_threshold_was_loose_from_the_start(authority: TimeAuthority) -> Story:
    return Story(
        authority,
        configuration=dataclasses.replace(configured(), threshold="10"),
        model=lambda held, old, new, before: before,
    )


@cheat({"rules": "CONTRADICTED"}, "does not say that it replaces")
def it_replaces_another_model(authority: TimeAuthority) -> Story:
    return Story(authority, replaces="ab" * 32)


@cheat({"rules": "CONTRADICTED"}, "does not say that it replaces")
def it_replaces_no_model(authority: TimeAuthority) -> Story:
    return Story(authority, replaces=None)
