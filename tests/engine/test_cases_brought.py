"""Which tests hold each case that people brought: its right value, and two more of its kind.

The cases are numbered as in the issue that collected them. Each names a kind of fault; a test of
several roads (parametrized) stands for as many.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CASES: dict[str, tuple[str, ...]] = {
    "01 codes with leading zeros, a model trained on whole numbers": (
        "cli/test_brought_values.py::test_a_file_gives_what_the_training_table_gives",
        "cli/test_brought_values.py::test_a_model_that_fails_is_refused_with_what_it_never_met",
        "models/test_training_values.py::test_a_table_is_read_as_the_model_was_trained",
    ),
    "02 a category with a leading space": (
        "cli/test_brought_values.py::test_a_file_gives_what_the_training_table_gives",
        "models/test_training_values.py::test_unknown_values_are_said_with_share_and_reason",
        "tables/files/test_delimited.py::test_a_stated_mark_holds_with_blanks_around_it",
    ),
    "03 None is a category": (
        "cli/test_brought_values.py::test_a_file_gives_what_the_training_table_gives",
        "tables/files/test_delimited.py::test_missing_cells",
        "tables/files/test_delimited.py"
        "::test_words_for_missing_are_values_of_text_unless_somebody_says_so",
    ),
    "05 an arrow with two heads is not an arrow": (
        "graph/files/test_brought_graphs.py"
        "::test_dot_without_one_direction_is_refused_with_the_edge",
        "graph/files/test_brought_graphs.py::test_more_of_the_kinds_that_were_read_wrongly",
        "graph/files/test_brought_graphs.py::test_an_arrow_drawn_backwards_is_turned",
    ),
    "06 undirected edges of causal-learn, names as labels": (
        "graph/files/test_brought_graphs.py::test_causal_learns_own_export",
        "graph/files/test_brought_graphs.py::test_more_of_the_kinds_that_were_read_wrongly",
        "graph/files/test_brought_graphs.py::test_an_undirected_edge_of_a_directed_graphml_is_named",
    ),
    "08 DAGitty's [selected]": (
        "graph/files/test_brought_graphs.py::test_dagitty_marks_are_honoured_or_refused",
        "graph/files/test_brought_graphs.py::test_more_of_the_kinds_that_were_read_wrongly",
        "graph/files/test_tetrad.py::test_an_edge_that_decides_nothing_is_named",
    ),
    "09 logged predictions in another order": (
        "models/test_answers.py::test_logged_predictions_go_to_the_rows_that_their_labels_name",
        "models/test_answers.py::test_labels_that_do_not_fit_are_refused",
        "models/test_answers.py::test_a_models_answers_go_to_the_rows_that_their_labels_name",
        "cli/test_brought_values.py"
        "::test_logged_predictions_stay_with_their_rows_in_whatever_order_a_file_has_them",
    ),
    "11 a confounder all of whose levels are rare": (
        "methods/fuzzing/test_equations.py"
        "::test_a_category_whose_causes_are_all_rare_levels_has_the_shares_of_the_whole",
        "methods/fuzzing/test_equations.py::test_rare_levels_that_an_intervention_sets_are_kept",
        "methods/fuzzing/test_equations.py::test_many_categories_in_few_rows",
    ),
    "13 codes written as whole numbers": (
        "case/test_code_columns.py"
        "::test_codes_written_as_whole_numbers_give_the_difference_of_their_means",
        "case/test_code_columns.py"
        "::test_zip_codes_from_a_file_and_the_type_that_is_stated_for_them",
        "case/test_code_columns.py"
        "::test_codes_with_missing_values_and_a_yes_or_no_that_depends_on_them",
    ),
    "15 a regressor that carries classes_": (
        "models/test_answers.py::test_a_model_is_known_by_what_it_does",
        "models/test_kinds_of_estimators.py::test_a_regressor_with_classes_predicts_values",
        "models/test_estimators.py::test_a_regressor_of_catboost_is_one_wherever_it_stands",
    ),
    "16 scikit-learn's own estimators in skops files": (
        "models/files/test_skops_estimators.py"
        "::test_every_estimator_of_scikit_learn_is_read_or_listed",
        "models/files/test_skops_estimators.py::test_usual_models_answer_as_before",
        "models/files/test_skops_estimators.py::test_every_scorer_by_name_is_reviewed",
    ),
    "17 a mediator whose mean is large beside its spread": (
        "cli/test_brought_values.py::test_seconds_since_1970_give_what_seconds_of_the_day_give",
        "methods/debiased/test_location_scale.py"
        "::test_neither_unit_nor_offset_of_a_node_changes_a_move",
        "methods/debiased/test_piled_up.py::test_neither_unit_nor_offset_changes_a_move",
    ),
    "18 labels of outlier detectors and clusterings": (
        "models/test_kinds_of_estimators.py::test_what_gives_no_one_quantity_is_refused",
        "models/test_kinds_of_estimators.py"
        "::test_the_score_that_is_advised_instead_of_a_label_can_be_audited",
        "models/files/test_onnx_outputs.py"
        "::test_scores_are_never_taken_for_probabilities_of_classes",
        "models/files/test_onnx_outputs.py"
        "::test_the_score_of_an_outlier_detector_is_a_value_and_its_label_is_not_asked_for",
    ),
    "19 hundreds of features of which the graph holds few": (
        "auditing/test_wide_tables.py"
        "::test_features_that_nobody_drew_change_neither_effects_nor_questions",
        "auditing/test_wide_tables.py::test_features_left_out_beside_the_target_are_counted",
        "cli/test_brought_values.py::test_columns_that_the_graph_does_not_hold_change_nothing",
        "auditing/test_wide_tables.py"
        "::test_baselines_measure_what_is_drawn_and_say_how_many_they_leave_out",
    ),
    "20 decimal comma": (
        "cli/test_brought_values.py::test_numbers_in_other_spellings_give_the_same",
        "models/test_answers.py::test_a_decimal_comma_is_named",
        "tables/files/test_delimited.py::test_a_comma_that_may_mean_either_leaves_the_text",
    ),
    "37 which of two classes": (
        "report/test_audited_class.py::test_every_form_of_a_report_names_the_class",
        "models/test_audited_class.py::test_two_texts_leave_it_open_unless_their_meaning_says_it",
        "models/test_audited_class.py::test_a_model_beside_another_answers_with_the_same_class",
        "models/files/test_onnx_outputs.py"
        "::test_a_class_is_audited_in_whatever_form_its_column_comes",
    ),
}


@cache
def written_in(file: str) -> set[str]:
    parsed = ast.parse((HERE / file).read_text("utf-8"))
    return {node.name for node in parsed.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[:2])
def test_the_tests_of_a_case_exist(case: str) -> None:
    named = [place.partition("::") for place in CASES[case]]
    assert len(named) >= 3
    assert [name for file, _, name in named if name not in written_in(file)] == []
