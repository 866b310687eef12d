//! Targets that are drawn from a model's own outputs.

use autograd_core::{Result, Tensor};
use rand::Rng;

/// Draws the class of each sample from `softmax(x)` of its logits x, for
/// [`Trainer::update_hessian`](crate::Trainer::update_hessian) with `cross_entropy`. A sample whose target is a
/// negative class, like −100, keeps it: it stays ignored.
///
/// ```text
/// class = argmax (x − ln(−ln u))                              u uniform in [0, 1)
/// ```
///
/// # Shapes
/// `output: [C]`, `[N, C]` or `[N, C, ..]`; the result is `I64`, without C.
///
/// # Errors
/// If the output is no float, or has no dim.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, seeded};
/// use wengert_train::draw_classes;
///
/// let logits = Tensor::from([[0.0, 3f32.ln()]]).broadcast_to(&[4000, 2])?;
/// let classes = draw_classes(&logits, &Tensor::from(0), &mut seeded(7))?;
/// let share = classes.to_f64s().iter().sum::<f64>() / 4000.0;
/// assert!((share - 0.75).abs() < 0.02);                       // 3 / (1 + 3)
/// # Ok::<(), wengert_train::Error>(())
/// ```
///
/// # References
/// Gumbel, Statistical Theory of Extreme Values and Some Practical Applications, 1954: the largest of logits with such
/// noise.
pub fn draw_classes(output: &Tensor, target: &Tensor, rng: &mut dyn Rng) -> Result<Tensor> {
    let noise = output.rand_like(rng)?.log().neg().log();
    let drawn = output.detach().try_sub(&noise)?.argmax(output.rank().min(2).saturating_sub(1))?;
    if !target.is_like(&drawn) {
        return Ok(drawn);
    }
    target.lt_scalar(0.0).where_cond(target, &drawn)
}

/// Draws each bit, 1 with probability `sigmoid(x)`, for [`Trainer::update_hessian`](crate::Trainer::update_hessian)
/// with `binary_cross_entropy_with_logits`; of the output's shape and dtype.
///
/// # Errors
/// If the output is no float.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, seeded};
/// use wengert_train::draw_bits;
///
/// let logits = Tensor::from([3f32.ln()]).broadcast_to(&[4000])?;
/// let bits = draw_bits(&logits, &logits, &mut seeded(7))?;
/// assert!((bits.mean()?.item::<f32>()? - 0.75).abs() < 0.02);
/// # Ok::<(), wengert_train::Error>(())
/// ```
pub fn draw_bits(output: &Tensor, _: &Tensor, rng: &mut dyn Rng) -> Result<Tensor> {
    Ok(output.rand_like(rng)?.lt(&output.sigmoid())?.to_dtype(output.dtype()))
}

#[cfg(test)]
mod tests {
    use super::{draw_bits, draw_classes};
    use autograd_core::{DType, Tensor, seeded};

    #[test]
    fn classes_are_drawn_along_their_dim_and_ignored_ones_stay() {
        // Logits that leave no choice: class (row + column) mod 3 of 2 rows of 4 columns.
        let x: Vec<f64> = (0..24)
            .map(|i| {
                let (row, class, column) = (i / 12, i / 4 % 3, i % 4);
                if class == (row + column) % 3 { 1e6 } else { 0.0 }
            })
            .collect();
        let x = Tensor::from_slice(&x, &[2, 3, 4]).expect("24");
        let target = Tensor::from_slice(&[-100i64, 0, 0, 0, 0, 0, 0, -1], &[2, 4]).expect("8");
        for x in [x.clone(), x.to_dtype(DType::F32)] {
            let drawn = draw_classes(&x, &target, &mut seeded(7)).expect("logits");
            assert_eq!((drawn.dtype(), drawn.shape()), (DType::I64, &[2, 4][..]));
            assert_eq!(drawn.to_f64s(), [-100.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, -1.0]);
        }
        // Probabilities as targets.
        let drawn = draw_classes(&Tensor::from([0.0, 1e6]), &Tensor::from([0.5, 0.5]), &mut seeded(7));
        assert_eq!(drawn.expect("logits").to_f64s(), [1.0]);
    }

    #[test]
    fn what_is_no_float_is_refused() {
        for draw in [draw_classes, draw_bits] {
            let (x, rng) = (Tensor::from([1, 2]), &mut seeded(7));
            let error = draw(&x, &x, rng).expect_err("integers").to_string();
            assert_eq!(error, "rand_like: dtype is I64, expected F32 or F64; to_dtype converts");
        }
    }
}
