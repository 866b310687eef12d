//! Derivatives of what is defined by an equation.

use super::TensorList;
use super::again::{Again, cut};
use super::solver::{Goal, conjugate_gradients, gmres, unit};
use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, Segment, forwards, gradients_of, is_recording, mark, no_grad, record_same};
use crate::tensor::recall::noting;
use crate::tensor::{DType, Tensor};
use std::sync::Arc;

type Function = Arc<dyn Fn(&Tensor, &[Tensor]) -> Result<Tensor> + Send + Sync>;
type Own = Arc<dyn Fn(&dyn Fn(&Tensor) -> Result<Tensor>, &Tensor) -> Result<Tensor> + Send + Sync>;

/// The solution x of `f(x, inputs) = 0` that `solve(inputs)` finds, with the derivatives of the implicit function
/// theorem: `∂x/∂θ = −(∂f/∂x)⁻¹ ∂f/∂θ`. See [`Implicit`] for options.
///
/// `solve` may find it in any way: nothing in it is recorded, and backward takes the memory of one evaluation of f and
/// that of the linear solver, however many steps there were. What f captures has gradients like the inputs.
///
/// # Gradient
/// `gθ = (∂f/∂θ)ᵀ u` with `(∂f/∂x)ᵀ u = −gy`, which GMRES solves by products, one backward walk each. u is itself the
/// root of a linear equation, so there are derivatives of any order. They are as exact as x and u are.
///
/// # Errors
/// If a function fails, f does not return the shape and the dtype of x, draws random numbers, or does not depend on its
/// arguments alone. The walk fails if the linear equations are not solved: f has no or more than one solution there, or
/// they take more products, a larger tolerance or another solver.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, custom_root, grad};
/// let t = Tensor::from_vec(vec![4.0, 9.0], &[2])?.requires_grad();
/// // x² = t, by bisection or any other way
/// let x = custom_root(|x, t| x.square().try_sub(&t[0]), |t| Ok(t[0].sqrt()), [&t])?;
/// let [slope] = grad(&x.sum(), [&t])?; // 1 / 2√t
/// assert!(slope.to_f64s().iter().zip([1.0 / 4.0, 1.0 / 6.0]).all(|(a, b)| (a - b).abs() < 1e-12));
/// let [bend] = grad(&slope.sum(), [&t])?; // −1 / 4t√t
/// assert!(bend.to_f64s().iter().zip([-1.0 / 32.0, -1.0 / 108.0]).all(|(a, b)| (a - b).abs() < 1e-12));
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Blondel, Berthet, Cuturi, Frostig, Hoyer, Llinares-López, Pedregosa, Vert, Efficient and modular implicit
/// differentiation, 2022.
pub fn custom_root<L: TensorList>(
    f: impl Fn(&Tensor, &[Tensor]) -> Result<Tensor> + Send + Sync + 'static,
    solve: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    inputs: L,
) -> Result<Tensor> {
    Implicit::new().root(f, solve, inputs)
}

/// The x with `x = g(x, inputs)` that repeated application of g comes to from `start`, with the derivatives of
/// [`custom_root`] for `f = g − x`. See [`Implicit`] for options.
///
/// # Errors
/// If g fails, changes shape or dtype, x still changes after the last iteration, or as for [`custom_root`].
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, fixed_point, grad};
/// let t = Tensor::from_vec(vec![2.0], &[1])?.requires_grad();
/// // Heron's x = (x + t / x) / 2 is √t, whatever it starts from.
/// let heron = |x: &Tensor, t: &[Tensor]| Ok(x.try_add(&t[0].try_div(x)?)?.mul_scalar(0.5));
/// let x = fixed_point(heron, &Tensor::from_vec(vec![1.0], &[1])?, [&t])?;
/// let [slope] = grad(&x.sum(), [&t])?;
/// assert!((x.to_f64()? - 2f64.sqrt()).abs() < 1e-12 && (slope.to_f64()? - 0.125f64.sqrt()).abs() < 1e-12);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn fixed_point<L: TensorList>(
    g: impl Fn(&Tensor, &[Tensor]) -> Result<Tensor> + Send + Sync + 'static,
    start: &Tensor,
    inputs: L,
) -> Result<Tensor> {
    Implicit::new().fixed_point(g, start, inputs)
}

/// How equations are solved: the options of [`custom_root`] and [`fixed_point`].
///
/// # Examples
/// ```
/// use autograd_core::{Implicit, Tensor, grad};
/// // The minimum of ½ Σ a x² − x over x: its equation is a x = 1, whose derivative is symmetric.
/// let a = Tensor::from([1.0, 4.0]).requires_grad();
/// let options = Implicit::new().symmetric().tolerance(1e-5).max_iterations(50);
/// let x = options.clone().root(|x, a| Ok(x.try_mul(&a[0])?.add_scalar(-1.0)), |a| Ok(a[0].reciprocal()), [&a])?;
/// let [slope] = grad(&x.sum(), [&a])?; // −1 / a²
/// assert!(slope.to_f64s().iter().zip([-1.0, -0.0625]).all(|(a, b)| (a - b).abs() < 1e-5));
///
/// // Another solver: the matrix is diagonal, and its product with ones is the diagonal.
/// let diagonal = options.solver(|product, b| b.try_div(&product(&b.ones_like())?));
/// let x = diagonal.fixed_point(|x, a| Ok(x.try_mul(&a[0])?.mul_scalar(0.1).add_scalar(1.0)), &a.zeros_like(), [&a])?;
/// assert!((grad(&x.sum(), [&a])?[0].to_f64s()[1] - 0.1 / 0.36).abs() < 1e-5); // 0.1 / (1 − 0.1 a)²
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Implicit {
    tolerance: Option<f64>,
    max_iterations: usize,
    solver: Solver,
}

#[derive(Clone)]
enum Solver {
    Gmres,
    ConjugateGradients,
    Own(Own),
}

impl Default for Implicit {
    fn default() -> Self {
        Implicit::new()
    }
}

impl Implicit {
    /// GMRES, with the defaults of the options. It keeps a direction of the size of x in `F64` for each product; at
    /// most 64 at a time where x has more than 1000 elements.
    pub fn new() -> Implicit {
        Implicit { tolerance: None, max_iterations: 1000, solver: Solver::Gmres }
    }

    /// The residual of the linear equations may be so large a part of their right-hand side, and the last change of a
    /// fixed point so large a part of 1 + ‖x‖; above 0. Default 10⁻¹⁰ in `F64`, 10⁻⁵ in `F32`.
    #[must_use]
    pub fn tolerance(self, tolerance: f64) -> Implicit {
        Implicit { tolerance: Some(tolerance), ..self }
    }

    /// The most iterations of a fixed point, and products of a linear solver; at least 1. Default 1000.
    #[must_use]
    pub fn max_iterations(self, max_iterations: usize) -> Implicit {
        Implicit { max_iterations, ..self }
    }

    /// The derivative ∂f/∂x is symmetric, as where x is a minimum and f its gradient: conjugate gradients solve it, in
    /// less memory.
    #[must_use]
    pub fn symmetric(self) -> Implicit {
        Implicit { solver: Solver::ConjugateGradients, ..self }
    }

    /// Another solver of linear equations: of the product with a matrix, and a right-hand side.
    #[must_use]
    pub fn solver(
        self,
        solver: impl Fn(&dyn Fn(&Tensor) -> Result<Tensor>, &Tensor) -> Result<Tensor> + Send + Sync + 'static,
    ) -> Implicit {
        Implicit { solver: Solver::Own(Arc::new(solver)), ..self }
    }

    /// See [`custom_root`].
    ///
    /// # Errors
    /// As there, or if an option is out of range.
    pub fn root<L: TensorList>(
        self,
        f: impl Fn(&Tensor, &[Tensor]) -> Result<Tensor> + Send + Sync + 'static,
        solve: impl FnOnce(&[Tensor]) -> Result<Tensor>,
        inputs: L,
    ) -> Result<Tensor> {
        self.check("custom_root")?;
        let inputs = inputs.tensors();
        let values: Vec<Tensor> = inputs.iter().map(|x| x.untied()).collect();
        let x = no_grad(|| solve(&values))?.untied();
        recorded("custom_root", self, Arc::new(f), x, &inputs)
    }

    /// See [`fixed_point`].
    ///
    /// # Errors
    /// As there, or if an option is out of range.
    pub fn fixed_point<L: TensorList>(
        self,
        g: impl Fn(&Tensor, &[Tensor]) -> Result<Tensor> + Send + Sync + 'static,
        start: &Tensor,
        inputs: L,
    ) -> Result<Tensor> {
        self.check("fixed_point")?;
        Check("fixed_point").float(start)?;
        let inputs = inputs.tensors();
        let values: Vec<Tensor> = inputs.iter().map(|x| x.detach()).collect();
        let x = no_grad(|| self.iterated(&g, start.detach(), &values))?;
        recorded("fixed_point", self, Arc::new(move |x: &Tensor, t: &[Tensor]| g(x, t)?.try_sub(x)), x, &inputs)
    }

    fn check(&self, op: &'static str) -> Result<()> {
        let tolerance = self.tolerance.unwrap_or(1.0);
        Check(op).require(tolerance > 0.0 && tolerance.is_finite(), "tolerance", tolerance, "above 0 and finite")?;
        Check(op).require(self.max_iterations > 0, "max_iterations", self.max_iterations, "at least 1")
    }

    fn tolerance_of(&self, x: &Tensor) -> f64 {
        self.tolerance.unwrap_or(if x.dtype() == DType::F64 { 1e-10 } else { 1e-5 })
    }

    fn iterated(
        &self,
        g: &dyn Fn(&Tensor, &[Tensor]) -> Result<Tensor>,
        mut x: Tensor,
        inputs: &[Tensor],
    ) -> Result<Tensor> {
        let size = |x: &[f64], unit: f64| x.iter().map(|x| (x / unit) * (x / unit)).sum::<f64>().sqrt();
        let mut change = f64::INFINITY;
        for _ in 0..self.max_iterations {
            let next = g(&x, inputs)?;
            alike("fixed_point", &x, &next)?;
            let (step, whole) = (next.try_sub(&x)?.to_f64s(), next.to_f64s());
            // In a unit in which no square of x overflows.
            let unit = unit(&whole).max(1.0);
            change = size(&step, unit) / (unit.recip() + size(&whole, unit));
            x = next.detach();
            if change <= self.tolerance_of(&x) {
                return Ok(x);
            }
        }
        let text = format!("fixed_point: after {} iterations x still changes by {change:.1e}", self.max_iterations);
        let more = format!("of 1 + ‖x‖, more than {:.1e}", self.tolerance_of(&x));
        Err(Error::new(ErrorKind::Argument, format!("{text} {more}")))
    }

    /// The u with `A u = b`, for a product with A.
    fn solve(&self, op: &'static str, product: &dyn Fn(&Tensor) -> Result<Tensor>, b: &Tensor) -> Result<Tensor> {
        let goal = Goal { op, tolerance: self.tolerance_of(b), most: self.max_iterations };
        let tensor = |x: &[f64]| Tensor::from_slice(x, b.shape()).map(|x| x.to_dtype(b.dtype()));
        let mut plain = |x: &[f64]| product(&tensor(x)?).map(|y| y.to_f64s());
        match &self.solver {
            Solver::Gmres => tensor(&gmres(goal, &mut plain, &b.to_f64s())?),
            Solver::ConjugateGradients => tensor(&conjugate_gradients(goal, &mut plain, &b.to_f64s())?),
            Solver::Own(own) => {
                let u = own(product, b)?;
                alike(op, b, &u)?;
                Ok(u.detach())
            }
        }
    }
}

/// What stands for x must have its shape and dtype.
fn alike(op: &'static str, x: &Tensor, y: &Tensor) -> Result<()> {
    if y.is_like(x) {
        return Ok(());
    }
    let (is, was) = ((y.dtype(), y.shape()), (x.dtype(), x.shape()));
    let text = format!("{op}: x is {} {:?}, and the function gives {} {:?}", was.0, was.1, is.0, is.1);
    Err(Error::new(ErrorKind::Shape, text))
}

/// The root x of f, which was computed from `inputs`, tied to the tape.
fn recorded(op: &'static str, options: Implicit, f: Function, x: Tensor, inputs: &[&Tensor]) -> Result<Tensor> {
    Check(op).float(&x)?;
    if !is_recording() {
        return Ok(x);
    }
    let (mark, arguments) = (mark(), cut(inputs));
    let (y, seeds) = noting(op, || f(&x.requires_grad(), &arguments))?;
    alike(op, &x, &y)?;
    if !seeds.is_empty() {
        let text = format!("{op}: the function draws random numbers, so it has no root; draw before and pass them");
        return Err(Error::new(ErrorKind::Argument, text));
    }
    let outside = Segment::below(mark, &y);
    if outside.ids().is_empty() && !inputs.iter().any(|x| x.is_tracked()) {
        return Ok(x);
    }
    // A value of its own: the solver may have returned an input.
    Ok(Again::record(op, x.untied(), inputs, outside, |again, x| Root { op, options, f, again, x }))
}

struct Root {
    op: &'static str,
    options: Implicit,
    f: Function,
    again: Again,
    x: Saved,
}

impl Root {
    /// u with `(∂f/∂x)ᵀ u = −gy`, not recorded.
    fn solved(&self, gy: &Tensor) -> Result<Tensor> {
        let x = self.x.value().requires_grad();
        let y = forwards(|| (self.f)(&x, &self.again.values()))?;
        let product = |v: &Tensor| match y.is_tracked() {
            true => Ok(gradients_of(&[(&y, Some(v))], &[&x], false)?.remove(0).unwrap_or_else(|| v.zeros_like())),
            false => Ok(v.zeros_like()),
        };
        self.options.solve(self.op, &product, &gy.detach().neg())
    }

    /// u as the root of `(∂f/∂x)ᵀ u + gy`, recorded.
    fn differentiable(&self, at: &Pull<'_>, u: Tensor) -> Result<Tensor> {
        let (op, f) = (self.op, Arc::clone(&self.f));
        let equation = move |u: &Tensor, all: &[Tensor]| {
            let [x, inputs @ .., gy] = all else { unreachable!("it is given x, the inputs and gy") };
            let x = if x.is_tracked() { record_same(op, x) } else { x.requires_grad() };
            let y = forwards(|| f(&x, inputs))?;
            let pulled = match y.is_tracked() {
                true => gradients_of(&[(&y, Some(u))], &[&x], true)?.remove(0),
                false => None,
            };
            pulled.map_or_else(|| Ok(gy.clone()), |pulled| pulled.try_add(gy))
        };
        let x = self.x.get(at);
        let inputs = self.again.inputs(at);
        let all: Vec<&Tensor> = std::iter::once(&*x).chain(&inputs).chain([at.gy()]).collect();
        recorded(op, self.options.clone(), Arc::new(equation), u, &all)
    }

    fn run(&self, at: &mut Pull<'_>, is_recorded: bool) -> Result<()> {
        let mut u = no_grad(|| self.solved(at.gy()))?;
        if is_recorded {
            u = self.differentiable(at, u)?;
        }
        let arguments = self.again.arguments(at, is_recorded);
        let x = self.x.get(at).into_owned();
        let mark = mark();
        let y = forwards(|| (self.f)(&x, &arguments))?;
        self.again.pull(at, mark, &arguments, (&y, &u), x.node_id(), is_recorded)
    }
}

impl Pullback for Root {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        self.run(at, true)
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        self.run(at, false)
    }

    /// The function may.
    fn may_refuse(&self) -> bool {
        true
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        self.again.saved(see);
        see(&self.x);
    }
}
