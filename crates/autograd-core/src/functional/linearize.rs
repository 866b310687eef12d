//! A function near a point: its value and its derivatives as linear maps.

use super::point::{result, walk};
use super::{Point, TensorList, all_fit, at, fits, or_zeros};
use crate::error::Result;
use crate::tape::{gradients_of, is_recording, no_grad, record_start, refusal_of};
use crate::tensor::Tensor;
use std::marker::PhantomData;

/// A function at one point, run once: its value, and its Jacobian as a linear map in both directions.
///
/// # Examples
/// ```
/// use autograd_core::{LinearMap, Tensor, linearize};
/// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]));
/// let product: LinearMap<[&Tensor; 2]> = linearize(|x| x[0].try_mul(&x[1]), [&a, &b])?;
/// assert_eq!(product.value().to_vec::<f32>()?, [3.0, 8.0]);
/// let one = Tensor::from([1.0, 1.0]);
/// assert_eq!(product.jvp([&one, &one])?.to_vec::<f32>()?, [4.0, 6.0]);
/// assert_eq!(product.jvp([&one, &one.zeros_like()])?.to_vec::<f32>()?, [3.0, 4.0]);
/// let [da, db] = product.vjp(&one)?;
/// assert_eq!((da.to_vec::<f32>()?, db.to_vec::<f32>()?), (vec![3.0, 4.0], vec![1.0, 2.0]));
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub struct LinearMap<L> {
    map: Linearized,
    inputs: PhantomData<fn(L)>,
}

/// Runs `f` once, for any number of products with its Jacobian. Each takes one backward walk.
///
/// # Gradient
/// As for [`jvp`](crate::jvp()) and [`vjp`](crate::vjp()). Products that are tracked share the history of f, which a
/// plain `backward` of one of them frees for all; `backward_keep` and [`grad`](crate::grad()) do not.
///
/// # Errors
/// If `f` fails, an operation on the way has no second derivative, or an input or the value is not of float type; if an
/// operation has no derivative for the value as a whole, also where single elements of it have one (see
/// [`Tensor::eigh`]).
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, linearize};
/// let map = linearize(|x| Ok(x[0].square()), [&Tensor::from([1.0, 2.0])])?;
/// assert_eq!(map.jvp([&Tensor::from([10.0, 1.0])])?.to_vec::<f32>()?, [20.0, 4.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn linearize<L: TensorList>(f: impl FnOnce(&[Tensor]) -> Result<Tensor>, inputs: L) -> Result<LinearMap<L>> {
    at("linearize", &inputs.tensors(), |point| Ok(LinearMap { map: Linearized::of(f, point)?, inputs: PhantomData }))
}

impl<L: TensorList> LinearMap<L> {
    /// The value of the function.
    pub fn value(&self) -> Tensor {
        self.map.value()
    }

    /// `Σ ∂y/∂x v` over the inputs and their tangents.
    ///
    /// # Errors
    /// If there is not one tangent for each input, of its shape and dtype.
    pub fn jvp(&self, tangents: impl TensorList) -> Result<Tensor> {
        let tangents = tangents.tensors();
        all_fit("jvp", &self.map.point.xs.iter().collect::<Vec<_>>(), &tangents)?;
        self.map.push(&tangents, is_recording() && self.map.records(&tangents))
    }

    /// `wᵀ ∂y/∂x` for each input (zeros where nothing flows).
    ///
    /// # Errors
    /// If w does not have the shape and the dtype of the value.
    pub fn vjp(&self, w: &Tensor) -> Result<L::Of<Tensor>> {
        fits("vjp", "w", w, &self.map.y)?;
        self.map.pull(w, is_recording() && self.map.records(&[w])).map(L::of)
    }
}

/// The same of a list of inputs.
pub(super) struct Linearized {
    y: Tensor,
    point: Point,
    /// Whether y depends on anything tracked.
    recorded: bool,
    /// A variable u, and `uᵀ ∂y/∂x`, which is linear in it: its derivative with respect to u goes the other way.
    u: Tensor,
    pulled: Vec<Option<Tensor>>,
}

/// Some u, for what an operation refuses: of zeros it would see nothing.
fn probe(y: &Tensor) -> Result<Tensor> {
    match y.dtype().is_float() && y.numel() > 0 {
        true => Tensor::arange(1.0, y.numel() as f64 + 1.0, 1.0, y.dtype())?.sin().reshape(y.shape()),
        false => Ok(y.zeros_like()),
    }
}

impl Linearized {
    /// Of a function at a point.
    pub(super) fn of(f: impl FnOnce(&[Tensor]) -> Result<Tensor>, point: Point) -> Result<Linearized> {
        let y = point.value_of(f)?;
        let recorded = point.records(&y, &[]);
        // At 0, where a hook or a gradient of one's own that is not linear has the slope it has there.
        let u = record_start("jvp", &y.detach().zeros_like());
        let targets: Vec<&Tensor> = point.xs.iter().collect();
        let pulled = match y.is_tracked() {
            true => {
                let probe = probe(&y.detach())?;
                no_grad(|| refusal_of((&y, &probe), &targets))?;
                gradients_of(&[(&y, Some(&u))], &targets, true)?
            }
            false => vec![None; point.xs.len()],
        };
        Ok(Linearized { y, point, recorded, u, pulled })
    }

    pub(super) fn value(&self) -> Tensor {
        result(self.y.clone(), self.recorded)
    }

    /// Whether anything tracked takes part in products with these vectors.
    pub(super) fn records(&self, vectors: &[&Tensor]) -> bool {
        self.recorded || vectors.iter().any(|v| v.is_tracked())
    }

    pub(super) fn push(&self, tangents: &[&Tensor], recorded: bool) -> Result<Tensor> {
        let roots: Vec<(&Tensor, Option<&Tensor>)> = self
            .pulled
            .iter()
            .zip(tangents)
            .filter_map(|(g, v)| Some((g.as_ref()?, Some(*v))))
            .filter(|(g, _)| g.is_tracked())
            .collect();
        Ok(or_zeros(walk(&roots, &[&self.u], recorded)?, std::slice::from_ref(&self.u)).remove(0))
    }

    pub(super) fn pull(&self, w: &Tensor, recorded: bool) -> Result<Vec<Tensor>> {
        self.point.gradients(&self.y, Some(w), recorded)
    }
}
