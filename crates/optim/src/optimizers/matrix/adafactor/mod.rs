//! Adafactor.

mod factors;

use crate::blend::blend;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::norms::rms;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::{Decay, Turn};
use autograd_core::{DType, Error, ErrorKind, Result, Tensor, keep, no_grad};
use factors::{Averaged, Blend, Factors, Scaled, Squares, Step};

const NOT_POSITIVE: Range = Range::new(|x| x <= 0.0 && x.is_finite(), "finite and at most 0");

/// Adafactor: steps like Adam's in proportion to the parameter's own size, with a memory of one number for each row and
/// each column of a matrix instead of one for each element, and without an average of the gradient.
///
/// ```text
/// w = t^β                                    (beta2_decay β ≤ 0;  t = 1, 2, ..)
/// α = max(ε₂, rms(p)) · min(lr, 1/√t)        (scale_parameter;  relative_step: without it lr in place of the minimum)
/// p ← (1 − lr·λ) p                           (weight_decay λ, decoupled)
/// r ← (1 − w) r + w · mean of g² over columns
/// c ← (1 − w) c + w · mean of g² over rows
/// v = r c / max(ε₁, mean of r)               (a parameter of fewer than two dims: v ← (1 − w) v + w g²)
/// u = g / √max(v, ε₁²)
/// m ← μ m + (1 − μ) α u / max(1, rms(u) / d)          (momentum μ)
/// p ← p − m
/// ```
///
/// rms is the root of the mean of the squares; of more than two dims the last two are rows and columns. `lr ≥ 0`,
/// `β ≤ 0` (−0.8), `ε₁ ≥ 0` (the machine epsilon of the parameter's dtype), `ε₂ ≥ 0` (0.001), `d ≥ 1` (1), `0 ≤ μ < 1` (0),
/// `λ ≥ 0` (0). State: `row_var` (r) and `col_var` (c), or `variance` (v); those that a parameter does not use have no
/// elements; `exp_avg` (m) with momentum. t counts the steps of each parameter.
///
/// # Numerics
/// Squares above the dtype's largest number over the number of elements count as that: their sums do not overflow.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Adafactor, Optimizer};
///
/// let mut x = Param::new(Tensor::from([[2.0, -2.0], [2.0, -2.0]]))?;
/// let grads = x.square().sum().backward()?;                   // all 4 in size: u is ±1
/// Adafactor::new(0.5).eps(1e-10, 0.001).step(&mut x, &grads)?;
/// assert_eq!(x.to_vec::<f32>()?, [1.0, -1.0, 1.0, -1.0]);     // α is half of rms(p)
///
/// let adafactor = Adafactor::new(0.01).beta2_decay(-0.5).d(1.5);
/// assert_eq!((adafactor.get("beta2_decay")?, adafactor.get("d")?), (-0.5, 1.5));
/// let mut x = Param::new(Tensor::from([8.0, -8.0]))?;         // a rate that is lr, whatever t and rms(p) are
/// let grads = x.square().sum().backward()?;
/// Adafactor::new(2.0).relative_step(false).scale_parameter(false).momentum(0.5).step(&mut x, &grads)?;
/// assert_eq!(x.to_vec::<f32>()?, [7.0, -7.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Shazeer, Stern, Adafactor: Adaptive Learning Rates with Sublinear Memory Cost, 2018, algorithms 4 and 5.
///
/// # Differs from
/// * PyTorch: nothing but those squares. It has neither momentum nor a way to switch off the minimum or rms(p).
/// * Keras: [`Adafactor::keras`]. The paper: ε₁ is added to g², as in Keras.
/// * optax: `Adafactor::keras(lr).relative_step(false)`, but a parameter has r and c only if two of its dims are at least 128
///   (`min_dim_size_to_factor`), and of the two largest dims; λ is not multiplied with lr; t begins at `decay_offset`, and w
///   is computed in `F32`. There d is `clipping_threshold`, `scale_parameter` is `multiply_by_parameter_scale`.
#[derive(Clone)]
pub struct Adafactor(Driver<AdafactorRule>);
optimizer!(Adafactor, AdafactorRule);

#[derive(Clone, Debug)]
struct AdafactorRule {
    beta2_decay: f64,
    /// None: the machine epsilon.
    eps1: Option<f64>,
    eps2: f64,
    d: f64,
    relative_step: bool,
    scale_parameter: bool,
    momentum: f64,
    keras: bool,
}

impl Adafactor {
    /// An optimizer with the default hyperparameters; PyTorch's `lr` is 0.01.
    pub fn new(lr: f64) -> Adafactor {
        let (beta2_decay, eps1, eps2, d, momentum) = (-0.8, None, 1e-3, 1.0, 0.0);
        let (relative_step, scale_parameter, keras) = (true, true, false);
        let rule = AdafactorRule { beta2_decay, eps1, eps2, d, relative_step, scale_parameter, momentum, keras };
        Adafactor(Driver::new(rule, lr).decoupled_weight_decay(true))
    }

    /// Keras' form: `g² + ε₁` is averaged, with ε₁ 1e-30, and `v = r c / mean of r` in place of what keeps it from 0
    /// above; ε₂ takes rms(p) after the decay; d is any positive number. (Keras' own `relative_step` has no effect:
    /// `min(lr, 1/√t)` is taken in any case.)
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Adafactor, Optimizer};
    /// let mut x = Param::new(Tensor::from([2.0, -2.0]))?;
    /// let grads = x.square().sum().backward()?;
    /// Adafactor::keras(0.5).d(0.5).step(&mut x, &grads)?;
    /// assert_eq!(x.to_vec::<f32>()?, [1.5, -1.5]);            // rms(u) = 1 is limited to d
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn keras(lr: f64) -> Adafactor {
        Adafactor::new(lr).with(|rule| (rule.eps1, rule.keras) = (Some(1e-30), true))
    }

    /// β ≤ 0: the power of the weight of a new square, `t^β`. Default −0.8.
    pub fn beta2_decay(self, beta2_decay: f64) -> Adafactor {
        self.with(|rule| rule.beta2_decay = beta2_decay)
    }

    /// ε₁ ≥ 0, which keeps divisors from 0, and ε₂ ≥ 0, the least size of a parameter. Default the machine epsilon of
    /// the parameter's dtype, and 0.001.
    pub fn eps(self, eps1: f64, eps2: f64) -> Adafactor {
        self.with(|rule| (rule.eps1, rule.eps2) = (Some(eps1), eps2))
    }

    /// ε₂ ≥ 0 alone: ε₁ stays as it is. Default 0.001.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Adafactor, Optimizer};
    /// assert_eq!(Adafactor::new(0.01).least_size(0.5).get("eps[1]")?, 0.5);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn least_size(self, eps2: f64) -> Adafactor {
        self.with(|rule| rule.eps2 = eps2)
    }

    /// d ≥ 1: the largest rms of u, `clip_threshold` in Keras. Default 1.
    pub fn d(self, d: f64) -> Adafactor {
        self.with(|rule| rule.d = d)
    }

    /// Whether the rate is min(lr, 1/√t), and not lr itself. Default true.
    pub fn relative_step(self, relative_step: bool) -> Adafactor {
        self.with(|rule| rule.relative_step = relative_step)
    }

    /// Whether the rate is multiplied by the size of the parameter, max(ε₂, rms(p)). Default true.
    pub fn scale_parameter(self, scale_parameter: bool) -> Adafactor {
        self.with(|rule| rule.scale_parameter = scale_parameter)
    }

    /// μ, `0 ≤ μ < 1`: how much of the past steps is kept, at the cost of a number for each element. Default 0: nothing.
    pub fn momentum(self, momentum: f64) -> Adafactor {
        self.with(|rule| rule.momentum = momentum)
    }
}

impl Rule for AdafactorRule {
    const NAME: &'static str = "Adafactor";
    const STATE: &'static [&'static str] = &["row_var", "col_var", "variance", "exp_avg"];
    const ALWAYS: usize = 3;

    fn uses(&self, slot: usize) -> bool {
        slot < 3 || self.momentum != 0.0
    }

    fn start(&self, slot: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        let mut shape = parameter.shape().to_vec();
        match (slot, &mut shape[..]) {
            (0, [.., _, columns]) => *columns = 1,
            (1, [.., rows, _]) => *rows = 1,
            (2, [] | [_]) | (3, _) => {}
            _ => shape = vec![0],
        }
        Tensor::zeros(&shape, parameter.dtype())
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("beta2_decay", &mut self.beta2_decay, NOT_POSITIVE);
        if let Some(eps1) = &mut self.eps1 {
            see("eps[0]", eps1, Range::AT_LEAST_0);
        }
        see("eps[1]", &mut self.eps2, Range::AT_LEAST_0);
        see("d", &mut self.d, Range::POSITIVE);
        see("momentum", &mut self.momentum, Range::DECAY);
    }

    fn check(&self) -> Result<()> {
        if self.keras || self.d >= 1.0 {
            return Ok(());
        }
        let text = format!("Adafactor: d is {:?}, it must be at least 1; the form of Keras takes less", self.d);
        Err(Error::new(ErrorKind::Argument, text))
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        if turn.parameter.numel() == 0 {
            return Ok(());
        }
        let t = turn.t as f64;
        let decayed = self.keras && turn.decay == Decay::Decoupled;
        let shrunk = if decayed { (1.0 - turn.lr * turn.weight_decay).abs() } else { 1.0 };
        let size = if self.scale_parameter { self.eps2.max(rms(turn.parameter)? * shrunk) } else { 1.0 };
        let alpha = size * if self.relative_step { turn.lr.min(1.0 / t.sqrt()) } else { turn.lr };
        let g = turn.descent()?;
        let v = no_grad(|| self.averaged(&g, t.powf(self.beta2_decay), turn.state))?;
        let scaled = Scaled { least: self.least(g.dtype()) };
        let rate = alpha / (no_grad(|| v.rms(&g, scaled))? / self.d).max(1.0);
        let [row, column] = no_grad(|| v.spread(&g))?.map(Some);
        let Some(average) = &mut turn.state[3] else {
            drop(g);
            let formula = Step { rate, scaled };
            return Turn { state: &mut [row, column], numbers: &mut [], ..turn }.update(formula);
        };
        let (mut row, mut column) = (row, column);
        let blend = Blend { keep: self.momentum, gain: (1.0 - self.momentum) * rate, scaled };
        average.update(&g, [row.as_mut(), column.as_mut()], blend)?;
        let step = average.detach();
        turn.subtract(1.0, &step)
    }
}

impl AdafactorRule {
    fn eps1(&self, dtype: DType) -> f64 {
        let epsilon = if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        self.eps1.unwrap_or(epsilon)
    }

    /// The least v.
    fn least(&self, dtype: DType) -> f64 {
        if self.keras { 0.0 } else { self.eps1(dtype).powi(2) }
    }

    /// v after the averages have taken up the squares, with the gain w of a new one.
    fn averaged(&self, g: &Tensor, gain: f64, state: &mut [Option<Tensor>]) -> Result<Factors> {
        let [Some(row), Some(column), Some(variance), _] = state else {
            unreachable!("the driver has made all states, which are always in use")
        };
        let (eps1, largest) =
            (self.eps1(g.dtype()), if g.dtype() == DType::F32 { f64::from(f32::MAX) } else { f64::MAX });
        // A little less: sums of so many are rounded.
        let largest = 0.999 * largest / g.numel() as f64;
        let squares = Squares { largest, more: if self.keras { eps1 } else { 0.0 } };
        let [.., height, width] = *g.shape() else {
            variance.update(g, [], Averaged { keep: 1.0 - gain, gain, squares })?;
            // A vector is a matrix of one row, whose mean of r is r.
            let (row, column) = (Tensor::ones(&[1, 1], g.dtype())?, variance.reshape(&[1, g.numel()])?);
            return Ok(Factors { row, column });
        };
        let (rows, columns) = g.fold_margins(row, column, squares)?;
        blend(row, 1.0 - gain, gain / width as f64, &rows)?;
        blend(column, 1.0 - gain, gain / height as f64, &columns)?;
        let mean = row.mean_dim(keep(-2))?;
        let mean = if self.keras { mean } else { mean.clamp(eps1, f64::INFINITY)? };
        Ok(Factors { row: row.try_div(&mean)?, column: column.detach() })
    }
}

#[cfg(test)]
struct ByHand {
    eps: [f64; 2],
    d: f64,
    beta: f64,
    keras: bool,
    /// Neither the minimum nor rms(p), and a momentum of ½.
    free: bool,
    decay: f64,
}

#[cfg(test)]
const SET: ByHand = ByHand { eps: [1e-5, 0.01], d: 1.0, beta: -0.8, keras: false, free: false, decay: 0.0 };

#[cfg(test)]
fn by_hand(w: &mut crate::cases::Whole, g: &[f64], set: &ByHand) {
    let n = w.p.len();
    let rms = |x: &[f64]| (x.iter().map(|x| x * x).sum::<f64>() / n as f64).sqrt();
    let columns = w.shape.last().copied().unwrap_or(1);
    let rows = n / columns;
    let gain = w.t.powf(set.beta);
    let size = if set.keras { rms(&w.p) * (1.0 - 0.5 * set.decay) } else { rms(&w.p) };
    let alpha = if set.free { 0.5 } else { size.max(set.eps[1]) * f64::min(0.5, 1.0 / w.t.sqrt()) };
    let square = |i: usize| g[i] * g[i] + if set.keras { set.eps[0] } else { 0.0 };
    if w.t == 1.0 {
        w.b = vec![0.0; rows];
        w.c = vec![0.0; columns];
    }
    for i in 0..n {
        w.a[i] += gain * (square(i) - w.a[i]);
    }
    for row in 0..rows {
        let mean = (0..columns).map(|column| square(row * columns + column)).sum::<f64>() / columns as f64;
        w.b[row] += gain * (mean - w.b[row]);
    }
    for column in 0..columns {
        let mean = (0..rows).map(|row| square(row * columns + column)).sum::<f64>() / rows as f64;
        w.c[column] += gain * (mean - w.c[column]);
    }
    let mean = w.b.iter().sum::<f64>() / rows as f64;
    let u = |i: usize| {
        let mean = if set.keras { mean } else { mean.max(set.eps[0]) };
        let v = if w.shape.len() < 2 { w.a[i] } else { w.b[i / columns] * w.c[i % columns] / mean };
        g[i] / if set.keras { v } else { v.max(set.eps[0].powi(2)) }.sqrt()
    };
    let u: Vec<f64> = (0..n).map(u).collect();
    let limit = (rms(&u) / set.d).max(1.0);
    for ((p, m), u) in w.p.iter_mut().zip(&mut w.d).zip(&u) {
        let step = alpha * u / limit;
        *m = if set.free { 0.5 * *m + 0.5 * step } else { step };
        *p = (1.0 - 0.5 * set.decay) * *p - *m;
    }
}

#[cfg(test)]
cases![
    coupled(|| Adafactor::new(0.5).eps(1e-5, 0.01).d(1.5), |w, g| by_hand(w, g, &ByHand { d: 1.5, ..SET }))
        .keeps(&["row_var", "col_var", "variance"]),
    coupled(
        || Adafactor::new(0.5).eps(1e-5, 2.0).beta2_decay(-0.5).weight_decay(0.25),
        |w, g| by_hand(w, g, &ByHand { eps: [1e-5, 2.0], beta: -0.5, decay: 0.25, ..SET })
    )
    .keeps(&["row_var", "col_var", "variance"]),
    coupled(
        || Adafactor::keras(0.5).eps(1e-5, 0.01).d(0.5).weight_decay(0.25),
        |w, g| by_hand(w, g, &ByHand { d: 0.5, keras: true, decay: 0.25, ..SET })
    )
    .keeps(&["row_var", "col_var", "variance"]),
    coupled(
        || Adafactor::new(0.5).eps(1e-5, 0.01).relative_step(false).scale_parameter(false).momentum(0.5),
        |w, g| by_hand(w, g, &ByHand { free: true, ..SET })
    )
    .keeps(&["row_var", "col_var", "variance", "exp_avg"]),
    refused(Adafactor::new(0.1).momentum(1.0), "Adafactor: momentum is 1.0, it must be in [0, 1)"),
    refused(Adafactor::new(0.1).d(0.5), "Adafactor: d is 0.5, it must be at least 1; the form of Keras takes less"),
    refused(Adafactor::keras(0.1).d(0.0), "Adafactor: d is 0.0, it must be finite and positive"),
    refused(Adafactor::new(0.1).beta2_decay(0.5), "Adafactor: beta2_decay is 0.5, it must be finite and at most 0"),
    refused(Adafactor::new(0.1).eps(-1.0, 0.1), "Adafactor: eps[0] is -1.0, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use crate::cases::golden;
    use crate::{Adafactor, Optimizer};
    use autograd_core::module::Param;
    use autograd_core::{DType, Tensor};

    fn step(mut adafactor: Adafactor, x: Tensor, g: &Tensor) -> (Vec<f64>, Adafactor) {
        let mut x = Param::new(x).expect("floats");
        let grads = x.try_mul(g).expect("its shape").sum().backward().expect("tracked");
        adafactor.step(&mut x, &grads).expect("valid");
        (x.to_f64s(), adafactor)
    }

    #[test]
    fn optax_has_the_same_steps_where_its_w_is_computed_in_f64() {
        let optax = || Adafactor::keras(0.1).relative_step(false);
        let momentum = [-1.0068882948461797, -0.18579216394545456, 0.4985749135299641, -0.8307175664363426];
        golden(optax().d(0.75).momentum(0.5), momentum);
        let unscaled = [-1.0241865189178083, -0.21797369907178868, 0.5447297946569231, -0.9100181731811019];
        golden(optax().scale_parameter(false), unscaled);
    }

    #[test]
    fn a_stack_of_matrices_takes_the_steps_of_its_matrices_where_nothing_is_limited() {
        // α is that of the least size, and u is not limited.
        let adafactor = || Adafactor::new(0.5).least_size(4.0).d(100.0);
        let values: Vec<f64> = (0..12).map(|i| f64::from((i * 5) % 7) - 2.5).collect();
        let at = |values: &[f64], shape: &[usize]| Tensor::from_slice(values, shape).expect("small");
        let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F64).expect("small");
        let (whole, adafactor3) = step(adafactor(), zeros(&[2, 2, 3]), &at(&values, &[2, 2, 3]));
        let parts = values.chunks(6).flat_map(|half| step(adafactor(), zeros(&[2, 3]), &at(half, &[2, 3])).0);
        assert_eq!(whole, parts.collect::<Vec<_>>());
        let shape = |name: &str| adafactor3.state_dict().get(name).map(|x| x.shape().to_vec());
        assert_eq!(shape(".row_var"), Some(vec![2, 2, 1]));
        assert_eq!(shape(".col_var"), Some(vec![2, 1, 3]));
        assert_eq!(shape(".variance"), Some(vec![0]));
    }

    #[test]
    fn huge_gradients_take_steps_of_a_size() {
        let row = Tensor::full(&[1, 25], 1e30, DType::F32).expect("small");
        for g in [Tensor::from([[1e30, -1e30], [1e30, 2e30]]), Tensor::from([[2e38, 2e38], [2e38, -2e38]]), row] {
            for adafactor in [Adafactor::new(0.5), Adafactor::keras(0.5)] {
                let (x, _) = step(adafactor, g.ones_like(), &g);
                assert!(x.iter().all(|x| (0.0..2.0).contains(x) && *x != 1.0), "{g}: {x:?}");
            }
        }
    }
}
