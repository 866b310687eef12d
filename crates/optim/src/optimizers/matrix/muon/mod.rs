//! Muon.

mod adjust;
#[cfg(test)]
mod tests;

pub use adjust::AdjustLr;

use crate::blend::blend;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::norms::norm2;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::{Error, ErrorKind, PadMode, Result, Shape, Tensor, no_grad};

/// Muon, momentum orthogonalised by Newton–Schulz, for the matrices of hidden layers: the average of the gradient is
/// replaced by the nearest matrix with orthonormal rows or columns, roughly, so all its directions count alike.
///
/// ```text
/// p ← (1 − lr·λ) p                           (weight_decay λ, decoupled)
/// m ← μ m + (1 − μ) g                        (momentum μ)
/// X = m / max(‖m‖, ε)                        (nesterov: (1 − μ) g + μ m in place of m; transposed if it is tall)
/// ns_steps times:  A = X Xᵀ,  X ← a X + (b A + c A²) X           (ns_coefficients a, b, c)
/// p ← p − lr · f X                           (transposed back; f of adjust_lr)
/// ```
///
/// `lr ≥ 0`, `0 ≤ μ < 1` (0.95), nesterov (true), `λ ≥ 0` (0.1), `ε ≥ 0` (1e-7), 5 steps with 3.4445, −4.775 and
/// 2.0315, which bring every singular value that is not tiny to between 0.7 and 1.2. State: `momentum_buffer` (m). All
/// is computed in the parameter's own dtype.
///
/// # Errors
/// The first step refuses a parameter that is not a matrix: give vectors, and by custom embeddings and the last layer,
/// to another optimizer. [`Muon::flatten`] takes kernels of convolutions.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Muon, Optimizer};
///
/// let mut x = Param::new(Tensor::from([[1.0, 0.0], [0.0, 1.0]]))?;
/// // Gradients of 100 and 0.1 move alike, after enough steps of X ← 1.5 X − 0.5 X³ from 1 and 0.001.
/// let grads = x.try_mul(&Tensor::from([[100.0, 0.0], [0.0, 0.1]]))?.sum().backward()?;
/// let muon = Muon::new(0.5).momentum(0.0).nesterov(false).weight_decay(0.0).eps(1e-7);
/// muon.ns_coefficients(1.5, -0.5, 0.0).ns_steps(30).step(&mut x, &grads)?;
/// let values = x.to_vec::<f32>()?;
/// assert!((values[0] - 0.5).abs() < 1e-4 && (values[3] - 0.5).abs() < 1e-4);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Jordan et al., Muon: An optimizer for hidden layers in neural networks, 2024. Liu et al., Muon is Scalable for LLM
/// Training, 2025, equation 4 ([`AdjustLr::MatchRmsAdamw`]).
///
/// # Differs from
/// * PyTorch: it computes the loop in bfloat16; the original does, too.
/// * Keras: [`Muon::keras`]. There embeddings and what is no matrix take steps of AdamW in the same optimizer; here
///   [`Parts`](crate::Parts) gives them to one of its own.
/// * optax (`contrib.muon`): [`Muon::optax`]. There, too, what is no matrix takes steps of AdamW. Its axes of products
///   in tensors of more dims (`muon_weight_dimension_numbers`), steps in proportion to `⟨u, X⟩` (`adaptive`) and
///   divisors other than ‖u‖ (`preconditioning`) are not here: they are no part of the optimizer that the reference
///   describes.
#[derive(Clone)]
pub struct Muon(Driver<MuonRule>);
optimizer!(Muon, MuonRule);

#[derive(Clone, Debug)]
struct MuonRule {
    momentum: f64,
    nesterov: bool,
    ns_coefficients: [f64; 3],
    /// Those of each iteration; none: `ns_coefficients` for all.
    of_each: Vec<[f64; 3]>,
    eps: f64,
    ns_steps: usize,
    adjust_lr: AdjustLr,
    flatten: bool,
    form: Form,
}

/// The framework whose formula is meant.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Torch,
    Keras,
    Optax,
}

impl Muon {
    /// An optimizer with the default hyperparameters; PyTorch's `lr` is 0.001.
    pub fn new(lr: f64) -> Muon {
        let rule = MuonRule {
            momentum: 0.95,
            nesterov: true,
            ns_coefficients: [3.4445, -4.775, 2.0315],
            of_each: Vec::new(),
            eps: 1e-7,
            ns_steps: 5,
            adjust_lr: AdjustLr::Original,
            flatten: false,
            form: Form::Torch,
        };
        Muon(Driver::new(rule, lr).weight_decay(0.1).decoupled_weight_decay(true))
    }

    /// Keras' formula and defaults: `m ← μ m + g`, nesterov `u = g + μ m`, and `X = u / (‖u‖ + ε)`; f is
    /// [`AdjustLr::MatchRmsAdamw`], λ 0.004. Another `rms_rate` is [`AdjustLr::Rms`], none [`AdjustLr::Unscaled`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{AdjustLr, Muon, Optimizer};
    /// let mut x = Param::new(Tensor::from([[0.0, 0.0]]))?;
    /// let grads = x.try_mul(&Tensor::from([[3.0, 4.0]]))?.sum().backward()?;
    /// let muon = Muon::keras(1.0).momentum(0.0).eps(5.0).ns_coefficients(1.0, 0.0, 0.0).adjust_lr(AdjustLr::Unscaled);
    /// muon.clone().step(&mut x, &grads)?;
    /// assert!((x.to_f64s()[0] + 0.3).abs() < 1e-7);                           // 3 / (5 + 5)
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn keras(lr: f64) -> Muon {
        let muon = Muon::new(lr).weight_decay(0.004).adjust_lr(AdjustLr::MatchRmsAdamw);
        muon.with(|rule| rule.form = Form::Keras)
    }

    /// optax' formula and defaults: Adam's bias correction, `u = m / (1 − μᵗ)`, nesterov
    /// `u = (1 − μ) g / (1 − μᵗ) + μ m / (1 − μᵗ⁺¹)`, and `X = u / (‖u‖ + ε)`; ε is 1e-8, λ 0. Matrices are
    /// `[in, out]`, so f is [`AdjustLr::InOut`]; for weights of layers here, which are `[out, in]`, it is
    /// [`AdjustLr::Original`]. `consistent_rms` is [`AdjustLr::Rms`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Muon, Optimizer};
    /// let mut x = Param::new(Tensor::from([[0.0, 0.0, 0.0, 0.0]]))?;
    /// let grads = x.sum().backward()?;                                        // u is 1 + ⅔ · ½, ‖u‖ twice that
    /// let muon = Muon::optax(1.0).momentum(0.5).eps(0.0).ns_coefficients(1.0, 0.0, 0.0);
    /// muon.clone().step(&mut x, &grads)?;
    /// assert_eq!(x.to_vec::<f32>()?, [-1.0; 4]);                              // √(4 / 1) · ½
    /// muon.eps(8.0 / 3.0).step(&mut x, &grads)?;                              // ½ of it
    /// assert!((x.to_f64s()[0] + 1.5).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn optax(lr: f64) -> Muon {
        let muon = Muon::new(lr).weight_decay(0.0).adjust_lr(AdjustLr::InOut).eps(1e-8);
        muon.with(|rule| rule.form = Form::Optax)
    }

    /// μ, `0 ≤ μ < 1`: how much of the past the average of g keeps. Default 0.95.
    pub fn momentum(self, momentum: f64) -> Muon {
        self.with(|rule| rule.momentum = momentum)
    }

    /// Whether the momentum is Nesterov's. Default true.
    pub fn nesterov(self, nesterov: bool) -> Muon {
        self.with(|rule| rule.nesterov = nesterov)
    }

    /// a, b and c of the iteration. Default 3.4445, −4.775 and 2.0315.
    pub fn ns_coefficients(self, a: f64, b: f64, c: f64) -> Muon {
        self.with(|rule| rule.ns_coefficients = [a, b, c])
    }

    /// a, b and c of each iteration, as many as there are to be; `ns_steps` does not count then, nor `ns_coefficients`.
    /// They have no names for `set`, and neither has the k of [`AdjustLr::Rms`]. By default there is none: all
    /// iterations have the same.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Muon, Optimizer};
    /// let mut x = Param::new(Tensor::from([[0.0]]))?;
    /// let grads = x.sum().backward()?;
    /// let muon = Muon::new(1.0).weight_decay(0.0);
    /// muon.ns_coefficients_of_each([[0.5, 0.0, 0.0], [0.0, 2.0, 0.0]]).step(&mut x, &grads)?;
    /// assert_eq!(x.to_f64s(), [-0.25]);                                       // 1, ½, 2 · ½³
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn ns_coefficients_of_each(self, of_each: impl Into<Vec<[f64; 3]>>) -> Muon {
        self.with(|rule| rule.of_each = of_each.into())
    }

    /// ε ≥ 0: the least norm that m is divided by, or what is added to the norm. Default 1e-7, 1e-8 in the form of
    /// optax.
    pub fn eps(self, eps: f64) -> Muon {
        self.with(|rule| rule.eps = eps)
    }

    /// The number of iterations, below 100. Default 5.
    pub fn ns_steps(self, ns_steps: usize) -> Muon {
        self.with(|rule| rule.ns_steps = ns_steps)
    }

    /// The factor for the shape of a matrix, `adjust_lr_fn` in PyTorch. Default [`AdjustLr::Original`].
    pub fn adjust_lr(self, adjust_lr: AdjustLr) -> Muon {
        self.with(|rule| rule.adjust_lr = adjust_lr)
    }

    /// Whether a parameter of more than two dims, `[O, I, ..]`, counts as the matrix `[O, I · ..]`, as the original
    /// does with kernels of convolutions. Default false: it is refused, as in PyTorch.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, module::Param};
    /// # use wengert_optim::{Muon, Optimizer};
    /// let mut kernel = Param::new(Tensor::zeros(&[2, 1, 1, 2], DType::F64)?)?;
    /// let grads = kernel.sum().backward()?;
    /// let error = Muon::new(1.0).step(&mut kernel, &grads).unwrap_err();
    /// assert!(error.to_string().contains("shape [2, 1, 1, 2]"));
    /// Muon::new(1.0).ns_coefficients(1.0, 0.0, 0.0).flatten(true).step(&mut kernel, &grads)?;
    /// assert_eq!(kernel.to_f64s(), [-0.5; 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn flatten(self, flatten: bool) -> Muon {
        self.with(|rule| rule.flatten = flatten)
    }
}

impl Rule for MuonRule {
    const NAME: &'static str = "Muon";
    const STATE: &'static [&'static str] = &["momentum_buffer"];

    fn start(&self, _: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        match parameter.shape().len() {
            2 => Ok(parameter.zeros_like()),
            dims if dims > 2 && self.flatten => Ok(parameter.zeros_like()),
            dims => {
                let shape = Shape::from(parameter.shape());
                let remedy = if dims > 2 { "flatten(true) makes one of it" } else { "give it to another optimizer" };
                let text = format!("Muon: it takes matrices, the parameter has shape {shape}; {remedy}");
                Err(Error::new(ErrorKind::Shape, text))
            }
        }
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("momentum", &mut self.momentum, Range::DECAY);
        see("ns_coefficients[0]", &mut self.ns_coefficients[0], Range::FINITE);
        see("ns_coefficients[1]", &mut self.ns_coefficients[1], Range::FINITE);
        see("ns_coefficients[2]", &mut self.ns_coefficients[2], Range::FINITE);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
    }

    fn check(&self) -> Result<()> {
        let (name, count) = match self.of_each.len() {
            0 => ("ns_steps", self.ns_steps),
            count => ("the number of ns_coefficients_of_each", count),
        };
        if count >= 100 {
            return Err(Error::argument("Muon", name, count, "below 100"));
        }
        let each = self.of_each.iter().flatten();
        each.copied().try_for_each(|x| Range::FINITE.check("Muon", "a number of ns_coefficients_of_each", x))?;
        self.adjust_lr.check()
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        if turn.parameter.numel() == 0 {
            return Ok(());
        }
        let g = turn.descent()?;
        let Some(m) = &mut turn.state[0] else { unreachable!("the driver has made the state, which is always in use") };
        let mu = self.momentum;
        let gain = if self.form == Form::Keras { 1.0 } else { 1.0 - mu };
        blend(m, mu, gain, &g)?;
        let (shape, rows) = (g.shape(), g.shape()[0]);
        let columns = g.numel() / rows;
        // What the averages of so many gradients are divided by.
        let t = turn.t as f64;
        let weight = |t: f64| if self.form == Form::Optax { 1.0 - mu.powf(t) } else { 1.0 };
        let step = no_grad(|| {
            let direction = if self.nesterov {
                g.mul_scalar(gain / weight(t)).try_add(&m.mul_scalar(mu / weight(t + 1.0)))?
            } else if self.form == Form::Optax {
                m.div_scalar(weight(t))
            } else {
                m.detach()
            };
            self.orthogonal(&direction.reshape(&[rows, columns])?)?.reshape(shape)
        })?;
        let rate = turn.lr * self.adjust_lr.factor(rows, columns);
        turn.subtract(rate, &step)
    }
}

impl MuonRule {
    fn orthogonal(&self, x: &Tensor) -> Result<Tensor> {
        let tall = x.shape()[0] > x.shape()[1];
        let norm = norm2(x)?;
        if norm == 0.0 {
            return Ok(x.clone());
        }
        let divisor = match self.form {
            // NaN stays NaN.
            Form::Torch if norm < self.eps => self.eps,
            Form::Torch => norm,
            Form::Keras | Form::Optax => norm + self.eps,
        };
        let mut x = if tall { x.t()? } else { x.clone() }.div_scalar(divisor);
        let steps = if self.of_each.is_empty() { self.ns_steps } else { self.of_each.len() };
        for k in 0..steps {
            let [a, b, c] = self.of_each.get(k).copied().unwrap_or(self.ns_coefficients);
            let gram = symmetric(&x, &x.t()?)?;
            let polynomial = gram.mul_scalar(b).try_add(&symmetric(&gram, &gram)?.mul_scalar(c))?;
            x = x.mul_scalar(a).try_add(&polynomial.matmul(&x)?)?;
        }
        if tall { x.t() } else { Ok(x) }
    }
}

/// Rows of a symmetric product that are computed at a time, up to the last of their own columns.
const PANEL: usize = 512;

/// The product x y where it is known to be symmetric: of a large one three quarters down to the half are computed, and
/// the rest is its mirror.
fn symmetric(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    let n = x.shape()[0];
    // With fewer panels the copies take what is saved.
    if n < 2 * PANEL {
        return x.matmul(y);
    }
    let panel = |top: usize| {
        let end = n.min(top + PANEL);
        let known = x.narrow(0, top, end - top)?.matmul(&y.narrow(1, 0, end)?)?;
        known.pad(&[0, (n - end) as isize], PadMode::Constant(0.0))
    };
    let panels = (0..n).step_by(PANEL).map(panel).collect::<Result<Vec<_>>>()?;
    let lower = Tensor::cat(&panels.iter().collect::<Vec<_>>(), 0)?;
    lower.tril(0)?.try_add(&lower.tril(-1)?.t()?)
}
