//! Adafactor.

mod factors;
#[cfg(test)]
mod tests;

use crate::blend::blend;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::norms::rms;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::{Decay, Turn};
use autograd_core::{DType, Error, ErrorKind, Result, Tensor, keep, no_grad};
use factors::{Averaged, Blend, Factors, Scaled, Shrink, Squares, Step};

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
/// rms is the root of the mean of the squares; of more than two dims the last two are rows and columns. `lr ≥ 0`, `β ≤
/// 0` (−0.8), `ε₁ ≥ 0` (the machine epsilon of the parameter's dtype), `ε₂ ≥ 0` (0.001), `d ≥ 1` (1), `0 ≤ μ < 1` (0),
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
/// * optax: [`Adafactor::optax`]. There w is computed in `F32` whatever the dtype is, and t may begin elsewhere
///   (`decay_offset`); here t is part of the state.
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
    /// What both dims of a matrix must have at least to have r and c.
    min_dim_size: usize,
    form: Form,
}

/// Where rows and columns are.
#[derive(PartialEq)]
enum Layout {
    /// Nowhere: there is a v of each element.
    Flat,
    /// The last two dims.
    Last,
    /// The last two of the dims in this order.
    Order(Vec<isize>),
}

/// The framework whose formula is meant.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Torch,
    Keras,
    Optax,
}

impl Adafactor {
    /// An optimizer with the default hyperparameters; PyTorch's `lr` is 0.01.
    pub fn new(lr: f64) -> Adafactor {
        let (beta2_decay, eps1, eps2, d, momentum) = (-0.8, None, 1e-3, 1.0, 0.0);
        let (relative_step, scale_parameter, min_dim_size, form) = (true, true, 0, Form::Torch);
        let rule =
            AdafactorRule { beta2_decay, eps1, eps2, d, relative_step, scale_parameter, momentum, min_dim_size, form };
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
        Adafactor::new(lr).with(|rule| (rule.eps1, rule.form) = (Some(1e-30), Form::Keras))
    }

    /// optax' form: v as in [`Adafactor::keras`], the rate is lr in place of the minimum, ε₂ takes rms(p) before the
    /// decay, which is `p ← (1 − λ) p` whatever lr is (a cautious one is by lr·λ, as anywhere). Of a parameter of more
    /// than two dims the two largest are rows and columns, and only dims of at least 128 are
    /// ([`Adafactor::min_dim_size_to_factor`]). d is `clipping_threshold` there, −β `decay_rate`, `scale_parameter`
    /// `multiply_by_parameter_scale`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Adafactor, Optimizer};
    /// let mut x = Param::new(Tensor::from([2.0, -2.0]))?;
    /// let grads = x.square().sum().backward()?;
    /// Adafactor::optax(0.5).weight_decay(0.25).step(&mut x, &grads)?;
    /// assert_eq!(x.to_vec::<f32>()?, [0.5, -0.5]);            // ¾ · 2 − 0.5 · rms(p)
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn optax(lr: f64) -> Adafactor {
        let adafactor = Adafactor::keras(lr).relative_step(false).min_dim_size_to_factor(128);
        adafactor.with(|rule| rule.form = Form::Optax)
    }

    /// The least size that rows and columns must both have in number for r and c to stand for v; a smaller parameter
    /// has v of each element. Default 0, of optax' form 128.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, module::Param};
    /// # use wengert_optim::{Adafactor, Optimizer};
    /// for (size, elements) in [(2, 0), (3, 6)] {
    ///     let mut x = Param::new(Tensor::zeros(&[2, 3], DType::F32)?)?;
    ///     let (mut adafactor, grads) = (Adafactor::new(0.1).min_dim_size_to_factor(size), x.sum().backward()?);
    ///     adafactor.step(&mut x, &grads)?;
    ///     assert_eq!(adafactor.state_dict().get(".variance").expect("it has taken a step").numel(), elements);
    /// }
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn min_dim_size_to_factor(self, size: usize) -> Adafactor {
        self.with(|rule| rule.min_dim_size = size)
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

    /// μ, `0 ≤ μ < 1`: how much of the past steps is kept, at the cost of a number for each element. Default 0:
    /// nothing.
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

    fn extent(&self) -> usize {
        self.min_dim_size
    }

    fn start(&self, slot: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        let (mut shape, layout) = (parameter.shape().to_vec(), self.layout(parameter.shape()));
        let flat = layout == Layout::Flat;
        if let (0 | 1, Layout::Order(order)) = (slot, layout) {
            shape = order.iter().map(|dim| parameter.shape()[*dim as usize]).collect();
        }
        match (slot, flat, &mut shape[..]) {
            (0, false, [.., _, columns]) => *columns = 1,
            (1, false, [.., rows, _]) => *rows = 1,
            (2, true, _) | (3, ..) => {}
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
        if self.form != Form::Torch || self.d >= 1.0 {
            return Ok(());
        }
        let text =
            format!("Adafactor: d is {:?}, it must be at least 1; the forms of Keras and optax take less", self.d);
        Err(Error::new(ErrorKind::Argument, text))
    }

    fn step(&self, mut turn: Turn<'_>) -> Result<()> {
        if turn.parameter.numel() == 0 {
            return Ok(());
        }
        let t = turn.t as f64;
        let decayed = self.form == Form::Keras && turn.decay == Decay::Decoupled;
        let shrunk = if decayed { (1.0 - turn.lr * turn.weight_decay).abs() } else { 1.0 };
        let size = if self.scale_parameter { self.eps2.max(rms(turn.parameter)? * shrunk) } else { 1.0 };
        let alpha = size * if self.relative_step { turn.lr.min(1.0 / t.sqrt()) } else { turn.lr };
        let g = turn.descent()?;
        if self.form == Form::Optax && turn.decay == Decay::Decoupled && turn.weight_decay != 0.0 {
            let keep = 1.0 - std::mem::take(&mut turn.weight_decay);
            turn.parameter.update(&g, [], Shrink { keep })?;
        }
        let layout = self.layout(g.shape());
        let ordered = match &layout {
            Layout::Order(order) => no_grad(|| g.permute(order))?,
            _ => g.clone(),
        };
        let flat = layout == Layout::Flat;
        let v = no_grad(|| self.averaged(&ordered, t.powf(self.beta2_decay), turn.state, flat))?;
        let scaled = Scaled { least: self.least(g.dtype()) };
        let rate = alpha / (no_grad(|| v.rms(&ordered, scaled))? / self.d).max(1.0);
        let mut spread = no_grad(|| v.spread(&ordered))?;
        if let Layout::Order(order) = layout {
            let mut back = vec![0; order.len()];
            order.iter().enumerate().for_each(|(at, dim)| back[*dim as usize] = at as isize);
            for factor in &mut spread {
                *factor = no_grad(|| factor.permute(&back))?;
            }
        }
        let [row, column] = spread.map(Some);
        let Some(average) = &mut turn.state[3] else {
            drop((g, ordered));
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
    fn layout(&self, shape: &[usize]) -> Layout {
        let Some(rest) = shape.len().checked_sub(2) else { return Layout::Flat };
        let mut pair = [rest, rest + 1];
        if self.form == Form::Optax {
            let largest = |but: Option<usize>| {
                let others = (0..shape.len()).filter(|dim| Some(*dim) != but);
                others.max_by_key(|dim| shape[*dim]).unwrap_or_else(|| unreachable!("there are two dims"))
            };
            let first = largest(None);
            pair = [first, largest(Some(first))];
            // In their own order, so what has them last is read where it stands.
            pair.sort_unstable();
        }
        if pair.iter().any(|dim| shape[*dim] < self.min_dim_size) {
            return Layout::Flat;
        }
        if pair == [rest, rest + 1] {
            return Layout::Last;
        }
        let others = (0..shape.len()).filter(|dim| !pair.contains(dim));
        Layout::Order(others.chain(pair).map(|dim| dim as isize).collect())
    }

    fn eps1(&self, dtype: DType) -> f64 {
        let epsilon = if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        self.eps1.unwrap_or(epsilon)
    }

    /// The least v.
    fn least(&self, dtype: DType) -> f64 {
        if self.form == Form::Torch { self.eps1(dtype).powi(2) } else { 0.0 }
    }

    /// v after the averages have taken up the squares, with the gain w of a new one.
    fn averaged(&self, g: &Tensor, gain: f64, state: &mut [Option<Tensor>], flat: bool) -> Result<Factors> {
        let [Some(row), Some(column), Some(variance), _] = state else {
            unreachable!("the driver has made all states, which are always in use")
        };
        let (eps1, largest) =
            (self.eps1(g.dtype()), if g.dtype() == DType::F32 { f64::from(f32::MAX) } else { f64::MAX });
        // A little less: sums of so many are rounded.
        let largest = 0.999 * largest / g.numel() as f64;
        let squares = Squares { largest, more: if self.form == Form::Torch { 0.0 } else { eps1 } };
        let ([.., height, width], false) = (g.shape(), flat) else {
            variance.update(g, [], Averaged { keep: 1.0 - gain, gain, squares })?;
            // As of a matrix of one row, whose mean of r is r.
            let (row, column) = (Tensor::ones(&[1, 1], g.dtype())?, variance.reshape(&[1, g.numel()])?);
            return Ok(Factors { row, column });
        };
        let (rows, columns) = g.fold_margins(row, column, squares)?;
        blend(row, 1.0 - gain, gain / *width as f64, &rows)?;
        blend(column, 1.0 - gain, gain / *height as f64, &columns)?;
        let mean = row.mean_dim(keep(-2))?;
        let mean = if self.form == Form::Torch { mean.clamp(eps1, f64::INFINITY)? } else { mean };
        Ok(Factors { row: row.try_div(&mean)?, column: column.detach() })
    }
}
