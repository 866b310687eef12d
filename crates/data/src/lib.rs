//! Data for `wengert`: datasets, batches, splits, scalers, file readers and small sets to try things on.
//!
//! ```
//! use autograd_core::seeded;
//! use wengert_data::sets::two_moons;
//! use wengert_data::transform::{Fit, StandardScaler, Transform};
//! use wengert_data::DataLoader;
//!
//! let mut rng = seeded(7);
//! let [train, valid, test] = two_moons(200, 0.1, &mut rng)?.split([0.70, 0.15, 0.15], &mut rng)?;
//! assert_eq!((train.len(), valid.len(), test.len()), (140, 30, 30));
//!
//! let scaler = StandardScaler::new().fit(&train.x)?;
//! let train = train.map_x(|x| scaler.transform(x))?;
//!
//! let loader = DataLoader::new(&train).batch_size(64).shuffle(7);
//! for batch in loader.epoch(0)? {
//!     let (x, y) = batch?;
//!     assert_eq!(x.shape()[0], y.shape()[0]);
//! }
//! # Ok::<(), wengert_data::Error>(())
//! ```
//!
//! # Randomness
//! Single events take a generator, last: [`TensorDataset::split`], [`split::train_test_split`], [`sets::two_moons`].
//! Whatever must give the same answer each time it is asked takes a seed: [`DataLoader::shuffle`],
//! [`split::KFold::shuffle`]. `rng.random()` draws a seed from a generator; it is a method of
//! [`RngExt`](autograd_core::RngExt), which the prelude of `wengert` has, too.
//!
//! # Options
//! Required things are arguments of `new`: [`split::KFold::new`] takes the number of folds. Options have defaults and
//! are set afterwards, by a method with the option's name: `KFold::new(5).shuffle(7)`. All of it is checked together
//! where it is first used: by [`split::Splitter::split`], [`transform::Fit::fit`], [`DataLoader::epoch`].

#![forbid(unsafe_code)]

#[cfg(test)]
#[macro_use]
mod cases;

mod dataset;
pub mod format;
mod inputs;
mod loader;
mod moments;
mod rows;
pub mod sets;
mod shuffle;
pub mod split;
mod tensor_dataset;
pub mod transform;

pub use autograd_core::{BoxError, Error, ErrorKind, Result};
pub use dataset::Dataset;
pub use format::idx::{fashion_mnist, idx_images, idx_labels, read_idx};
pub use inputs::{InputsDataset, only_input};
pub use loader::{DataLoader, Epoch, EpochAll};
pub use sets::*;
pub use split::*;
pub use tensor_dataset::TensorDataset;
pub use transform::*;
