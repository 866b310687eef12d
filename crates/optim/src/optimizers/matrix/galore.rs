//! GaLore.

use crate::blend::Average;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::norms::norm;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::update::{ElementRule, Real};
use autograd_core::{DType, Error, Result, SvdMode, Tensor, no_grad};

/// GaLore, gradient low-rank projection: [`Adam`](crate::Adam) in a space of few dims for each matrix, that of the
/// largest singular values of its gradient, so its averages take less memory.
///
/// ```text
/// g = U diag(s) Vᵀ,  P = the first r columns of U             in the first step, then every T-th (update_proj_gap T)
/// R = Pᵀ g                                                    r × N of a gradient M × N with M ≤ N
/// m ← β₁ m + (1 − β₁) R
/// v ← β₂ v + (1 − β₂) R²
/// p ← (1 − lr·λ) p                                            (weight_decay λ; coupled: g ← g + λ p instead)
/// p ← p − lr · α P (m̂ / (√v̂ + ε))                             m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ),  t = 1, 2, ..
///
/// M > N                                                       the same, transposed: R = g P with P of V
/// what is no matrix                                           P = 1 and α = 1
/// ```
///
/// r is `rank ≥ 1` (128), or M or N where that is less, `T ≥ 1` (200). `lr ≥ 0`, `α ≥ 0` (`scale`, 1; the authors train
/// with 0.25), `0 ≤ β < 1` (0.9 and 0.999), `ε ≥ 0` (1e-8), `λ ≥ 0` (0, decoupled). State: `exp_avg` (m) and
/// `exp_avg_sq` (v), both of the shape of R, `projector` (P, without elements where there is none), and the number
/// `projected`, the t at which P was made. t counts the steps of each parameter.
///
/// m and v stay as they are when P changes: they go on in the new space. The sign of a singular vector is arbitrary, so
/// a new column of P is turned to point along the old one.
///
/// # Numerics
/// A column whose singular value is 0 but for rounding is 0: Adam would make whole steps of its rounding errors. A
/// gradient that is 0, or not finite, has no space of its own: P is made by the next one that has.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{GaLore, Optimizer};
///
/// let mut x = Param::new(Tensor::from([[1.0, 1.0], [1.0, 1.0]]))?;
/// let grads = x.try_mul(&Tensor::from([[0.0, 3.0], [4.0, 0.0]]))?.sum().backward()?;
/// let mut galore = GaLore::new(0.5).rank(1).update_proj_gap(100).scale(0.5);
/// galore.step(&mut x, &grads)?;                       // along the largest singular value, 4, alone
/// let after = x.to_vec::<f32>()?;
/// assert!(after.iter().zip([1.0, 1.0, 0.75, 1.0]).all(|(x, expected)| (x - expected).abs() < 1e-6));
/// assert_eq!(galore.state_dict().get(".exp_avg").map(|m| m.shape().to_vec()), Some(vec![1, 2]));
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Zhao, Zhang, Chen, Wang, Anandkumar, Tian, GaLore: Memory-Efficient LLM Training by Gradient Low-Rank Projection,
/// 2024, algorithm 2.
///
/// # Differs from
/// * The authors' code: there a square matrix is projected from the right, ε is added to √v before the bias correction
///   and is 1e-6, and the parameter is decayed after the step.
/// * optax (`contrib.galore`): there U is taken where M ≥ N and V elsewhere, so of all but square matrices the larger
///   side is projected; the singular vectors are computed in `F32`.
/// * Both: singular vectors keep the sign that they were found with, and rounding errors and gradients of 0 have
///   columns.
/// * PyTorch and Keras do not have it.
#[derive(Clone)]
pub struct GaLore(Driver<GaLoreRule>);
optimizer!(GaLore, GaLoreRule);

#[derive(Clone, Debug)]
struct GaLoreRule {
    rank: usize,
    update_proj_gap: u64,
    scale: f64,
    betas: [f64; 2],
    eps: f64,
}

impl GaLore {
    /// An optimizer with the default hyperparameters; the authors take 0.01 for small models.
    pub fn new(lr: f64) -> GaLore {
        let rule = GaLoreRule { rank: 128, update_proj_gap: 200, scale: 1.0, betas: [0.9, 0.999], eps: 1e-8 };
        GaLore(Driver::new(rule, lr).decoupled_weight_decay(true))
    }

    /// r ≥ 1: the dims of the space of a matrix. Default 128.
    pub fn rank(self, rank: usize) -> GaLore {
        self.with(|rule| rule.rank = rank)
    }

    /// T ≥ 1: the number of steps in one space. Default 200.
    pub fn update_proj_gap(self, update_proj_gap: u64) -> GaLore {
        self.with(|rule| rule.update_proj_gap = update_proj_gap)
    }

    /// α ≥ 0, by which the steps of matrices are multiplied. Default 1.
    pub fn scale(self, scale: f64) -> GaLore {
        self.with(|rule| rule.scale = scale)
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past m and v keep. Default 0.9 and 0.999.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{GaLore, Optimizer};
    /// let galore = GaLore::new(0.01).betas(0.8, 0.99).eps(1e-6);
    /// assert_eq!((galore.get("betas[1]")?, galore.get("eps")?), (0.99, 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn betas(self, beta1: f64, beta2: f64) -> GaLore {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> GaLore {
        self.with(|rule| rule.eps = eps)
    }
}

/// The place of P in the state.
const PROJECTOR: usize = 2;

impl Rule for GaLoreRule {
    const NAME: &'static str = "GaLore";
    const STATE: &'static [&'static str] = &["exp_avg", "exp_avg_sq", "projector"];
    const NUMBERS: &'static [&'static str] = &["projected"];

    fn extent(&self) -> usize {
        self.rank
    }

    fn start(&self, slot: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        match (parameter.shape(), slot) {
            ([rows, columns], slot) => {
                let (less, more) = ((*rows).min(*columns), (*rows).max(*columns));
                let rank = self.rank.min(less);
                let shape = match slot {
                    PROJECTOR => [less, rank],
                    _ if rows <= columns => [rank, more],
                    _ => [more, rank],
                };
                Tensor::zeros(&shape, parameter.dtype())
            }
            (_, PROJECTOR) => Tensor::zeros(&[0], parameter.dtype()),
            _ => Ok(parameter.zeros_like()),
        }
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("scale", &mut self.scale, Range::AT_LEAST_0);
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
    }

    fn check(&self) -> Result<()> {
        match (self.rank, self.update_proj_gap) {
            (0, _) => Err(Error::argument(Self::NAME, "rank", 0, "at least 1")),
            (_, 0) => Err(Error::argument(Self::NAME, "update_proj_gap", 0, "at least 1")),
            _ => Ok(()),
        }
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        if turn.parameter.numel() == 0 {
            return Ok(());
        }
        let g = turn.descent()?;
        let [Some(m), Some(v), Some(projector)] = &mut *turn.state else {
            unreachable!("the driver has made all states, which are always in use")
        };
        let moments = Moments::of(self, turn.t as f64);
        if g.rank() != 2 {
            let mut step = g.zeros_like();
            step.update(&g, [Some(m), Some(v)], moments)?;
            let rate = turn.lr;
            return turn.subtract(rate, &step);
        }
        let made = &mut turn.numbers[0];
        if (*made == 0.0 || turn.t as f64 >= *made + self.update_proj_gap as f64)
            && let Some(new) = no_grad(|| space(&g, projector))?
        {
            (*projector, *made) = (new, turn.t as f64);
        }
        let wide = g.shape()[0] <= g.shape()[1];
        let low = no_grad(|| if wide { projector.t()?.matmul(&g) } else { g.matmul(projector) })?;
        let mut step = low.zeros_like();
        step.update(&low, [Some(m), Some(v)], moments)?;
        let step = no_grad(|| if wide { projector.matmul(&step) } else { step.matmul(&projector.t()?) })?;
        let rate = turn.lr * self.scale;
        turn.subtract(rate, &step)
    }
}

/// The projector of a gradient, in place of an older one, which is 0 at first; none for a gradient without a space.
fn space(g: &Tensor, old: &Tensor) -> Result<Option<Tensor>> {
    let largest = norm(std::iter::once(g), f64::INFINITY)?;
    if largest == 0.0 || !largest.is_finite() {
        return Ok(None);
    }
    let [rows, columns] = *g.shape() else { unreachable!("only matrices have a space") };
    let rank = old.shape()[1];
    // Its singular vectors are those of g, which may be too large or too small for the squares of its elements.
    let (u, s, vt) = g.div_scalar(largest).svd(SvdMode::Reduced)?;
    let found = if rows <= columns { u } else { vt.t()? }.narrow(1, 0, rank)?;
    let along = found.try_mul(old)?.to_f64s();
    let epsilon = if g.dtype() == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let s = s.to_f64s();
    let least = epsilon * rows.max(columns) as f64 * s[0];
    let sign = |k: usize| match along.iter().skip(k).step_by(rank).sum::<f64>() {
        _ if s[k] <= least => 0.0,
        along if along < 0.0 => -1.0,
        _ => 1.0,
    };
    let signs: Vec<f64> = (0..rank).map(sign).collect();
    found.try_mul(&Tensor::from_slice(&signs, &[1, rank])?.to_dtype(g.dtype())).map(Some)
}

/// Adam's step from a gradient, in the place of anything.
#[derive(Clone, Copy)]
struct Moments {
    average: Average,
    beta: f64,
    of_m: f64,
    of_v: f64,
    eps: f64,
}

impl Moments {
    fn of(rule: &GaLoreRule, t: f64) -> Moments {
        let [beta1, beta2] = rule.betas;
        let (of_m, of_v) = (1.0 / (1.0 - beta1.powf(t)), 1.0 / (1.0 - beta2.powf(t)).sqrt());
        Moments { average: Average::keeping(beta1), beta: beta2, of_m, of_v, eps: rule.eps }
    }
}

impl ElementRule<2> for Moments {
    #[inline(always)]
    fn element<T: Real>(self, _: T, g: T, [m, v]: [T; 2]) -> (T, [T; 2]) {
        let m = self.average.next(m, g);
        let v = T::of(self.beta) * v + T::of(1.0 - self.beta) * (g * g);
        (T::of(self.of_m) * (m / (v.sqrt() * T::of(self.of_v) + T::of(self.eps))), [m, v])
    }
}

/// In plain words, for one or two rows or columns; P stands in c, row by row.
#[cfg(test)]
fn by_hand(w: &mut crate::cases::Whole, g: &[f64], rank: usize, gap: usize, decay: f64) {
    let (rows, columns) = match w.shape[..] {
        [rows, columns] => (rows, columns),
        _ => (1, g.len()),
    };
    let (less, more) = (rows.min(columns), rows.max(columns));
    let rank = rank.min(less);
    let g = |i: usize, j: usize| if rows <= columns { g[i * columns + j] } else { g[j * columns + i] };
    if w.t == 1.0 {
        (w.a, w.b, w.c) = (vec![0.0; rank * more], vec![0.0; rank * more], vec![0.0; less * rank]);
    }
    if (w.t as usize - 1).is_multiple_of(gap) {
        let gram = |i: usize, k: usize| (0..more).map(|j| g(i, j) * g(k, j)).sum::<f64>();
        // The axes of a symmetric matrix of two rows.
        let angle = if less == 1 { 0.0 } else { f64::atan2(2.0 * gram(0, 1), gram(0, 0) - gram(1, 1)) / 2.0 };
        for (k, [x, y]) in [[angle.cos(), angle.sin()], [-angle.sin(), angle.cos()]].into_iter().enumerate().take(rank)
        {
            let column: Vec<f64> = [x, y].into_iter().take(less).collect();
            let along: f64 = column.iter().enumerate().map(|(i, x)| x * w.c[i * rank + k]).sum();
            column.iter().enumerate().for_each(|(i, x)| w.c[i * rank + k] = if along < 0.0 { -x } else { *x });
        }
    }
    let low: Vec<f64> =
        (0..rank * more).map(|e| (0..less).map(|i| w.c[i * rank + e / more] * g(i, e % more)).sum()).collect();
    for (e, low) in low.iter().enumerate() {
        w.a[e] = 0.5 * w.a[e] + 0.5 * low;
        w.b[e] = 0.75 * w.b[e] + 0.25 * low * low;
    }
    let step = |e: usize| {
        let (m, v) = (w.a[e] / (1.0 - 0.5f64.powf(w.t)), w.b[e] / (1.0 - 0.75f64.powf(w.t)));
        m / (v.sqrt() + 0.1)
    };
    let scale = if w.shape.len() == 2 { 0.5 } else { 1.0 };
    for e in 0..w.p.len() {
        let (i, j) = if rows <= columns { (e / columns, e % columns) } else { (e % columns, e / columns) };
        let full: f64 = (0..rank).map(|k| w.c[i * rank + k] * step(k * more + j)).sum();
        w.p[e] = (1.0 - 0.1 * decay) * w.p[e] - 0.1 * scale * full;
    }
}

#[cfg(test)]
fn example() -> GaLore {
    GaLore::new(0.1).betas(0.5, 0.75).eps(0.1).scale(0.5)
}

#[cfg(test)]
const KEEPS: [&str; 4] = ["projected", "exp_avg", "exp_avg_sq", "projector"];

#[cfg(test)]
cases![
    coupled(|| example().rank(1).update_proj_gap(3), |w, g| by_hand(w, g, 1, 3, 0.0)).keeps(&KEEPS),
    coupled(|| example().update_proj_gap(2).weight_decay(0.5), |w, g| by_hand(w, g, 2, 2, 0.5)).keeps(&KEEPS),
    coupled(|| example().rank(1), |w, g| by_hand(w, g, 1, 200, 0.0)).of_matrices().keeps(&KEEPS),
    refused(GaLore::new(0.1).rank(0), "GaLore: rank is 0, it must be at least 1"),
    refused(GaLore::new(0.1).update_proj_gap(0), "GaLore: update_proj_gap is 0, it must be at least 1"),
    refused(GaLore::new(0.1).scale(-1.0), "GaLore: scale is -1.0, it must be finite and at least 0"),
    refused(GaLore::new(0.1).betas(0.9, 1.0), "GaLore: betas[1] is 1.0, it must be in [0, 1)"),
];

#[cfg(test)]
mod tests {
    use super::example;
    use crate::cases::golden;
    use crate::{GaLore, Optimizer};
    use autograd_core::module::Param;
    use autograd_core::{DType, Tensor};

    #[test]
    fn steps_of_a_square_matrix_are_those_of_optax() {
        // optax.contrib 0.2.8, float64, with its singular vectors in float64, too.
        let expected = [-0.9744938079720422, -0.2793290780123107, 0.5255061920279578, -0.7793290780123108];
        golden(GaLore::new(0.1).rank(1).scale(0.25), expected);
        let expected = [-0.9919969871683734, -0.2566650244128914, 0.5412193425799674, -0.7841564043076085];
        golden(GaLore::new(0.1).rank(1).scale(0.25).update_proj_gap(2), expected);
        let expected = [-0.885825823511888, -0.1849060804518401, 0.3964352328223306, -0.7954287872137047];
        golden(example().rank(2).update_proj_gap(2).weight_decay(0.25), expected);
    }

    /// The parameter and P after a step along a gradient.
    fn step(galore: &mut GaLore, x: &mut Param, g: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let g = Tensor::from_slice(g, x.shape()).expect("of its size").to_dtype(x.dtype());
        let grads = x.try_mul(&g).expect("of one shape").sum().backward().expect("tracked");
        galore.step(x, &grads).expect("valid");
        (x.to_f64s(), galore.state_dict().get(".projector").map(|p| p.to_f64s()).expect("a matrix has it"))
    }

    #[test]
    fn another_rank_needs_other_state() {
        let mut x = Param::new(Tensor::from([[1.0, 1.0], [1.0, 1.0]])).expect("floats");
        let mut galore = example().rank(1);
        step(&mut galore, &mut x, &[1.0, 2.0, 3.0, 4.0]);
        let (mut galore, before) = (galore.rank(2), x.to_f64s());
        let grads = x.sum().backward().expect("tracked");
        assert_eq!(
            galore.step(&mut x, &grads).expect_err("state of rank 1").to_string(),
            "GaLore: the state \".exp_avg\" is F32 [1, 2], the parameter needs F32 [2, 2]"
        );
        assert_eq!(x.to_f64s(), before);
    }

    #[test]
    fn what_is_nothing_but_rounding_errors_is_no_direction() {
        for (dtype, tolerance) in [(DType::F32, 1e-6), (DType::F64, 1e-15)] {
            for size in [1.0, 1e30, 1e-30] {
                let mut x = Param::new(Tensor::zeros(&[3, 3], dtype).expect("small")).expect("floats");
                let g: Vec<f64> = (0..9).map(|e| size * [1.0, 2.0, 3.0][e / 3] * [0.3, 0.1, -0.7][e % 3]).collect();
                let (_, projector) = step(&mut example(), &mut x, &g);
                let long = |k: usize| projector.iter().skip(k).step_by(3).map(|x| x * x).sum::<f64>();
                assert!((long(0) - 1.0).abs() < tolerance && long(1) == 0.0 && long(2) == 0.0, "{projector:?}");
            }
        }
    }

    #[test]
    fn a_gradient_without_a_space_leaves_it_to_the_next_one() {
        let mut x = Param::new(Tensor::zeros(&[2, 2], DType::F64).expect("small")).expect("floats");
        let mut galore = example().rank(1);
        assert_eq!(step(&mut galore, &mut x, &[0.0; 4]), (vec![0.0; 4], vec![0.0; 2]));
        let (after, projector) = step(&mut galore, &mut x, &[0.0, 0.0, 2.0, 0.0]);
        assert!(after[2] < 0.0 && projector[0].abs() < 1e-15 && (projector[1].abs() - 1.0).abs() < 1e-15);
        let made = galore.state_dict().get(".projected").map(|made| made.to_f64s());
        assert_eq!(made, Some(vec![2.0]));
    }

    #[test]
    fn state_of_another_rank_is_refused() {
        let mut x = Param::new(Tensor::zeros(&[2, 3], DType::F64).expect("small")).expect("floats");
        let (mut one, mut two) = (example().rank(1), example().rank(2));
        step(&mut one, &mut x, &[1.0; 6]);
        two.load_state_dict(&one.state_dict()).expect("the same names");
        let grads = x.square().sum().backward().expect("tracked");
        let error = two.step(&mut x, &grads).expect_err("other shapes").to_string();
        assert_eq!(error, r#"GaLore: the state ".exp_avg" is F64 [1, 3], the parameter needs F64 [2, 3]"#);
    }
}
