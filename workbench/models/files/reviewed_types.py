"""The types that a skops file may hold beside those that skops itself trusts, and why.

Whatever is named here may be built, and called, with arguments that the file chooses. So nothing
stands here that reads or writes outside its arguments or runs text; and what follows indices
without checking them is looked at afterwards (``part_checks.py``, ``tree_checks.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

__all__ = ["REVIEWED_TYPES"]


def _named(module: str, names: str, why: str) -> Iterator[tuple[str, str]]:
    return ((f"{module}.{name}", why) for name in names.split())


CHECKED = "arrays with indices: looked at after it is built"
FITTED = "used in fitting alone"
SCORER = "a search's scorer or a part of it: arithmetic on arrays, used in fitting alone"
TESTED = "chooses columns in fitting: arithmetic on arrays"
KERNEL = "a Gaussian process's kernel: arithmetic on arrays"
HELD = "holds numbers or other reviewed parts"

REVIEWED_TYPES: Mapping[str, str] = dict(
    [
        ("functools.partial", "a reviewed function with some of its arguments"),
        ("numpy.dtype", "names a number format; an array's, a transformer's"),
        ("numpy.mean", "pools columns: arithmetic on arrays"),
        ("scipy._lib.array_api_compat.numpy._aliases.asarray", "makes an array of its argument"),
        ("scipy.interpolate._bsplines.BSpline", "made again by its own constructor, which checks"),
        ("scipy.sparse._csr.csr_matrix", CHECKED),
        *_named("sklearn._loss.loss", "HalfTweedieLoss HalfTweedieLossIdentity", FITTED),
        ("sklearn.calibration._CalibratedClassifier", HELD),
        ("sklearn.calibration._SigmoidCalibration", HELD),
        ("sklearn.compose._column_transformer._RemainderColsList", "a list of column names"),
        ("sklearn.compose._column_transformer.make_column_selector", "picks columns; at fit"),
        ("sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace", HELD),
        ("sklearn.multiclass._ConstantPredictor", HELD),
        ("sklearn.tree._tree.Tree", CHECKED),
        ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor", CHECKED),
        ("sklearn.neighbors._kd_tree.KDTree", CHECKED),
        ("sklearn.neighbors._ball_tree.BallTree", CHECKED),
        ("sklearn.utils.validation.check_array", "makes an array of its argument, or refuses"),
        ("sklearn.utils._bunch.Bunch", "a dict; of voting and stacking"),
        *_named(
            "sklearn.metrics._dist_metrics",
            "EuclideanDistance64 ManhattanDistance64 ChebyshevDistance64 MinkowskiDistance64",
            CHECKED,
        ),
        *_named(
            "sklearn.neural_network._stochastic_optimizers", "AdamOptimizer SGDOptimizer", FITTED
        ),
        *_named(
            "sklearn.model_selection._split",
            "KFold StratifiedKFold GroupKFold StratifiedGroupKFold RepeatedKFold "
            "RepeatedStratifiedKFold ShuffleSplit StratifiedShuffleSplit GroupShuffleSplit "
            "LeaveOneOut LeavePOut LeaveOneGroupOut LeavePGroupsOut PredefinedSplit "
            "TimeSeriesSplit _CVIterableWrapper",
            FITTED,
        ),
        *_named(
            "sklearn.model_selection._search_successive_halving",
            "HalvingGridSearchCV HalvingRandomSearchCV",
            HELD,
        ),
        *_named(
            "sklearn.gaussian_process.kernels",
            "CompoundKernel ConstantKernel DotProduct ExpSineSquared Exponentiation Matern "
            "PairwiseKernel Product RBF RationalQuadratic Sum WhiteKernel",
            KERNEL,
        ),
        *_named(
            "sklearn.feature_selection._univariate_selection",
            "chi2 f_classif f_oneway f_regression r_regression",
            TESTED,
        ),
        *_named(
            "sklearn.feature_selection._mutual_info",
            "mutual_info_classif mutual_info_regression",
            TESTED,
        ),
        *_named(
            "sklearn.metrics._scorer",
            "_CurveScorer _MultimetricScorer _PassthroughScorer _Scorer "
            "negative_likelihood_ratio positive_likelihood_ratio",
            SCORER,
        ),
        *_named(
            "sklearn.utils._metadata_requests", "MetadataRequest MethodMetadataRequest", SCORER
        ),
        *_named(
            "sklearn.metrics._classification",
            "accuracy_score balanced_accuracy_score brier_score_loss cohen_kappa_score "
            "d2_brier_score d2_log_loss_score f1_score fbeta_score jaccard_score log_loss "
            "matthews_corrcoef precision_score recall_score",
            SCORER,
        ),
        *_named(
            "sklearn.metrics._ranking",
            "average_precision_score ndcg_score roc_auc_score top_k_accuracy_score",
            SCORER,
        ),
        *_named(
            "sklearn.metrics._regression",
            "d2_absolute_error_score explained_variance_score max_error mean_absolute_error "
            "mean_absolute_percentage_error mean_gamma_deviance mean_pinball_loss "
            "mean_poisson_deviance mean_squared_error mean_squared_log_error mean_tweedie_deviance "
            "median_absolute_error r2_score root_mean_squared_error "
            "root_mean_squared_log_error",
            SCORER,
        ),
    ]
)
"""Each with the reason: none of them calls what the file names, or more than reviewed parts."""
