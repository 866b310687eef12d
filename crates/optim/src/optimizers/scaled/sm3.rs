//! SM3.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::update::{ElementRule, MarginRule, Real};
use autograd_core::{Result, Tensor, no_grad};

/// SM3, square-root of minima of sums of maxima of squared gradients: Adagrad with a memory of one number for each row
/// and each column instead of one for each element.
///
/// ```text
/// g ← g + λ p                                        (weight_decay λ)
/// v = c g² + β₂ min over dims d of s_d               (c = 1 if β₂ = 1, else 1 − β₂)
/// s_d ← max of v over all dims but d
/// m ← μ m + (1 − μ) g / √(v + ε)                     (momentum μ)
/// p ← p − lr · m
/// ```
///
/// `lr ≥ 0`, `0 ≤ μ < 1` (0.9), `0 ≤ β₂ ≤ 1` (1), `ε ≥ 0` (1e-8), `λ ≥ 0` (0). State: `momentum_buffer` (m), and
/// `accumulator`: s_0, s_1, .. one after the other, as many numbers as the sum of the sizes (one for a parameter
/// without dims).
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Optimizer, Sm3};
///
/// let mut x = Param::new(Tensor::from([[1.0, 2.0], [3.0, 4.0]]))?;
/// let mut sm3 = Sm3::new(0.5).momentum(0.0).beta2(1.0).eps(0.0);
/// let grads = x.square().mul_scalar(0.5).sum().backward()?;
/// sm3.step(&mut x, &grads)?;                                     // the first step is lr, for any gradient
/// assert_eq!(x.to_vec::<f32>()?, [0.5, 1.5, 2.5, 3.5]);
/// let accumulator = sm3.state_dict().get(".accumulator").map(Tensor::to_f64s);
/// assert_eq!(accumulator, Some(vec![4.0, 16.0, 9.0, 16.0]));     // the largest squares of rows, then of columns
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Anil, Gupta, Koren, Singer, Memory-Efficient Adaptive Optimization, 2019, algorithm SM3-II.
///
/// # Differs from
/// * optax: there the divisor counts as infinite where v is 0, and so is g; the same.
/// * The paper: no ε; `0 / 0` is 0.
#[derive(Clone)]
pub struct Sm3(Driver<Sm3Rule>);
optimizer!(Sm3, Sm3Rule);

#[derive(Clone, Debug)]
struct Sm3Rule {
    momentum: f64,
    beta2: f64,
    eps: f64,
}

impl Sm3 {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> Sm3 {
        Sm3(Driver::new(Sm3Rule { momentum: 0.9, beta2: 1.0, eps: 1e-8 }, lr))
    }

    /// μ, `0 ≤ μ < 1`: how much of the past directions the average keeps. Default 0.9.
    pub fn momentum(self, momentum: f64) -> Sm3 {
        self.with(|rule| rule.momentum = momentum)
    }

    /// β₂, `0 ≤ β₂ ≤ 1`: how much of the past squares is kept; with 1 they are summed up. Default 1.
    pub fn beta2(self, beta2: f64) -> Sm3 {
        self.with(|rule| rule.beta2 = beta2)
    }

    /// ε ≥ 0, which is added to v. Default 1e-8.
    pub fn eps(self, eps: f64) -> Sm3 {
        self.with(|rule| rule.eps = eps)
    }
}

impl Rule for Sm3Rule {
    const NAME: &'static str = "SM3";
    const STATE: &'static [&'static str] = &["momentum_buffer", "accumulator"];

    fn start(&self, slot: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        if slot == 0 {
            return Ok(parameter.zeros_like());
        }
        let sizes = parameter.shape();
        let count = if sizes.is_empty() { 1 } else { sizes.iter().sum() };
        Tensor::zeros(&[count], parameter.dtype())
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("momentum", &mut self.momentum, Range::DECAY);
        see("beta2", &mut self.beta2, Range::FRACTION);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        if turn.parameter.numel() == 0 {
            return Ok(());
        }
        let Sm3Rule { momentum, beta2, eps } = *self;
        let squares = Squares { gain: if beta2 == 1.0 { 1.0 } else { 1.0 - beta2 }, beta2 };
        let formula = Formula { lr: turn.lr, momentum, squares, eps };
        if turn.parameter.shape().len() < 2 { step_alone(turn, formula) } else { step_covered(turn, formula) }
    }
}

/// The step of a parameter whose elements are each covered by a number of their own.
fn step_alone(turn: Turn<'_>, formula: Formula) -> Result<()> {
    let [m, accumulator] = turn.state else { unreachable!("the driver has made both states") };
    let (shape, count) = (turn.parameter.shape().to_vec(), turn.parameter.numel());
    let like = |x: Option<Tensor>, shape: &[usize]| x.map(|x| x.reshape(shape)).transpose();
    let mut state = [m.take(), no_grad(|| like(accumulator.take(), &shape))?];
    let outcome = Turn { state: &mut state, numbers: &mut [], ..turn }.update(Alone(formula));
    let [after, v] = state;
    (*m, *accumulator) = (after, no_grad(|| like(v, &[count]))?);
    outcome
}

/// The step of a matrix, or of more dims.
fn step_covered(turn: Turn<'_>, formula: Formula) -> Result<()> {
    let g = turn.descent()?;
    let [m, Some(accumulator)] = turn.state else {
        unreachable!("the driver has made both states, which are always in use")
    };
    let cover = no_grad(|| Cover::of(accumulator, g.shape()))?;
    let after = no_grad(|| cover.after(&g, formula.squares))?;
    let [row, column] = no_grad(|| cover.spread(&g))?.map(Some);
    drop(g);
    let mut state = [m.take(), row, column];
    let outcome = Turn { state: &mut state, numbers: &mut [], ..turn }.update(formula);
    [*m, ..] = state;
    outcome?;
    *accumulator = after;
    Ok(())
}

/// `v = c g² + β₂ past`
#[derive(Clone, Copy)]
struct Squares {
    gain: f64,
    beta2: f64,
}

impl Squares {
    #[inline(always)]
    fn of<T: Real>(self, g: T, past: T) -> T {
        T::of(self.gain) * (g * g) + T::of(self.beta2) * past
    }
}

/// The largest v of each row and each column.
impl MarginRule for Squares {
    #[inline(always)]
    fn element<T: Real>(self, g: T, row: T, column: T) -> T {
        self.of(g, row.smaller(column))
    }
    #[inline(always)]
    fn join<T: Real>(self, a: T, b: T) -> T {
        a.larger(b)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    lr: f64,
    momentum: f64,
    squares: Squares,
    eps: f64,
}

impl Formula {
    /// The new p and m.
    #[inline(always)]
    fn with<T: Real>(self, p: T, g: T, m: T, v: T) -> (T, T) {
        // 0 / 0 where there was no gradient yet.
        let u = T::select(g.eq(T::ZERO), g, g / (v + T::of(self.eps)).sqrt());
        let m = T::of(self.momentum) * m + T::of(1.0 - self.momentum) * u;
        (p - T::of(self.lr) * m, m)
    }
}

impl ElementRule<3> for Formula {
    const FIXED: usize = 2;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, row, column]: [T; 3]) -> (T, [T; 3]) {
        let (p, m) = self.with(p, g, m, self.squares.element(g, row, column));
        (p, [m, row, column])
    }
}

#[derive(Clone, Copy)]
struct Alone(Formula);

impl ElementRule<2> for Alone {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, past]: [T; 2]) -> (T, [T; 2]) {
        let v = self.0.squares.of(g, past);
        let (p, m) = self.0.with(p, g, m, v);
        (p, [m, v])
    }
}

/// What the elements of a parameter are covered by, seen as a matrix: dim 0 are its rows, all other dims its columns.
struct Cover {
    row: Tensor,
    column: Tensor,
}

impl Cover {
    fn of(accumulator: &Tensor, shape: &[usize]) -> Result<Cover> {
        let (height, others) = (shape[0], &shape[1..]);
        let row = accumulator.narrow(0, 0, height)?.reshape(&[height, 1])?;
        let rest = accumulator.narrow(0, height, accumulator.numel() - height)?;
        let width = others.iter().product();
        Ok(Cover { row, column: covered(&rest, others)?.reshape(&[1, width])? })
    }

    /// The accumulator after a step along g.
    fn after(&self, g: &Tensor, squares: Squares) -> Result<Tensor> {
        let matrix = g.reshape(&[self.row.numel(), self.column.numel()])?;
        let (rows, columns) = matrix.fold_margins(&self.row, &self.column, squares)?;
        Tensor::cat(&[&rows.reshape(&[rows.numel()])?, &cover(&columns.reshape(&g.shape()[1..])?)?], 0)
    }

    /// Row and column in the shape of g, without a copy.
    fn spread(&self, g: &Tensor) -> Result<[Tensor; 2]> {
        let size = [self.row.numel(), self.column.numel()];
        let like = |x: &Tensor| x.broadcast_to(&size)?.reshape(g.shape());
        Ok([like(&self.row)?, like(&self.column)?])
    }
}

/// The least of the numbers that an element is covered by, for each element of at least one dim.
fn covered(accumulator: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let mut start = 0;
    let mut along = |d: usize| {
        let sizes: Vec<usize> = (0..shape.len()).map(|k| if k == d { shape[d] } else { 1 }).collect();
        start += shape[d];
        accumulator.narrow(0, start - shape[d], shape[d])?.reshape(&sizes)
    };
    let first = along(0)?;
    (1..shape.len()).try_fold(first, |least, d| least.minimum(&along(d)?))
}

/// The largest number along all dims but one, for each dim; there is one at least.
fn cover(v: &Tensor) -> Result<Tensor> {
    let rank = v.shape().len();
    if rank == 1 {
        return Ok(v.clone());
    }
    let largest = |d: usize| {
        let others: Vec<isize> = (0..rank).filter(|k| *k != d).map(|k| k as isize).collect();
        v.amax(&others[..])
    };
    let parts = (0..rank).map(largest).collect::<Result<Vec<_>>>()?;
    Tensor::cat(&parts.iter().collect::<Vec<_>>(), 0)
}

#[cfg(test)]
fn by_hand(w: &mut crate::cases::Whole, g: &[f64], [mu, beta2, decay]: [f64; 3]) {
    let columns = w.shape.last().copied().unwrap_or(1);
    let rows = w.p.len() / columns;
    let flat = w.shape.len() < 2;
    if w.t == 1.0 {
        w.b = vec![0.0; rows];
        w.c = vec![0.0; columns];
    }
    let (mut of_rows, mut of_columns) = (vec![0.0f64; rows], vec![0.0f64; columns]);
    for i in 0..w.p.len() {
        let (row, column) = (i / columns, i % columns);
        let g = g[i] + decay * w.p[i];
        let past = if flat { w.c[column] } else { w.b[row].min(w.c[column]) };
        let v = beta2 * past + if beta2 == 1.0 { g * g } else { (1.0 - beta2) * g * g };
        of_rows[row] = of_rows[row].max(v);
        of_columns[column] = of_columns[column].max(v);
        w.a[i] = mu * w.a[i] + (1.0 - mu) * g / (v + 0.01).sqrt();
        w.p[i] -= 0.1 * w.a[i];
    }
    (w.b, w.c) = (of_rows, of_columns);
}

#[cfg(test)]
cases![
    coupled(|| Sm3::new(0.1).eps(0.01), |w, g| by_hand(w, g, [0.9, 1.0, 0.0]))
        .keeps(&["momentum_buffer", "accumulator"]),
    coupled(
        || Sm3::new(0.1).eps(0.01).momentum(0.0).beta2(0.75).weight_decay(0.5),
        |w, g| by_hand(w, g, [0.0, 0.75, 0.5])
    )
    .keeps(&["momentum_buffer", "accumulator"]),
    refused(Sm3::new(0.1).momentum(1.0), "SM3: momentum is 1.0, it must be in [0, 1)"),
    refused(Sm3::new(0.1).beta2(-0.5), "SM3: beta2 is -0.5, it must be in [0, 1]"),
];

#[cfg(test)]
mod tests {
    use super::{cover, covered};
    use crate::{Optimizer, Sm3};
    use autograd_core::Tensor;
    use autograd_core::module::Param;

    #[test]
    fn a_step_of_three_dims_is_that_of_its_elements() {
        let numbers = |by: i32| (0..24).map(|i| f64::from((i * by) % 13) - 6.0).collect::<Vec<_>>();
        let (g, at) = (numbers(7), |i: usize| [i / 12, i / 4 % 3, i % 4]);
        let mut x = Param::new(Tensor::from_slice(&numbers(5), &[2, 3, 4]).expect("small")).expect("floats");
        let mut expected = numbers(5);
        let mut cover = [[0.0f64; 4]; 3];
        let mut sm3 = Sm3::new(0.1).momentum(0.0).eps(0.0);
        for _ in 0..3 {
            let loss = x.try_mul(&Tensor::from_slice(&g, &[2, 3, 4]).expect("small")).expect("its shape").sum();
            sm3.step(&mut x, &loss.backward().expect("tracked")).expect("valid");
            let mut after = [[0.0f64; 4]; 3];
            for (i, g) in g.iter().enumerate() {
                let v = g * g + (0..3).map(|d| cover[d][at(i)[d]]).fold(f64::INFINITY, f64::min);
                (0..3).for_each(|d| after[d][at(i)[d]] = after[d][at(i)[d]].max(v));
                expected[i] -= if *g == 0.0 { 0.0 } else { 0.1 * g / v.sqrt() };
            }
            cover = after;
        }
        let state = sm3.state_dict().get(".accumulator").map(Tensor::to_f64s);
        assert_eq!(state, Some([&cover[0][..2], &cover[1][..3], &cover[2]].concat()));
        assert!(x.to_f64s().iter().zip(&expected).all(|(got, want)| (got - want).abs() < 1e-12), "{x}");
    }

    #[test]
    fn every_element_of_three_dims_is_covered_by_three_numbers() {
        let shape = [2, 3, 4];
        let values: Vec<f64> = (0..24).map(|i| f64::from((i * 7) % 24)).collect();
        let v = Tensor::from_slice(&values, &shape).expect("small");
        let accumulator = cover(&v).expect("floats");
        assert_eq!(accumulator.shape(), [9]);
        let least = covered(&accumulator, &shape).expect("its own").to_f64s();
        let at = |i: usize| [i / 12, i / 4 % 3, i % 4];
        for (i, least) in least.into_iter().enumerate() {
            let largest = |d: usize| {
                let same = (0..24).filter(|k| at(*k)[d] == at(i)[d]);
                same.map(|k| values[k]).fold(f64::NEG_INFINITY, f64::max)
            };
            assert_eq!(least, (0..3).map(largest).fold(f64::INFINITY, f64::min), "{i}");
        }
    }
}
