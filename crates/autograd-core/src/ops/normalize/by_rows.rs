//! Normalisation of rows, which layers, groups and instances have in common.

use super::by_channels::operand;
use super::form::Form;
use crate::error::Result;
use crate::kernels::normalize::columns::{Norms, column_pairs};
use crate::kernels::normalize::rows::{Affine, forward, pull, segment_pairs};
use crate::kernels::normalize::{Rule, pool_pairs};
use crate::ops::check::Check;
use crate::shape::{Layout, Shape};
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};
use smallvec::{SmallVec, smallvec};

/// Rows of one width, and the weights and biases that go with their elements.
pub(super) struct Rows<'a> {
    pub(super) op: &'static str,
    pub(super) rule: Rule,
    pub(super) width: usize,
    /// The number of neighbouring elements that share a weight.
    pub(super) each: usize,
    pub(super) weight: Option<&'a Tensor>,
    pub(super) bias: Option<&'a Tensor>,
    pub(super) form: Form,
}

impl Rows<'_> {
    /// Checks dtypes, weights against the shape they must have, and ε.
    pub(super) fn check(&self, x: &Tensor, affine: &[usize]) -> Result<()> {
        let check = Check(self.op);
        check.float(x)?;
        for (what, tensor) in [("weight", self.weight), ("bias", self.bias)] {
            if let Some(tensor) = tensor {
                check.is(what, tensor, affine)?;
                check.same_float(x, tensor)?;
            }
        }
        check.require(!self.rule.eps.is_nan(), "eps", self.rule.eps, "a number")
    }

    /// `y = (x − μ)/√(σ² + ε) w + b`
    pub(super) fn normalise(self, x: &Tensor) -> Result<Tensor> {
        let Rows { op, rule, width, each, weight, bias, form } = self;
        let packed = x.try_packed(op)?;
        let numel = x.numel();
        let rows = if numel == 0 { 0 } else { numel / width };
        let (w, b) = (operand(op, &packed, weight)?, operand(op, &packed, bias)?);
        // One pass writes both, so they lie in one memory.
        let both = for_float!(x.float(), T => {
            Tensor::compute::<T, 3>(op, &[numel + 3 * rows], [&packed, &w, &b], move |[x, w, b], both| {
                if numel > 0 {
                    let (y, norms) = both.split_at_mut(numel);
                    let affine = Affine { weight: w.flat(), bias: b.flat(), each };
                    forward::<T>(rule, x.flat(), affine, width, y, norms.as_chunks_mut::<3>().0);
                }
            })
        })?;
        let norms = both.with_layout(Layout::contiguous_at(&[rows, 3], numel));
        let value = both.with_layout(Layout::contiguous(x.shape()));
        let inputs: SmallVec<[&Tensor; 3]> = [Some(x), weight, bias].into_iter().flatten().collect();
        Ok(record(op, value, &inputs, |_| Normalised {
            op,
            rule,
            width,
            each,
            form,
            x: Saved::input(0, x),
            weight: weight.map(|weight| Saved::input(1, weight)),
            bias: bias.map(|_| 1 + usize::from(weight.is_some())),
            affine: weight.or(bias).map(|x| x.shape().into()),
            norms: Saved::constant(&norms),
        }))
    }
}

struct Normalised {
    op: &'static str,
    rule: Rule,
    width: usize,
    each: usize,
    form: Form,
    x: Saved,
    weight: Option<Saved>,
    /// The number of the input that is the bias.
    bias: Option<usize>,
    /// The shape of weight and bias.
    affine: Option<Shape>,
    /// A number near the mean of each row, what it lacks to it, and `1/√(σ² + ε)`.
    norms: Saved,
}

impl Pullback for Normalised {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy) = (self.x.get(at), at.gy());
        let weight = self.weight.as_ref().map(|weight| weight.get(at));
        let centre = match self.rule.centred {
            false => None,
            true => {
                let mut shape: SmallVec<[usize; 4]> = SmallVec::from_slice(&self.form.shape);
                self.form.over.iter().for_each(|dim| shape[*dim as usize] = 1);
                // No rows of no elements have no norms.
                let norms = self.norms.value().narrow(1, 0, 1)?;
                Some(if x.numel() == 0 { Tensor::zeros(&shape, x.dtype())? } else { norms.reshape_to(&shape)? })
            }
        };
        let normalised = self.form.normalised(&x, centre.as_ref(), self.rule.eps)?;
        at.give(0, || normalised.input(gy, weight.as_deref(), x.shape()))?;
        let affine = self.affine.as_deref().unwrap_or_default();
        if weight.is_some() {
            at.give(1, || normalised.weight(gy, affine))?;
        }
        match self.bias {
            Some(input) => at.give(input, || normalised.bias(gy, affine)),
            None => Ok(()),
        }
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy, norms) = (self.x.value().packed(), at.gy().packed(), self.norms.value());
        let (width, each, numel, centred) = (self.width, self.each, x.numel(), self.rule.centred);
        at.give(0, || {
            let weight = operand(self.op, &x, self.weight.as_ref().map(Saved::value))?;
            let operands = [&*gy, &*x, norms, &weight];
            for_float!(x.float(), T => Tensor::compute::<T, 4>(self.op, x.shape(), operands, move |[gy, x, norms, w], gx| {
                if numel > 0 {
                    let affine = Affine { weight: w.flat(), bias: &[], each };
                    let (norms, _) = norms.flat::<T>().as_chunks::<3>();
                    pull::<T>(centred, gy.flat(), x.flat(), norms, affine, width, gx);
                }
            }))
        })?;
        let Some(affine) = &self.affine else { return Ok(()) };
        let (weight, count) = (self.weight.as_ref().map(|_| 1), affine.iter().product());
        if ![weight, self.bias].into_iter().flatten().any(|input| at.wants(input)) {
            return Ok(());
        }
        let pairs = self.pairs(&gy, &x, count)?;
        for (of, input) in [(0, self.bias), (1, weight)] {
            if let Some(input) = input {
                at.give(input, || pairs.narrow(1, of, 1)?.contiguous().reshape_to(affine))?;
            }
        }
        Ok(())
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        self.weight.iter().for_each(&mut *see);
        see(&self.norms);
    }
}

impl Normalised {
    /// `Σ gy` and `Σ gy x̂` of all that shares a weight.
    fn pairs(&self, gy: &Tensor, x: &Tensor, count: usize) -> Result<Tensor> {
        let (norms, width, each, numel) = (self.norms.value(), self.width, self.each, x.numel());
        let operands = [gy, x, norms];
        if numel == 0 {
            return Tensor::zeros(&[count, 2], x.dtype());
        }
        if count == width && each == 1 {
            return for_float!(x.float(), T => {
                Tensor::compute::<T, 3>(self.op, &[count, 2], operands, move |[gy, x, norms], y| {
                    let (norms, _) = norms.flat::<T>().as_chunks::<3>();
                    column_pairs::<T>(gy.flat(), x.flat(), Norms::Rows(norms), y.as_chunks_mut::<2>().0);
                })
            });
        }
        let parts = for_float!(x.float(), T => {
            Tensor::compute::<T, 3>(self.op, &[numel / each, 2], operands, move |[gy, x, norms], y| {
                let (norms, _) = norms.flat::<T>().as_chunks::<3>();
                let norm = |segment: usize| norms[segment * each / width];
                segment_pairs::<T>(gy.flat(), x.flat(), norm, each, y.as_chunks_mut::<2>().0);
            })
        })?;
        for_float!(x.float(), T => Tensor::compute::<T, 1>(self.op, &[count, 2], [&parts], move |[parts], y| {
            pool_pairs::<T>(parts.flat::<T>().as_chunks::<2>().0, [count, 1], y.as_chunks_mut::<2>().0);
        }))
    }
}

/// The dims `[rows, width]` of a row with a weight for each element.
pub(super) fn flat_form(rows: usize, width: usize) -> Form {
    Form { shape: Shape::from(&[rows, width][..]), over: smallvec![1], affine: Shape::from(&[1, width][..]) }
}
