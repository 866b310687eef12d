//! SparseAdam.

use crate::blend::Average;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::{Decay, Turn};
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// [`Adam`](crate::Adam) for embeddings: a step changes only those rows that the gradient touches, and their state.
///
/// ```text
/// for each row with a gradient that is not 0:
///   m ← β₁ m + (1 − β₁) g
///   v ← β₂ v + (1 − β₂) g²
///   p ← p − lr · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)          t = 1, 2, ..
/// ```
///
/// Gradients are dense here, so a row, everything at one place of dim 0, counts as untouched where its whole gradient
/// is 0; of a vector each element is a row. Adam would move such a row along its old m, and let m and v fade. t counts
/// the steps of the parameter, whether or not they touch the row.
///
/// `lr > 0` (a schedule may take it to 0), `0 ≤ β < 1` (0.9 and 0.999), `ε > 0` (1e-8), `λ ≥ 0` (`weight_decay`, 0),
/// which acts on the touched rows only, in all its forms; a proximal step reaches all rows. State: `exp_avg` (m),
/// `exp_avg_sq` (v).
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Optimizer, SparseAdam};
///
/// let mut table = Param::new(Tensor::from([[1.0, 2.0], [3.0, 4.0]]))?;
/// let mut adam = SparseAdam::new(0.5).betas(0.8, 0.99).eps(1e-12);
/// for row in [0, 1] {
///     let grads = table.narrow(0, row, 1)?.sum().backward()?;
///     adam.step(&mut table, &grads)?;
/// }
/// let after = table.to_f64s();
/// assert_eq!(after[..2], [0.5, 1.5]);                 // by the first step; the second has left it alone
/// assert!((after[2] - (3.0 - 0.5 * 0.0199f64.sqrt() / 0.36 * 0.2 / 0.1)).abs() < 1e-6);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Kingma, Ba, Adam: A Method for Stochastic Optimization, 2015, algorithm 1.
///
/// # Differs from
/// * PyTorch: there a row is touched if it stands among the indices of a sparse gradient, also with zeros; its weight
///   decay does not exist.
/// * Keras, optax: they do not have it.
#[derive(Clone)]
pub struct SparseAdam(Driver<SparseAdamRule>);
optimizer!(SparseAdam, SparseAdamRule);

#[derive(Clone, Debug)]
struct SparseAdamRule {
    betas: [f64; 2],
    eps: f64,
}

impl SparseAdam {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> SparseAdam {
        SparseAdam(Driver::new(SparseAdamRule { betas: [0.9, 0.999], eps: 1e-8 }, lr))
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past the averages of g and g² keep. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> SparseAdam {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε > 0, which is added to the divisor to keep it from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> SparseAdam {
        self.with(|rule| rule.eps = eps)
    }
}

impl Rule for SparseAdamRule {
    const NAME: &'static str = "SparseAdam";
    const STATE: &'static [&'static str] = &["exp_avg", "exp_avg_sq"];
    const START_LR: Range = Range::POSITIVE;

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("eps", &mut self.eps, Range::POSITIVE);
    }

    fn step(&self, mut turn: Turn<'_>) -> Result<()> {
        let ([beta1, beta2], t) = (self.betas, turn.t as f64);
        let decay = std::mem::take(&mut turn.weight_decay);
        let only = |form: Decay, factor: f64| if turn.decay == form { factor } else { 0.0 };
        let formula = Formula {
            beta2,
            average: Average::keeping(beta1),
            gain2: 1.0 - beta2,
            step: turn.lr * (1.0 - beta2.powf(t)).sqrt() / (1.0 - beta1.powf(t)),
            eps: self.eps,
            l2: only(Decay::Coupled, decay),
            shrink: 1.0 - only(Decay::Decoupled, turn.lr * decay),
            cautious: only(Decay::Cautious, turn.lr * decay),
        };
        turn.update_rows(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    beta2: f64,
    average: Average,
    gain2: f64,
    step: f64,
    eps: f64,
    l2: f64,
    shrink: f64,
    cautious: f64,
}

impl ElementRule<2> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m0, v0]: [T; 2]) -> (T, [T; 2]) {
        // Not 0 · p: that would be NaN where a parameter is infinite.
        let g = if self.l2 == 0.0 { g } else { g + T::of(self.l2) * p };
        let m = self.average.next(m0, g);
        let v = T::of(self.beta2) * v0 + T::of(self.gain2) * (g * g);
        let after = p * T::of(self.shrink) - T::of(self.step) * (m / (v.sqrt() + T::of(self.eps)));
        let along = self.cautious != 0.0 && (p - after) * p >= T::ZERO;
        (T::select(along, after - T::of(self.cautious) * p, after), [m, v])
    }
}

#[cfg(test)]
fn by_hand(w: &mut crate::cases::Whole, g: &[f64], decay: f64, decoupled: bool) {
    let columns = if w.shape.len() < 2 { 1 } else { w.shape[1] };
    for (i, slope) in g.iter().enumerate() {
        let row = i / columns * columns;
        if g[row..row + columns].iter().all(|g| *g == 0.0) {
            continue;
        }
        let slope = if decoupled { *slope } else { slope + decay * w.p[i] };
        w.a[i] = 0.5 * w.a[i] + 0.5 * slope;
        w.b[i] = 0.75 * w.b[i] + 0.25 * slope * slope;
        let rate = 0.05 * (1.0 - 0.75f64.powf(w.t)).sqrt() / (1.0 - 0.5f64.powf(w.t));
        w.p[i] *= if decoupled { 1.0 - 0.05 * decay } else { 1.0 };
        w.p[i] -= rate * w.a[i] / (w.b[i].sqrt() + 0.1);
    }
}

#[cfg(test)]
fn example() -> SparseAdam {
    SparseAdam::new(0.05).betas(0.5, 0.75).eps(0.1)
}

#[cfg(test)]
cases![
    coupled(example, |w, g| by_hand(w, g, 0.0, false)).keeps(&["exp_avg", "exp_avg_sq"]),
    coupled(|| example().weight_decay(0.5), |w, g| by_hand(w, g, 0.5, false)).keeps(&["exp_avg", "exp_avg_sq"]),
    coupled(|| example().weight_decay(0.5).decoupled_weight_decay(true), |w, g| by_hand(w, g, 0.5, true))
        .keeps(&["exp_avg", "exp_avg_sq"]),
    refused(SparseAdam::new(0.0), "SparseAdam: lr is 0.0, it must be finite and positive"),
    refused(SparseAdam::new(0.1).eps(0.0), "SparseAdam: eps is 0.0, it must be finite and positive"),
    refused(SparseAdam::new(0.1).betas(1.0, 0.9), "SparseAdam: betas[0] is 1.0, it must be in [0, 1)"),
];

#[cfg(test)]
mod tests {
    use super::SparseAdam;
    use crate::Optimizer;
    use autograd_core::module::Param;
    use autograd_core::{Gradients, Tensor};

    #[test]
    fn rows_without_gradient_keep_value_and_state_in_any_rank() {
        let decays: [fn(SparseAdam) -> SparseAdam; 2] = [
            |adam| adam.weight_decay(0.5).decoupled_weight_decay(true),
            |adam| adam.weight_decay(0.5).cautious_weight_decay(true),
        ];
        for (shape, decay) in [&[3][..], &[3, 2], &[3, 2, 2]].into_iter().flat_map(|s| decays.map(|decay| (s, decay))) {
            let len: usize = shape.iter().product();
            let (each, mut adam) = (len / 3, decay(SparseAdam::new(0.1)));
            let start: Vec<f64> = (0..len).map(|i| i as f64 + 1.0).collect();
            let mut table = Param::new(Tensor::from_slice(&start, shape).expect("small")).expect("floats");
            let mut step = |table: &mut Param, rows: [f64; 3]| {
                // One element of a row is enough.
                let g: Vec<f64> = (0..len).map(|i| if i % each == each - 1 { rows[i / each] } else { 0.0 }).collect();
                let mut grads = Gradients::default();
                grads.insert(table, Tensor::from_slice(&g, shape).expect("small")).expect("a parameter");
                adam.step(table, &grads).expect("valid");
                let state = adam.state_dict();
                let [m, v] = [".exp_avg", ".exp_avg_sq"].map(|name| state.get(name).expect("saved").to_f64s());
                (table.to_f64s(), m, v)
            };
            let first = step(&mut table, [1.0, -2.0, 0.0]);
            let second = step(&mut table, [0.0, 3.0, 4.0]);
            for (i, before) in start.iter().enumerate() {
                let [moved, moved_again] = [first.0[i] != *before, second.0[i] != first.0[i]];
                assert_eq!((moved, moved_again), (i / each != 2, i / each != 0), "element {i} of {shape:?}");
                assert_eq!(
                    second.1[i] == first.1[i] && second.2[i] == first.2[i],
                    i / each == 0 || i % each != each - 1
                );
            }
        }
    }

    #[test]
    fn a_row_that_rests_changes_no_bit_of_the_others() {
        // Rows that lie together are one pass, which a row that rests cuts in two.
        let table = |of_rows: &[Option<u32>], number: fn(f64) -> f64| {
            let row = |of: &Option<u32>| {
                (0..5).map(|j| of.map_or(0.0, |row| number(f64::from(5 * row + j)))).collect::<Vec<f64>>()
            };
            Tensor::from_slice(&of_rows.iter().flat_map(row).collect::<Vec<f64>>(), &[of_rows.len(), 5]).expect("small")
        };
        for decays in [|adam: SparseAdam| adam, |adam: SparseAdam| adam.weight_decay(0.3).cautious_weight_decay(true)] {
            let run = |of_rows: &[Option<u32>]| {
                let mut x = Param::new(table(of_rows, f64::sin)).expect("floats");
                let mut adam = decays(SparseAdam::new(0.1));
                for slope in [f64::cos, f64::tan, f64::cos] {
                    let mut grads = Gradients::default();
                    grads.insert(&x, table(of_rows, slope)).expect("a parameter");
                    adam.step(&mut x, &grads).expect("valid");
                }
                let state = adam.state_dict();
                let all = [x.to_f64s(), state.get(".exp_avg").expect("saved").to_f64s()];
                let rows = |values: &Vec<f64>| {
                    let kept = values.chunks(5).zip(of_rows).filter(|(_, of)| of.is_some());
                    kept.flat_map(|(row, _)| row).map(|x| x.to_bits()).collect::<Vec<_>>()
                };
                all.each_ref().map(rows)
            };
            let [a, b, c] = [0, 1, 2].map(Some);
            assert_eq!(run(&[a, b, c]), run(&[a, None, b, c, None]));
        }
    }

    #[test]
    fn a_schedule_may_end_at_0() {
        let mut x = Param::new(Tensor::from(1.0)).expect("floats");
        let (grads, mut adam) = (x.square().backward().expect("tracked"), SparseAdam::new(0.1));
        adam.set_lr(0.0);
        adam.step(&mut x, &grads).expect("valid");
        assert_eq!(x.to_f64s(), [1.0]);
    }
}
