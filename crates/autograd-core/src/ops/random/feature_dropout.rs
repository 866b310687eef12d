//! Random dropping of whole channels and samples.

use super::dropout::{dropped, scaled};
use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::tensor::Tensor;
use crate::tensor::watch::roll;
use rand::{Rng, RngExt};

impl Tensor {
    /// Whole channels are dropped: [`Tensor::dropout`] where the elements of a channel of a sample share their fate.
    ///
    /// # Shapes
    /// `x: [N, C, L]` or `[C, L]`, the result like x.
    ///
    /// # Errors
    /// If x is no float tensor of such a shape, or `p` is not in `[0, 1]`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// let y = Tensor::ones(&[1, 50, 2], DType::F32)?.dropout1d(0.5, &mut seeded(7))?.to_vec::<f32>()?;
    /// assert!(y.chunks(2).all(|channel| channel == [0.0, 0.0] || channel == [2.0, 2.0]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Tompson, Goroshin, Jain, LeCun, Bregler, Efficient object localization using convolutional networks, 2015.
    pub fn dropout1d(&self, p: f64, rng: &mut dyn Rng) -> Result<Tensor> {
        self.dropout1d_seeded(p, roll("dropout1d", || rng.random()))
    }

    /// [`Tensor::dropout1d`] with the seed that decides which channels are dropped.
    ///
    /// # Errors
    /// As for [`Tensor::dropout1d`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// let x = Tensor::ones(&[2, 3, 4], DType::F32)?;
    /// assert_eq!(x.dropout1d_seeded(0.5, 7)?.to_f64s(), x.dropout1d_seeded(0.5, 7)?.to_f64s());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn dropout1d_seeded(&self, p: f64, seed: u64) -> Result<Tensor> {
        let behind = [3, 2].iter().position(|rank| *rank == self.rank()).map(|without| 2 - without);
        channels("dropout1d", self, behind, "[N, C, L] or [C, L]", p, seed)
    }

    /// [`Tensor::dropout1d`] for planes.
    ///
    /// # Shapes
    /// `x: [N, C, H, W]` or `[N, C, L]`, the result like x.
    ///
    /// # Errors
    /// If x is no float tensor of such a shape, or `p` is not in `[0, 1]`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// let y = Tensor::ones(&[1, 50, 2, 2], DType::F32)?.dropout2d(0.5, &mut seeded(7))?.to_vec::<f32>()?;
    /// assert!(y.chunks(4).all(|channel| channel == [0.0; 4] || channel == [2.0; 4]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Differs from
    /// PyTorch, which warns of other shapes and drops along their first two dims.
    pub fn dropout2d(&self, p: f64, rng: &mut dyn Rng) -> Result<Tensor> {
        self.dropout2d_seeded(p, roll("dropout2d", || rng.random()))
    }

    /// [`Tensor::dropout2d`] with the seed that decides which channels are dropped.
    ///
    /// # Errors
    /// As for [`Tensor::dropout2d`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// let x = Tensor::ones(&[2, 3, 4, 4], DType::F32)?;
    /// assert_eq!(x.dropout2d_seeded(0.5, 7)?.to_f64s(), x.dropout2d_seeded(0.5, 7)?.to_f64s());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn dropout2d_seeded(&self, p: f64, seed: u64) -> Result<Tensor> {
        // Of three dims the first is that of samples, as in PyTorch.
        let behind = [4, 3].contains(&self.rank()).then_some(2);
        channels("dropout2d", self, behind, "[N, C, H, W] or [N, C, L]", p, seed)
    }

    /// [`Tensor::dropout1d`] for volumes.
    ///
    /// # Shapes
    /// `x: [N, C, D, H, W]` or `[C, D, H, W]`, the result like x.
    ///
    /// # Errors
    /// If x is no float tensor of such a shape, or `p` is not in `[0, 1]`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// let y = Tensor::ones(&[50, 1, 2, 2], DType::F32)?.dropout3d(0.5, &mut seeded(7))?.to_vec::<f32>()?;
    /// assert!(y.chunks(4).all(|channel| channel == [0.0; 4] || channel == [2.0; 4]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn dropout3d(&self, p: f64, rng: &mut dyn Rng) -> Result<Tensor> {
        self.dropout3d_seeded(p, roll("dropout3d", || rng.random()))
    }

    /// [`Tensor::dropout3d`] with the seed that decides which channels are dropped.
    ///
    /// # Errors
    /// As for [`Tensor::dropout3d`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// let x = Tensor::ones(&[3, 2, 4, 4], DType::F32)?;
    /// assert_eq!(x.dropout3d_seeded(0.5, 7)?.to_f64s(), x.dropout3d_seeded(0.5, 7)?.to_f64s());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn dropout3d_seeded(&self, p: f64, seed: u64) -> Result<Tensor> {
        let behind = [5, 4].iter().position(|rank| *rank == self.rank()).map(|without| 2 - without);
        channels("dropout3d", self, behind, "[N, C, D, H, W] or [C, D, H, W]", p, seed)
    }

    /// Whole samples, along the first dim, are dropped, which is stochastic depth where x is a residual branch.
    ///
    /// # Errors
    /// If x is no float tensor, or a scalar, or `p` is not in `[0, 1]`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// let y = Tensor::ones(&[50, 3], DType::F32)?.drop_path(0.5, &mut seeded(7))?.to_vec::<f32>()?;
    /// assert!(y.chunks(3).all(|sample| sample == [0.0; 3] || sample == [2.0; 3]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Huang, Sun, Liu, Sedra, Weinberger, Deep networks with stochastic depth, 2016.
    pub fn drop_path(&self, p: f64, rng: &mut dyn Rng) -> Result<Tensor> {
        self.drop_path_seeded(p, roll("drop_path", || rng.random()))
    }

    /// [`Tensor::drop_path`] with the seed that decides which samples are dropped.
    ///
    /// # Errors
    /// As for [`Tensor::drop_path`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// let x = Tensor::ones(&[20, 3], DType::F32)?;
    /// assert_eq!(x.drop_path_seeded(0.5, 7)?.to_f64s(), x.drop_path_seeded(0.5, 7)?.to_f64s());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn drop_path_seeded(&self, p: f64, seed: u64) -> Result<Tensor> {
        let op = "drop_path";
        checked(op, self, p)?;
        if self.rank() == 0 {
            return Err(Error::shape(op, "the input", self.shape(), "[N, ..]"));
        }
        dropped(op, self, scaled(p, self.shape()[1..].iter().product()), seed)
    }
}

/// Channels of x are dropped, whose elements lie behind so many dims; the shapes are those expected.
fn channels(op: &'static str, x: &Tensor, behind: Option<usize>, shapes: &str, p: f64, seed: u64) -> Result<Tensor> {
    checked(op, x, p)?;
    let behind = behind.ok_or_else(|| Error::shape(op, "the input", x.shape(), shapes))?;
    dropped(op, x, scaled(p, x.shape()[behind..].iter().product()), seed)
}

pub(super) fn checked(op: &'static str, x: &Tensor, p: f64) -> Result<()> {
    Check(op).float(x)?;
    Check(op).require((0.0..=1.0).contains(&p), "p", p, "in [0, 1]")
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = |shape: &[usize]| vec![Input::real(shape, -2.0..2.0)];
    let zeros = |x: &[Vec<f64>]| vec![0.0; x[0].len()];
    [
        Case::new("dropout1d", x(&[2, 3, 4]), |x| x[0].dropout1d_seeded(0.4, 7))
            .not_of_views()
            .refuses(|x| x[0].dropout1d_seeded(-0.1, 7), "dropout1d: p is -0.1, it must be in [0, 1]")
            .refuses(
                |x| x[0].select(0, 0)?.select(0, 0)?.dropout1d_seeded(0.4, 7),
                "dropout1d: the input has shape [4], expected [N, C, L] or [C, L]",
            ),
        Case::new("dropout1d (of all)", x(&[3, 4]), |x| x[0].dropout1d_seeded(1.0, 7)).value(zeros),
        Case::new("dropout2d", x(&[2, 2, 2, 3]), |x| x[0].dropout2d_seeded(0.4, 7))
            .not_of_views()
            .refuses(|x| x[0].dropout2d_seeded(f64::NAN, 7), "dropout2d: p is NaN, it must be in [0, 1]")
            .refuses(
                |x| x[0].unsqueeze(0)?.dropout2d_seeded(0.4, 7),
                "dropout2d: the input has shape [1, 2, 2, 2, 3], expected [N, C, H, W] or [N, C, L]",
            ),
        Case::new("dropout3d", x(&[2, 2, 1, 2, 2]), |x| x[0].dropout3d_seeded(0.4, 7))
            .not_of_views()
            .refuses(
                |x| x[0].to_dtype(DType::I64).dropout3d_seeded(0.4, 7),
                "dropout3d: dtype is I64, expected F32 or F64; to_dtype converts",
            )
            .refuses(
                |x| x[0].unsqueeze(0)?.dropout3d_seeded(0.4, 7),
                "dropout3d: the input has shape [1, 2, 2, 1, 2, 2], expected [N, C, D, H, W] or [C, D, H, W]",
            ),
        Case::new("drop_path", x(&[6, 2]), |x| x[0].drop_path_seeded(0.4, 7))
            .not_of_views()
            .refuses(|x| x[0].drop_path_seeded(1.1, 7), "drop_path: p is 1.1, it must be in [0, 1]")
            .refuses(|x| x[0].sum().drop_path_seeded(0.4, 7), "drop_path: the input has shape [], expected [N, ..]"),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Result, Tensor};

    type Dropping = fn(&Tensor) -> Result<Tensor>;

    /// Each form drops whole groups, and each group by a draw of its own.
    #[test]
    fn elements_of_a_group_share_their_fate() -> Result<()> {
        let forms: [(&[usize], usize, Dropping); 8] = [
            (&[20, 20, 7], 7, |x| x.dropout1d_seeded(0.25, 1)),
            (&[400, 7], 7, |x| x.dropout1d_seeded(0.25, 1)),
            (&[20, 20, 3, 5], 15, |x| x.dropout2d_seeded(0.25, 1)),
            (&[20, 20, 5], 5, |x| x.dropout2d_seeded(0.25, 1)),
            (&[20, 20, 3, 5, 2], 30, |x| x.dropout3d_seeded(0.25, 1)),
            (&[400, 3, 5, 2], 30, |x| x.dropout3d_seeded(0.25, 1)),
            (&[400], 1, |x| x.drop_path_seeded(0.25, 1)),
            (&[400, 3, 100], 300, |x| x.drop_path_seeded(0.25, 1)),
        ];
        for (shape, inner, dropping) in forms {
            let y = dropping(&Tensor::ones(shape, DType::F64)?)?.to_f64s();
            let groups: Vec<f64> = y.chunks(inner).map(|group| group[0]).collect();
            assert!(y.chunks(inner).zip(&groups).all(|(group, first)| group.iter().all(|y| y == first)), "{shape:?}");
            assert!(groups.iter().all(|y| *y == 0.0 || (y - 4.0 / 3.0).abs() < 1e-15), "{shape:?}");
            let share = groups.iter().filter(|y| **y == 0.0).count() as f64 / groups.len() as f64;
            assert!((share - 0.25).abs() < 0.07, "{shape:?}: {share}");
        }
        Ok(())
    }
}
