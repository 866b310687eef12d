//! The cases that the library has nothing for.

const METRIC: &str = "there is no such metric";
const SCALER: &str = "there is no such transform";
const SPLITTER: &str = "there is no such splitter";
const WEIGHTED: &str = "samples have no weights in a metric";
const COUNTED: &str = "the accuracy is a share, never a count";
const SHARES: &str = "the matrix has counts, never shares";
const WORD: &str = "it must be refused, and cannot be written: there is no such variant";
const POWER: &str = "it must be refused, and cannot be written: the power is 1, or 2 by `squared`";
const COUNT: &str = "it must be refused, and cannot be written: a size is a fraction or a count of samples";
const SIZES: &str = "it must be refused, and cannot be written: an operation takes a size or a factor, one of the two";
const STATISTICS: &str = "it must be refused, and cannot be written: evaluation takes mean and variance";
const SOFTPLUS: &str =
    "it asks for an overflow: PyTorch's softplus of 710 is infinite with this threshold, and its gradient NaN";

/// A case by its id, or all cases of a name, with the reason.
pub(super) const UNSUPPORTED: &[(&str, &str)] = &[
    ("layers/Conv2d/2572d327eb", WORD),
    ("layers/Conv2d/7601d5c458", WORD),
    ("losses/cross_entropy/b521777663", WORD),
    ("losses/multi_margin_loss/3981a8ddd3", POWER),
    ("metrics/accuracy/2998d95ff6", WEIGHTED),
    ("metrics/accuracy/3a8a7cf3d6", WEIGHTED),
    ("metrics/accuracy/55bce3d275", WEIGHTED),
    ("metrics/accuracy/c5e282f65b", WEIGHTED),
    ("metrics/accuracy/d067b9657b", COUNTED),
    ("metrics/average_precision", METRIC),
    ("metrics/balanced_accuracy", METRIC),
    ("metrics/brier_score", METRIC),
    ("metrics/cohen_kappa", METRIC),
    ("metrics/confusion_matrix/16e51aedbe", SHARES),
    ("metrics/confusion_matrix/18e7cf1753", SHARES),
    ("metrics/confusion_matrix/320d6ce6f8", SHARES),
    ("metrics/confusion_matrix/653aaf6500", SHARES),
    ("metrics/confusion_matrix/9b55af5126", SHARES),
    ("metrics/confusion_matrix/b0561f208e", SHARES),
    ("metrics/confusion_matrix/b35360708b", SHARES),
    ("metrics/confusion_matrix/c0c83b7360", SHARES),
    ("metrics/confusion_matrix/cad59b2c64", SHARES),
    ("metrics/confusion_matrix/fe2148ef34", SHARES),
    ("metrics/explained_variance", METRIC),
    ("metrics/f1", METRIC),
    ("metrics/fbeta", METRIC),
    ("metrics/jaccard", METRIC),
    ("metrics/log_loss", METRIC),
    ("metrics/matthews_corrcoef", METRIC),
    ("metrics/max_error", METRIC),
    ("metrics/mean_absolute_error", METRIC),
    ("metrics/mean_absolute_percentage_error", METRIC),
    ("metrics/mean_squared_error", METRIC),
    ("metrics/median_absolute_error", METRIC),
    ("metrics/precision", METRIC),
    ("metrics/r2", METRIC),
    ("metrics/recall", METRIC),
    ("metrics/roc_auc", METRIC),
    ("metrics/roc_curve", METRIC),
    ("metrics/root_mean_squared_error", METRIC),
    ("metrics/top_k_accuracy", METRIC),
    ("numerics/softplus/136b1bc0c0", SOFTPLUS),
    ("numerics/softplus/8db0e7d0de", SOFTPLUS),
    ("ops/batch_norm/c498c47a1f", STATISTICS),
    ("ops/conv2d/8d2b9e4608", WORD),
    ("ops/gelu/c9cfd7b742", WORD),
    ("ops/interpolate/b91391ef0a", SIZES),
    ("scalers/LabelEncoder", SCALER),
    ("scalers/MaxAbsScaler", SCALER),
    ("scalers/MinMaxScaler", SCALER),
    ("scalers/Normalizer", SCALER),
    ("scalers/OneHotEncoder", SCALER),
    ("scalers/PolynomialFeatures", SCALER),
    ("scalers/RobustScaler", SCALER),
    ("splits/GroupKFold", SPLITTER),
    ("splits/LeaveOneGroupOut", SPLITTER),
    ("splits/LeaveOneOut", SPLITTER),
    ("splits/LeavePOut", SPLITTER),
    ("splits/RepeatedKFold", SPLITTER),
    ("splits/RepeatedStratifiedKFold", SPLITTER),
    ("splits/ShuffleSplit", SPLITTER),
    ("splits/StratifiedShuffleSplit", SPLITTER),
    ("splits/TimeSeriesSplit", SPLITTER),
    ("splits/train_test_split/1839c4161c", COUNT),
    ("splits/train_test_split/fd3d3b064a", COUNT),
];
