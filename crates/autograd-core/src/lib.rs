//! Tensors, a tape of differentiable operations, and gradient checks: the core of `wengert`.
//!
//! A tensor is an immutable value; an operation computes a new value and, if its derivative can be asked for, writes
//! one node on the tape. `backward` walks the tape backwards and returns the gradients.
//!
//! ```
//! use autograd_core::{Tensor, grad};
//!
//! let x = Tensor::from(2.0).requires_grad();
//! let y = x.powf(3.0);
//! let dy = grad(&y, &[&x])?;          // 3 x²
//! let ddy = grad(&dy[0], &[&x])?;     // 6 x
//! assert_eq!((dy[0].item::<f32>()?, ddy[0].item::<f32>()?), (12.0, 12.0));
//! # Ok::<(), autograd_core::Error>(())
//! ```
//!
//! The folders, each of which uses only those before it: `shape`, `storage` (memory) and `threads`, `kernels`
//! (arithmetic), `tensor` (values), `tape` (the record of operations, and the backward walk), `ops` (the operations);
//! on these `functional`, `scalar`, `gradcheck` and `module`, and on that `capture` and `profile`.

// In the order of the page of `Tensor`, which the blank lines keep.
mod tensor;

mod tape;

mod ops;

mod capture;
mod description;
mod error;
mod functional;
pub mod gradcheck;
mod kernels;
pub mod module;
pub mod profile;
pub mod scalar;
mod shape;
mod storage;
mod sync;
mod threads;

pub use capture::{Capture, CaptureStats, Outputs, set_apart};
pub use description::Description;
pub use error::{BoxError, Error, ErrorKind, Result};
pub use functional::{
    Implicit, LinearMap, TensorList, checkpoint, checkpoint_with, custom_root, fixed_point, ggnvp, grad, grad_with,
    hessian, hvp, jacobian, jvp, linearize, per_sample_grads, value_and_grad, vhp, vjp,
};
pub use gradcheck::gradcheck;
pub use ops::attention::options::AttentionOptions;
pub use ops::attention::rotary::RotaryOptions;
pub use ops::conv::conv_transpose::ConvTranspose;
pub use ops::conv::convolution::Conv;
pub use ops::conv::padding::Padding;
pub use ops::conv::per_dim::PerDim;
pub use ops::conv::unfold::Unfold;
pub use ops::custom::custom;
pub use ops::decompose::matrices::Triangle;
pub use ops::decompose::pinv::{LeastSquares, RankOptions};
pub use ops::decompose::qr::QrMode;
pub use ops::decompose::svd::SvdMode;
pub use ops::decompose::triangular::TriangularOptions;
pub use ops::elementwise::Tolerance;
pub use ops::fft::form::{Fft, FftN, FftNorm};
pub use ops::index::embedding::EmbeddingOptions;
pub use ops::index::embedding_bag::{Bag, EmbeddingBagOptions};
pub use ops::index::scatter_reduce::ScatterReduce;
pub use ops::linalg::pairwise_distance::DistanceOptions;
pub use ops::linalg::tensordot::TensordotDims;
pub use ops::order::dim::{SortDim, ascending, descending};
pub use ops::order::searchsorted::Side;
pub use ops::pool::adaptive::OutputSize;
pub use ops::pool::affine_grid::AffineGrid;
pub use ops::pool::avg_pool::AvgPool;
pub use ops::pool::fractional_max_pool::FractionalMaxPool;
pub use ops::pool::grid_sample::{GridPadding, GridSample, GridSampleMode};
pub use ops::pool::interpolate::{Interpolate, InterpolateMode, ScaleFactor};
pub use ops::pool::lp_pool::LpPool;
pub use ops::pool::max_pool::MaxPool;
pub use ops::pool::max_unpool::MaxUnpool;
pub use ops::recurrent::options::Recurrence;
pub use ops::reduce::cov::CovOptions;
pub use ops::reduce::dims::{ReduceDims, keep};
pub use ops::reduce::norm::matrix::MatrixNorm;
pub use ops::reduce::rank::quantile::{Interpolation, Quantiles};
pub use ops::scan::trapezoid::Spacing;
pub use ops::shape::fill::pad::PadMode;
pub use ops::shape::join::grid::Indexing;
pub use ops::shape::parts::index::{At, Ellipsis, Index, NewAxis, step};
pub use ops::shape::parts::tensor_split::Sections;
pub use profile::{Profile, profile};
pub use shape::{Dim, Shape};
pub use tape::{
    Backward, Cut, Gradients, Graph, GraphNode, Hook, NodeId, Pull, Pullback, Saved, detect_anomaly, enable_grad,
    graph, is_recording, no_grad, record_custom, watch_cuts,
};
pub use tensor::watch::is_capturing;
pub use tensor::{DType, Element, Nested, Source, Tensor};

/// Checks of arguments that return what they prove: for operations, layers and losses.
pub mod check {
    pub use crate::ops::check::Check;
    pub use crate::tensor::Float;
}

/// For writing optimizers: one element of an update rule, run over whole tensors by [`Tensor::update`], and numbers
/// that all elements contribute to ([`Tensor::fold`]), or all of a row or a column ([`Tensor::fold_margins`]).
pub mod update {
    pub use crate::kernels::fold::FoldRule;
    pub use crate::kernels::margins::MarginRule;
    pub use crate::kernels::number::Number;
    pub use crate::kernels::real::Real;
    pub use crate::kernels::update::ElementRule;
}

/// The memory that tensors hold.
pub mod memory {
    pub use crate::tensor::pool::{Stats, stats, trim};
    #[doc(hidden)]
    pub use crate::tensor::unwritten::unwritten;
}

/// How a random generator is asked: `rng.random::<f64>()`, `rng.random_range(0..6)`. They are those of the `rand`
/// crate.
pub use rand::{Rng, RngExt};

/// More would get no work, and a system that cannot start so many would leave none.
const MOST_THREADS: usize = 256;

/// Sets how many threads compute: once, before anything is computed. Otherwise there is one for each core, or as many
/// as the environment variable `RAYON_NUM_THREADS` says. Results do not depend on it, to the last bit.
///
/// The threads are those of rayon's global pool, which a program may have for other work, too: the library waits for
/// none of it. A closure of yours that does wait in rayon while the library calls it (in [`no_grad`], a
/// [`custom`](custom()) operation, a hook, a layer that is evaluated) runs other work of the pool in the middle of
/// that, for instance without recording.
///
/// # Errors
/// If `n` is not between 1 and 256, beyond which no kernel is shared further, or the threads run already and are not
/// `n`.
///
/// # Examples
/// ```
/// autograd_core::set_num_threads(2)?;
/// assert_eq!(autograd_core::num_threads(), 2);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn set_num_threads(n: usize) -> Result<()> {
    check::Check("set_num_threads").require((1..=MOST_THREADS).contains(&n), "n", n, "from 1 to 256")?;
    threads::parallel::start(n).map_err(|running| {
        let text = format!(
            "set_num_threads: {running} threads run already, not {n}; call it before anything else that uses threads"
        );
        Error::new(ErrorKind::Argument, text)
    })
}

/// How many threads compute. The first call starts them, if nothing has yet.
///
/// # Examples
/// ```
/// assert!(autograd_core::num_threads() >= 1);
/// ```
pub fn num_threads() -> usize {
    threads::parallel::threads()
}

/// The generator that examples and tests use: ChaCha with 8 rounds, whose numbers are the same on every machine and in
/// every version.
pub type SeededRng = rand::rngs::ChaCha8Rng;

/// A random generator that gives the same numbers for the same seed.
///
/// # Examples
/// ```
/// # use autograd_core::{RngExt, seeded};
/// let (mut a, mut b) = (seeded(7), seeded(7));
/// assert_eq!(a.random::<u64>(), b.random::<u64>());
/// ```
pub fn seeded(seed: u64) -> SeededRng {
    rand::SeedableRng::seed_from_u64(seed)
}
