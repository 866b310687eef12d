//! What most programs use: `use wengert::prelude::*;`.
//!
//! `Result<T>` is that of layers and losses, so that a layer of your own can be written with it; a program that uses
//! everything returns `Result<(), BoxError>`.

pub use crate::core::module::{Buffer, Module, Param, StateDict};
pub use crate::core::{Backward, DType, Gradients, SeededRng, Tensor, grad, no_grad, seeded, tensor};
#[cfg(feature = "digits")]
pub use crate::data::sets::digits;
pub use crate::data::sets::two_moons;
pub use crate::data::split::{KFold, Splitter, StratifiedKFold, train_test_split};
pub use crate::data::transform::{Fit, StandardScaler, Transform};
pub use crate::data::{DataLoader, Dataset, TensorDataset, fashion_mnist};
pub use crate::nn::{
    Approximate, BceWithLogitsLoss, CrossEntropyLoss, Dropout, Flatten, GELU, Identity, L1Loss, Layer, LeakyReLU,
    Linear, LogSoftmax, Loss, Module, MseLoss, PReLU, ReLU, Reduction, Result, Sequential, SiLU, Sigmoid, SmoothL1Loss,
    Softmax, Softplus, Tanh, binary_cross_entropy_with_logits, cross_entropy, l1_loss, mse_loss, sequential,
    smooth_l1_loss, summary,
};
pub use crate::optim::schedule::{ConstantLR, CosineAnnealingLR, LinearLR, MultiStepLR, StepLR};
pub use crate::optim::{Adam, AdamW, Optimizer, Schedule, Sgd, clip_grad_norm, clip_grad_value};
pub use crate::train::{
    Accuracy, BinaryAccuracy, BoxError, Callback, Checkpoint, CrossValidation, EarlyStopping, History, Metric,
    ProgressBar, Trainer, confusion_matrix, cross_validate, evaluate, plot_confusion, predict,
};
