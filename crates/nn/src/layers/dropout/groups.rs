//! Random dropping of channels and samples, and to the negative end of `selu`.

use super::drawn;
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::{Mode, Stream};
use autograd_core::{Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// Layers from lines `Name: method, its seeded form, "title"`, the shape of an example, and what becomes of its ones.
macro_rules! dropping {
    ($($Name:ident: $method:ident, $seeded:ident, $title:literal, $shape:literal, $values:literal;)*) => {$(
        #[doc = concat!($title, ": in training [`Tensor::", stringify!($method), "`] as a layer; in evaluation nothing changes.")]
        ///
        /// The layer draws from a stream of its own, like [`Dropout`](crate::Dropout).
        ///
        /// # Errors
        /// `forward` fails if the input is no float tensor, or does not have the dims.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::{DType, Tensor, module::Module};
        #[doc = concat!("use wengert_nn::{", stringify!($Name), ", Layer};")]
        #[doc = concat!("let x = Tensor::ones(&", $shape, ", DType::F32)?;")]
        #[doc = concat!("let mut dropout = ", stringify!($Name), "::new(0.5, &mut autograd_core::seeded(7))?;")]
        /// let y = dropout.forward(&x)?.to_vec::<f32>()?;
        #[doc = concat!("for number in ", $values, " {")]
        ///     assert!(y.iter().any(|y| (y - number).abs() < 1e-6));
        /// }
        /// dropout.eval();
        /// assert_eq!(dropout.forward(&x)?.to_vec::<f32>()?, x.to_vec::<f32>()?);
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        #[derive(Clone, Debug, Module)]
        pub struct $Name {
            p: f64,
            stream: Stream,
            mode: Mode,
        }

        impl $Name {
            /// A layer that drops with probability `p`, `0 ≤ p ≤ 1`.
            ///
            /// # Errors
            /// If `p` is outside its range.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert!(", stringify!($Name), "::new(1.5, &mut autograd_core::seeded(7)).is_err());")]
            /// ```
            pub fn new(p: f64, rng: &mut dyn Rng) -> Result<$Name> {
                Check(stringify!($Name)).require((0.0..=1.0).contains(&p), "p", p, "in [0, 1]")?;
                Ok($Name { p, stream: Stream::new(rng), mode: Mode::default() })
            }

            /// The probability of being dropped.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            /// let mut rng = autograd_core::seeded(7);
            #[doc = concat!("assert_eq!(", stringify!($Name), "::new(0.25, &mut rng)?.p(), 0.25);")]
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn p(&self) -> f64 {
                self.p
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                if !self.mode.is_training() || self.p == 0.0 {
                    // The operation refuses what does not fit, in evaluation as in training.
                    return x.$seeded(0.0, 0);
                }
                drawn(&self.stream, |seed| x.$seeded(self.p, seed))
            }
        }
    )*};
}

dropping! {
    Dropout1d: dropout1d, dropout1d_seeded, "Dropping of channels of rows", "[2, 20, 3]", "[0.0, 2.0]";
    Dropout2d: dropout2d, dropout2d_seeded, "Dropping of channels of planes", "[2, 20, 3, 3]", "[0.0, 2.0]";
    Dropout3d: dropout3d, dropout3d_seeded, "Dropping of channels of volumes", "[2, 20, 3, 3, 3]", "[0.0, 2.0]";
    AlphaDropout: alpha_dropout, alpha_dropout_seeded, "Dropping for networks of [`SELU`](crate::SELU)",
        "[20]", "[-0.779_193_9, 1.665_598_8]";
    FeatureAlphaDropout: feature_alpha_dropout, feature_alpha_dropout_seeded,
        "Dropping of channels for networks of [`SELU`](crate::SELU)", "[2, 20, 3]", "[-0.779_193_9, 1.665_598_8]";
    DropPath: drop_path, drop_path_seeded, "Dropping of samples, for the branches of residual networks",
        "[20, 3]", "[0.0, 2.0]";
}

#[cfg(test)]
cases![
    layer("Dropout1d", |rng| Dropout1d::new(0.4, rng))
        .maps(&[3, 4, 2], &[3, 4, 2])
        .maps(&[4, 2], &[4, 2])
        .maps(&[0, 2, 2], &[0, 2, 2])
        .refuses(&[4], "dropout1d: the input has shape [4], expected [N, C, L] or [C, L]"),
    layer("Dropout1d", |rng| Dropout1d::new(1.0, rng)).gives([[1.0, 2.0]], [[0.0, 0.0]]),
    layer("Dropout1d", |rng| Dropout1d::new(-0.1, rng)).cannot_be("Dropout1d: p is -0.1, it must be in [0, 1]"),
    layer("Dropout2d", |rng| Dropout2d::new(0.4, rng))
        .maps(&[3, 4, 2, 2], &[3, 4, 2, 2])
        .refuses(&[4], "dropout2d: the input has shape [4], expected [N, C, H, W] or [N, C, L]"),
    layer("Dropout2d", |rng| Dropout2d::new(0.0, rng)).gives([[[1.0, 2.0]]], [[[1.0, 2.0]]]),
    layer("Dropout2d", |rng| Dropout2d::new(f64::NAN, rng)).cannot_be("Dropout2d: p is NaN, it must be in [0, 1]"),
    layer("Dropout3d", |rng| Dropout3d::new(0.4, rng)).maps(&[3, 2, 2, 1, 2], &[3, 2, 2, 1, 2]),
    layer("Dropout3d", |rng| Dropout3d::new(1.5, rng)).cannot_be("Dropout3d: p is 1.5, it must be in [0, 1]"),
    layer("AlphaDropout", |rng| AlphaDropout::new(0.4, rng)).maps(&[3, 4], &[3, 4]).maps(&[], &[]),
    layer("AlphaDropout", |rng| AlphaDropout::new(1.1, rng)).cannot_be("AlphaDropout: p is 1.1, it must be in [0, 1]"),
    layer("FeatureAlphaDropout", |rng| FeatureAlphaDropout::new(0.4, rng))
        .maps(&[3, 4, 2], &[3, 4, 2])
        .refuses(&[4], "feature_alpha_dropout: the input has shape [4], expected [N, C, ..]"),
    layer("FeatureAlphaDropout", |rng| FeatureAlphaDropout::new(1.1, rng))
        .cannot_be("FeatureAlphaDropout: p is 1.1, it must be in [0, 1]"),
    layer("DropPath", |rng| DropPath::new(0.4, rng))
        .maps(&[5, 3], &[5, 3])
        .refuses(&[], "drop_path: the input has shape [], expected [N, ..]"),
    layer("DropPath", |rng| DropPath::new(1.1, rng)).cannot_be("DropPath: p is 1.1, it must be in [0, 1]"),
];
