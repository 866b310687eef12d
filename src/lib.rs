//! Reverse-mode automatic differentiation for Rust, and neural networks on top. CPU, f32 and f64, no system library.
//!
//! ```
//! use wengert::prelude::*;
//! use wengert::train::{Accuracy, Trainer, evaluate};
//! use wengert::{Result, seeded};
//!
//! #[derive(Clone, Module)]
//! struct Mlp {
//!     hidden: nn::Linear,
//!     output: nn::Linear,
//! }
//!
//! impl Layer for Mlp {
//!     fn forward(&self, x: &Tensor) -> Result<Tensor> {
//!         self.output.call("output", &self.hidden.call("hidden", x)?.relu())
//!     }
//! }
//!
//! let mut rng = seeded(7);
//! let [seen, valid, test] = data::two_moons(400, 0.1, &mut rng)?.split([0.70, 0.15, 0.15], &mut rng)?;
//! let mut model = Mlp { hidden: nn::Linear::new(2, 16, &mut rng)?, output: nn::Linear::new(16, 2, &mut rng)? };
//!
//! let trainer = Trainer::new(optim::Adam::new(0.03), nn::cross_entropy).epochs(30).batch_size(32).metric(Accuracy);
//! trainer.fit(&mut model, &seen, &valid, &mut rng)?;
//! assert!(evaluate(&model, &test, Accuracy)? > 0.9);
//! # Ok::<(), wengert::Error>(())
//! ```
//!
//! # Where things are
//!
//! | module | holds |
//! |---|---|
//! | [`core`] | tensors, the tape, derivatives, gradient checks, the tree of parameters; the most used of it is here at the root, too |
//! | [`nn`] | layers, losses, initialisers |
//! | [`optim`] | optimizers, learning-rate schedules, gradient clipping |
//! | [`data`] | datasets, batches, splits, scalers, file readers, small sets |
//! | [`train`] | the training loop, callbacks, metrics, checkpoints, cross-validation |
//! | [`prelude`] | the few names that nearly every program uses |
//! | [`guide`] | [from PyTorch to wengert](guide::from_pytorch), [recipes](guide::recipes), and [captured steps](guide::capture) |
//!
//! # Debug builds that are fast enough
//!
//! Without optimisation, a plain `cargo run` takes some two hundred times as long as a release build. These settings in
//! the `Cargo.toml` of a program bring it near, and cost one longer first build:
//!
//! ```toml
//! [profile.dev]
//! opt-level = 1
//!
//! [profile.dev.package."*"]
//! opt-level = 3
//! debug = false
//! debug-assertions = false
//! overflow-checks = false
//! ```
//!
//! `debug = false` leaves out the line numbers of dependencies, which makes that build a quarter shorter. Checks of
//! overflow in each index keep loops from being vectorised.

#![forbid(unsafe_code)]

#[doc(inline)]
pub use autograd_core::{
    Backward, BoxError, Capture, DType, Error, ErrorKind, Gradients, Profile, Result, SeededRng, Tensor, checkpoint,
    custom, detect_anomaly, enable_grad, grad, gradcheck, graph, hessian, hvp, jacobian, jvp, keep, no_grad,
    num_threads, profile, seeded, set_apart, set_num_threads, tensor, value_and_grad, vhp, vjp,
};

// The crates behind the modules below are taken by globs, not under other names: rustdoc lists an inlined crate as if
// it were a documentation of its own, with links to pages that are not there.

pub mod core {
    //! Tensors, the tape of differentiable operations, and what is made of derivatives.
    //!
    //! A tensor is an immutable value; an operation computes a new value and, if a derivative may be asked for, writes
    //! one entry on the tape. [`Tensor::backward`] walks the tape backwards and returns the gradients; [`grad`] returns
    //! them as tensors that have derivatives themselves.
    //!
    //! ```
    //! use wengert::{Tensor, grad};
    //!
    //! let x = Tensor::from(2.0).requires_grad();
    //! let dy = grad(&x.powf(3.0), &[&x])?;   // 3 x²
    //! let ddy = grad(&dy[0], &[&x])?;        // 6 x
    //! assert_eq!((dy[0].item::<f32>()?, ddy[0].item::<f32>()?), (12.0, 12.0));
    //! # Ok::<(), wengert::Error>(())
    //! ```

    #[doc(inline)]
    pub use autograd_core::*;
}

pub mod nn {
    //! Layers, losses and initialisers.
    //!
    //! A layer is a [`Module`](crate::core::module::Module) (a named tree of parameters) with a
    //! [`forward`](Layer::forward). Layers and losses are compositions of the core's differentiable operations: there
    //! is no hand-written derivative here, but for the clamp of `RnntLoss`. Names, defaults and weight layouts are
    //! PyTorch's.
    //!
    //! ```
    //! use wengert::prelude::*;
    //! use wengert::{Result, seeded};
    //!
    //! /// A factor for each column.
    //! #[derive(Clone, Module)]
    //! struct Scale {
    //!     #[module(rename = "weight")]
    //!     factors: Param,
    //!     columns: usize,
    //! }
    //!
    //! impl Layer for Scale {
    //!     fn forward(&self, x: &Tensor) -> Result<Tensor> {
    //!         x.try_mul(&self.factors)
    //!     }
    //! }
    //!
    //! let scale = Scale { factors: Param::new(Tensor::ones(&[3], DType::F32)?)?, columns: 3 };
    //! assert_eq!(scale.named_parameters()[0].0, "weight");
    //! assert_eq!(scale.num_parameters(), scale.columns);
    //!
    //! let model = nn::sequential![scale, nn::Linear::new(3, 1, &mut seeded(7))?];
    //! assert_eq!(model.forward(&tensor![[1.0, 2.0, 3.0]])?.shape(), [1, 1]);
    //! # Ok::<(), wengert::Error>(())
    //! ```

    // Named, so it comes before the glob's own: that one writes the paths of `autograd_core`, this one of `wengert`.
    #[doc(inline)]
    pub use wengert_derive::WengertModule as Module;
    #[doc(inline)]
    pub use wengert_nn::*;
}

pub mod optim {
    //! Optimizers, learning-rate schedules and gradient clipping.
    //!
    //! An optimizer is its hyperparameters and one formula ([`Rule`]); the [`Driver`] does everything else. A schedule
    //! is a function of the step.

    #[doc(inline)]
    pub use wengert_optim::*;
}

pub mod data {
    //! Datasets, batches, splits, scalers, file readers, and small sets to try things on.
    //!
    //! Whatever happens once takes a random generator: a split in two, a synthetic set. Whatever must give the same
    //! answer each time it is asked takes a seed: the order of a [`DataLoader`], the folds of a cross-validation.

    #[doc(inline)]
    pub use wengert_data::*;
}

pub mod train {
    //! Training: the loop, its callbacks and metrics, and the history of a run.
    //!
    //! A [`Trainer`] describes a run and [`Trainer::fit`] does it. Whatever happens beside the arithmetic is a
    //! [`Callback`]: stopping early, showing progress, writing checkpoints. A run with the same seed gives the same
    //! bits, on any number of threads, also when it is resumed from a checkpoint.

    #[doc(inline)]
    pub use wengert_train::*;
}

pub mod guide;
pub mod prelude;

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
