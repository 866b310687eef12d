//! Muon.

use crate::blend::blend;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::norms::norm2;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::{Error, ErrorKind, Result, Shape, Tensor, no_grad};

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
/// * Keras: f is `0.2 √max(R, C)` ([`AdjustLr::MatchRmsAdamw`]), or 1; λ is 0.004; ε is added to ‖m‖; embeddings and what is
///   no matrix take steps of AdamW in the same optimizer.
/// * optax (`contrib.muon`): matrices are `[in, out]`, so f is `√max(1, C / R)`, or `consistent_rms √max(R, C)`; λ is 0; ε is
///   1e-8, and added; nesterov has Adam's bias correction, `(1 − μ) g / (1 − μᵗ) + μ m / (1 − μᵗ⁺¹)`; what is no matrix takes
///   steps of AdamW; there are other norms than ‖m‖, and coefficients for each iteration.
#[derive(Clone)]
pub struct Muon(Driver<MuonRule>);
optimizer!(Muon, MuonRule);

/// The factor f of a step of [`Muon`] for a matrix of R rows and C columns.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{AdjustLr, Muon, Optimizer};
///
/// let step = |adjust| {
///     let mut x = Param::new(Tensor::from([[0.0], [0.0], [0.0], [0.0]]))?;
///     let grads = x.sum().backward()?;
///     let muon = Muon::new(1.0).ns_coefficients(1.0, 0.0, 0.0).adjust_lr(adjust);     // X stays of length 1: −½ each
///     muon.clone().step(&mut x, &grads)?;
///     Ok::<f32, autograd_core::Error>(x.to_vec::<f32>()?[0])
/// };
/// assert_eq!(step(AdjustLr::Original)?, -1.0);                        // √4 · ½
/// assert!((step(AdjustLr::MatchRmsAdamw)? + 0.2).abs() < 1e-6);       // 0.2 √4 · ½
/// assert_eq!(step(AdjustLr::SpectralUnclamped)?, -1.0);               // √4 · ½
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdjustLr {
    /// `√max(1, R / C)`
    #[default]
    Original,
    /// `0.2 √max(R, C)`: steps of the size of AdamW's, so its learning rate and weight decay can be taken.
    MatchRmsAdamw,
    /// `√(R / C)`, also where that is below 1.
    SpectralUnclamped,
}

impl AdjustLr {
    fn factor(self, rows: usize, columns: usize) -> f64 {
        let (rows, columns) = (rows as f64, columns as f64);
        match self {
            AdjustLr::Original => (rows / columns).max(1.0).sqrt(),
            AdjustLr::MatchRmsAdamw => 0.2 * rows.max(columns).sqrt(),
            AdjustLr::SpectralUnclamped => (rows / columns).sqrt(),
        }
    }
}

#[derive(Clone, Debug)]
struct MuonRule {
    momentum: f64,
    nesterov: bool,
    ns_coefficients: [f64; 3],
    eps: f64,
    ns_steps: usize,
    adjust_lr: AdjustLr,
    flatten: bool,
}

impl Muon {
    /// An optimizer with the default hyperparameters; PyTorch's `lr` is 0.001.
    pub fn new(lr: f64) -> Muon {
        let rule = MuonRule {
            momentum: 0.95,
            nesterov: true,
            ns_coefficients: [3.4445, -4.775, 2.0315],
            eps: 1e-7,
            ns_steps: 5,
            adjust_lr: AdjustLr::Original,
            flatten: false,
        };
        Muon(Driver::new(rule, lr).weight_decay(0.1).decoupled_weight_decay(true))
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

    /// ε ≥ 0: the least norm that m is divided by. Default 1e-7.
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
        if self.ns_steps < 100 {
            return Ok(());
        }
        Err(Error::argument("Muon", "ns_steps", self.ns_steps, "below 100"))
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        if turn.parameter.numel() == 0 {
            return Ok(());
        }
        let g = turn.descent()?;
        let Some(m) = &mut turn.state[0] else { unreachable!("the driver has made the state, which is always in use") };
        blend(m, self.momentum, 1.0 - self.momentum, &g)?;
        let (shape, rows) = (g.shape(), g.shape()[0]);
        let columns = g.numel() / rows;
        let step = no_grad(|| {
            let direction = if self.nesterov {
                g.mul_scalar(1.0 - self.momentum).try_add(&m.mul_scalar(self.momentum))?
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
        let [a, b, c] = self.ns_coefficients;
        let tall = x.shape()[0] > x.shape()[1];
        // NaN stays NaN.
        let norm = norm2(x)?;
        if norm == 0.0 {
            return Ok(x.clone());
        }
        let mut x = if tall { x.t()? } else { x.clone() }.div_scalar(if norm < self.eps { self.eps } else { norm });
        for _ in 0..self.ns_steps {
            let gram = x.matmul(&x.t()?)?;
            let polynomial = gram.mul_scalar(b).try_add(&gram.matmul(&gram)?.mul_scalar(c))?;
            x = x.mul_scalar(a).try_add(&polynomial.matmul(&x)?)?;
        }
        if tall { x.t() } else { Ok(x) }
    }
}

#[cfg(test)]
struct ByHand {
    mu: f64,
    nesterov: bool,
    abc: [f64; 3],
    steps: usize,
    adjust: AdjustLr,
}

/// Without transposing: (X Xᵀ)ᵏ X = X (Xᵀ X)ᵏ.
#[cfg(test)]
fn by_hand(w: &mut crate::cases::Whole, g: &[f64], set: &ByHand, decay: f64) {
    let [rows, columns] = w.shape[..] else { panic!("a matrix") };
    let mut x = vec![0.0; g.len()];
    for i in 0..g.len() {
        w.a[i] = set.mu * w.a[i] + (1.0 - set.mu) * g[i];
        x[i] = if set.nesterov { set.mu * w.a[i] + (1.0 - set.mu) * g[i] } else { w.a[i] };
    }
    let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt().max(0.01);
    x.iter_mut().for_each(|x| *x /= norm);
    for _ in 0..set.steps {
        let gram = |i: usize, j: usize| (0..columns).map(|k| x[i * columns + k] * x[j * columns + k]).sum::<f64>();
        let times_gram = |y: &[f64]| -> Vec<f64> {
            let at = |i: usize, j: usize| (0..rows).map(|k| gram(i, k) * y[k * columns + j]).sum();
            (0..y.len()).map(|e| at(e / columns, e % columns)).collect()
        };
        let cubic = times_gram(&x);
        let quintic = times_gram(&cubic);
        x = (0..x.len()).map(|i| set.abc[0] * x[i] + set.abc[1] * cubic[i] + set.abc[2] * quintic[i]).collect();
    }
    let (r, c) = (rows as f64, columns as f64);
    let factor = match set.adjust {
        AdjustLr::Original => f64::max(1.0, r / c).sqrt(),
        AdjustLr::MatchRmsAdamw => 0.2 * r.max(c).sqrt(),
        AdjustLr::SpectralUnclamped => (r / c).sqrt(),
    };
    for (p, x) in w.p.iter_mut().zip(&x) {
        *p = *p * (1.0 - 0.1 * decay) - 0.1 * factor * x;
    }
}

#[cfg(test)]
const DEFAULT: ByHand =
    ByHand { mu: 0.95, nesterov: true, abc: [3.4445, -4.775, 2.0315], steps: 5, adjust: AdjustLr::Original };

#[cfg(test)]
cases![
    coupled(|| Muon::new(0.1).eps(0.01), |w, g| by_hand(w, g, &DEFAULT, 0.1)).of_matrices().keeps(&["momentum_buffer"]),
    coupled(
        || Muon::new(0.1).eps(0.01).momentum(0.5).nesterov(false).ns_steps(2).ns_coefficients(1.5, -0.5, 0.0),
        |w, g| by_hand(w, g, &ByHand { mu: 0.5, nesterov: false, abc: [1.5, -0.5, 0.0], steps: 2, ..DEFAULT }, 0.1)
    )
    .of_matrices()
    .keeps(&["momentum_buffer"]),
    coupled(
        || Muon::new(0.1).eps(0.01).adjust_lr(AdjustLr::MatchRmsAdamw).weight_decay(0.5).flatten(true),
        |w, g| by_hand(w, g, &ByHand { adjust: AdjustLr::MatchRmsAdamw, ..DEFAULT }, 0.5)
    )
    .of_matrices()
    .keeps(&["momentum_buffer"]),
    coupled(
        || Muon::new(0.1).eps(0.01).adjust_lr(AdjustLr::SpectralUnclamped),
        |w, g| by_hand(w, g, &ByHand { adjust: AdjustLr::SpectralUnclamped, ..DEFAULT }, 0.1)
    )
    .of_matrices()
    .keeps(&["momentum_buffer"]),
    refused(Muon::new(0.1).momentum(1.0), "Muon: momentum is 1.0, it must be in [0, 1)"),
    refused(Muon::new(0.1).ns_steps(100), "Muon: ns_steps is 100, it must be below 100"),
    refused(Muon::new(0.1).ns_coefficients(1.0, f64::NAN, 0.0), "Muon: ns_coefficients[1] is NaN, it must be finite"),
];

#[cfg(test)]
mod tests {
    use crate::cases::golden;
    use crate::{AdjustLr, Muon, Optimizer};
    use autograd_core::Tensor;
    use autograd_core::module::Param;

    #[test]
    fn optax_has_the_same_steps_without_nesterov() {
        let muon = || Muon::new(0.1).nesterov(false).eps(0.0).weight_decay(0.5);
        golden(muon(), [-0.782023327580945, -0.18350890925153182, 0.46187981004443435, -0.9407928049812729]);
        let expected = [-0.748366105553951, -0.18369828424659426, 0.3942275914914941, -0.6614787686094052];
        golden(muon().adjust_lr(AdjustLr::MatchRmsAdamw), expected);
    }

    #[test]
    fn what_is_no_matrix_is_refused_by_name_and_nothing_changes() {
        let param = |value: Tensor| Param::new(value).expect("floats");
        let mut model = vec![param(Tensor::from([[1.0, 2.0]])), param(Tensor::from([1.0, 2.0]))];
        let grads = model.iter().map(|x| x.square().sum()).reduce(|a, b| a.try_add(&b).expect("scalars"));
        let grads = grads.expect("two").backward().expect("tracked");
        let error = Muon::new(0.1).step(&mut model, &grads).expect_err("a vector");
        let text = "Muon: it takes matrices, the parameter has shape [2]; give it to another optimizer";
        assert_eq!(error.to_string(), format!("parameter \"1\": {text}"));
        assert_eq!(model[0].to_f64s(), [1.0, 2.0]);
    }
}
