//! The derivative of normalisation as tensor code.

use crate::error::Result;
use crate::keep;
use crate::shape::Shape;
use crate::tape::unrecorded;
use crate::tensor::Tensor;
use smallvec::SmallVec;

/// A normalised tensor in a shape whose dims tell what is normalised together, and what has a weight of its own.
pub(super) struct Form {
    /// The shape it is seen in.
    pub(super) shape: Shape,
    /// The dims that are normalised over.
    pub(super) over: SmallVec<[isize; 2]>,
    /// The shape of weight and bias against it: 1 in the dims that share them.
    pub(super) affine: Shape,
}

/// The normalised values of a [`Form`], from which all gradients come.
pub(super) struct Normalised<'f> {
    form: &'f Form,
    /// `(x − μ) r`
    x: Tensor,
    /// `1/√(σ² + ε)`
    inverse: Tensor,
    /// Whether μ and σ² are those of x.
    own: Option<bool>,
}

impl Form {
    /// `x̂` by the mean and the variance of x; `centre`, a constant, is near the mean, or the mean is not subtracted.
    pub(super) fn normalised(&self, x: &Tensor, centre: Option<&Tensor>, eps: f64) -> Result<Normalised<'_>> {
        let x = x.reshape_to(&self.shape)?;
        let deviations = match centre {
            None => x,
            Some(centre) => {
                let about = x.try_sub(centre)?;
                about.try_sub(&self.mean(&about)?)?
            }
        };
        let unit = self.unit(&deviations, eps)?;
        let variance = self.mean(&deviations.try_div(&unit)?.square())?;
        let eps = Tensor::full(&[], eps, unit.dtype())?.try_div(&unit)?.try_div(&unit)?;
        let inverse = variance.try_add(&eps)?.rsqrt().try_div(&unit)?;
        let x = deviations.try_mul(&inverse)?;
        Ok(Normalised { form: self, x, inverse, own: Some(centre.is_some()) })
    }

    /// `x̂` by a mean and a variance that are given, one for each weight.
    pub(super) fn normalised_by(&self, x: &Tensor, mean: &Tensor, var: &Tensor, eps: f64) -> Result<Normalised<'_>> {
        let inverse = var.reshape_to(&self.affine)?.add_scalar(eps).rsqrt();
        let deviations = x.reshape_to(&self.shape)?.try_sub(&mean.reshape_to(&self.affine)?)?;
        Ok(Normalised { form: self, x: deviations.try_mul(&inverse)?, inverse, own: None })
    }

    /// What the deviations are measured in, so that their squares do not overflow or vanish: 1 where they do not
    /// anyway.
    fn unit(&self, deviations: &Tensor, eps: f64) -> Result<Tensor> {
        let one = Tensor::full(&[], 1.0, deviations.dtype())?;
        if deviations.numel() == 0 {
            return Ok(one);
        }
        unrecorded(|| {
            let most = deviations.abs().amax(keep(&self.over[..]))?.clamp(eps.max(0.0).sqrt(), f64::INFINITY)?;
            let far = most.gt_scalar(1e15).logical_or(&most.lt_scalar(1e-12))?;
            let far = far.logical_and(&most.gt_scalar(0.0))?.logical_and(&most.lt_scalar(f64::INFINITY))?;
            far.where_cond(&most, &one)
        })
    }

    fn mean(&self, x: &Tensor) -> Result<Tensor> {
        x.mean_dim(keep(&self.over[..]))
    }
}

impl Normalised<'_> {
    /// The gradient of x.
    pub(super) fn input(&self, gy: &Tensor, weight: Option<&Tensor>, shape: &[usize]) -> Result<Tensor> {
        let gy = gy.reshape_to(&self.form.shape)?;
        let g = match weight {
            Some(weight) => gy.try_mul(&weight.reshape_to(&self.form.affine)?)?,
            None => gy,
        };
        let left = match self.own {
            None => g,
            Some(centred) => {
                let along = self.x.try_mul(&self.form.mean(&g.try_mul(&self.x)?)?)?;
                let g = if centred { g.try_sub(&self.form.mean(&g)?)? } else { g };
                g.try_sub(&along)?
            }
        };
        left.try_mul(&self.inverse)?.reshape_to(shape)
    }

    /// `Σ gy x̂`, the gradient of the weight.
    pub(super) fn weight(&self, gy: &Tensor, shape: &[usize]) -> Result<Tensor> {
        self.sum(&gy.reshape_to(&self.form.shape)?.try_mul(&self.x)?, shape)
    }

    /// `Σ gy`, the gradient of the bias.
    pub(super) fn bias(&self, gy: &Tensor, shape: &[usize]) -> Result<Tensor> {
        self.sum(&gy.reshape_to(&self.form.shape)?, shape)
    }

    /// The sum of what shares a weight.
    fn sum(&self, x: &Tensor, shape: &[usize]) -> Result<Tensor> {
        let sizes = self.form.shape.iter().zip(self.form.affine.iter()).enumerate();
        let shared: SmallVec<[isize; 4]> =
            sizes.filter(|(_, (size, own))| size != own).map(|(dim, _)| dim as isize).collect();
        if shared.is_empty() { x.reshape_to(shape) } else { x.sum_dim(&shared[..])?.reshape_to(shape) }
    }

    /// `1/√(σ² + ε)`, with the sizes of weights.
    pub(super) fn inverse(&self) -> &Tensor {
        &self.inverse
    }
}
