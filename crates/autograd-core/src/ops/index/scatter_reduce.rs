//! Elements folded together at the places of an index.

use super::placed::Placed;
use super::scatter::part_of;
use crate::error::Result;
use crate::ops::check::Check;
use crate::shape::Dim;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{DType, Tensor};

/// The fold of [`Tensor::scatter_reduce`].
///
/// # Examples
/// ```
/// use autograd_core::{ScatterReduce, Tensor};
/// let (x, index) = (Tensor::from([1.0, 1.0]), Tensor::from([0, 0]));
/// let src = Tensor::from([4.0, 7.0]);
/// let mean = |fold| x.scatter_reduce(0, &index, &src, fold)?.to_vec::<f32>();
/// assert_eq!(mean(ScatterReduce::mean())?, [4.0, 1.0]);
/// assert_eq!(mean(ScatterReduce::mean().include_self(false))?, [5.5, 1.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScatterReduce {
    fold: Fold,
    include_self: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fold {
    Sum,
    Mean,
    Prod,
    Amax,
    Amin,
}

macro_rules! folds {
    ($($name:ident $fold:ident $text:literal $value:literal;)*) => {$(
        #[doc = concat!("The ", $text, ".")]
        ///
        /// # Examples
        /// ```
        /// # use autograd_core::{ScatterReduce, Tensor};
        /// let x = Tensor::from([2.0, 5.0]);
        #[doc = concat!("let fold = ScatterReduce::", stringify!($name), "();")]
        /// let y = x.scatter_reduce(0, &Tensor::from([0]), &Tensor::from([4.0]), fold)?;
        #[doc = concat!("assert_eq!(y.to_vec::<f32>()?, [", $value, ", 5.0]);")]
        /// # Ok::<(), autograd_core::Error>(())
        /// ```
        pub const fn $name() -> ScatterReduce {
            ScatterReduce { fold: Fold::$fold, include_self: true }
        }
    )*};
}

impl ScatterReduce {
    folds! {
        sum Sum "sum" "6.0";
        mean Mean "mean" "3.0";
        prod Prod "product" "8.0";
        amax Amax "largest; NaN if there is one" "4.0";
        amin Amin "smallest; NaN if there is one" "2.0";
    }

    /// Whether the elements that are there already take part; default true. Those that nothing is folded to stay in
    /// any case.
    #[must_use]
    pub const fn include_self(self, include_self: bool) -> ScatterReduce {
        ScatterReduce { include_self, ..self }
    }
}

const OP: &str = "scatter_reduce";

impl Tensor {
    /// For each element of `index`, that of `src` at the same coordinates, folded with those of this tensor and of
    /// `src` that have the same place: where the coordinate along `dim` is the index instead.
    ///
    /// # Shapes
    /// As for [`Tensor::scatter`].
    ///
    /// # Gradient
    /// That of the sum, mean, product (exact where elements are 0), largest or smallest of what met in a place; ties
    /// share it equally. Saves the index; for products, `amax` and `amin` the elements, too.
    ///
    /// # Errors
    /// As for `scatter`; or if the dtype is not a float type, except for `sum`, `amax` and `amin` of `I64`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{ScatterReduce, Tensor};
    /// let (index, src) = (Tensor::from([0, 1, 0]), Tensor::from([3.0, 4.0, 5.0]));
    /// let y = Tensor::from([4.0, 9.0]).scatter_reduce(0, &index, &src, ScatterReduce::amax())?;
    /// assert_eq!(y.to_vec::<f32>()?, [5.0, 9.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn scatter_reduce(&self, dim: impl Dim, index: &Tensor, src: &Tensor, reduce: ScatterReduce) -> Result<Tensor> {
        scatter_reduce_of(self, dim.signed(), index, src, reduce)
    }
}

fn scatter_reduce_of(x: &Tensor, dim: isize, index: &Tensor, src: &Tensor, reduce: ScatterReduce) -> Result<Tensor> {
    Check(OP).same_dtype(x, src)?;
    let whole = matches!(reduce.fold, Fold::Sum | Fold::Amax | Fold::Amin) && x.dtype() == DType::I64;
    if !whole {
        Check(OP).float(x)?;
    }
    let placed = Placed::picked(OP, x, dim, index)?;
    fold(OP, &placed, x, &part_of(OP, src, index)?, reduce)
}

/// `part` folded into `x` at its places, recorded.
pub(crate) fn fold(
    op: &'static str,
    placed: &Placed,
    x: &Tensor,
    part: &Tensor,
    reduce: ScatterReduce,
) -> Result<Tensor> {
    // Whatever is replaced by the neutral element does not take part.
    let start = |neutral: f64| match reduce.include_self {
        true => Ok(x.clone()),
        false => placed.put(op, x, &Tensor::full(&placed.part(x.shape()), neutral, x.dtype())?),
    };
    match reduce.fold {
        Fold::Sum => placed.add(op, &start(0.0)?, part),
        Fold::Mean => {
            let ones = Tensor::full(&placed.part(x.shape()), 1.0, x.dtype())?;
            let own = Tensor::filled(op, x.shape(), 1.0, x.dtype())?;
            let own = if reduce.include_self { own } else { placed.clear(op, &own)? };
            let count = placed.add(op, &own, &ones)?;
            placed.add(op, &start(0.0)?, part)?.try_div(&count)
        }
        Fold::Prod => super::product_at::product(op, placed, &start(1.0)?, part),
        Fold::Amax | Fold::Amin => extreme(op, placed, x, part, reduce),
    }
}

fn extreme(op: &'static str, placed: &Placed, x: &Tensor, part: &Tensor, reduce: ScatterReduce) -> Result<Tensor> {
    let largest = reduce.fold == Fold::Amax;
    let start = if reduce.include_self {
        x.untied()
    } else if x.dtype() == DType::I64 {
        // The last of a place is one of those that are folded.
        placed.put(op, &x.untied(), &part.detach())?
    } else {
        let neutral = if largest { f64::NEG_INFINITY } else { f64::INFINITY };
        placed.put(op, &x.untied(), &Tensor::full(&placed.part(x.shape()), neutral, x.dtype())?)?
    };
    let value = placed.extreme(op, &start, &part.untied(), largest)?;
    Ok(record(op, value, &[x, part], |y| Extreme {
        op,
        x: Saved::input(0, x),
        part: Saved::input(1, part),
        y: Saved::output(y),
        placed: placed.clone(),
        include_self: reduce.include_self,
    }))
}

struct Extreme {
    op: &'static str,
    x: Saved,
    part: Saved,
    y: Saved,
    placed: Placed,
    include_self: bool,
}

impl Pullback for Extreme {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        // The choice of elements has no derivative, so it is not recorded.
        let (x, part, y) = (self.x.value(), self.part.value(), self.y.value());
        let dtype = gy.dtype();
        // A NaN among them is the result, and has the gradient.
        let is = |x: &Tensor, y: &Tensor| x.eq(y)?.logical_or(&x.isnan().logical_and(&y.isnan())?);
        let of_part = is(part, &self.placed.take(y)?)?;
        let own = is(x, y)?.to_dtype(dtype);
        let own = if self.include_self { own } else { self.placed.clear(self.op, &own)? };
        let share = gy.try_div(&self.placed.add(self.op, &own, &of_part.to_dtype(dtype))?)?;
        // Chosen, not multiplied by 0 and 1: others have nothing of an infinite gradient.
        let none = Tensor::full(&[], 0.0, dtype)?;
        at.give(1, || of_part.where_cond(&self.placed.take(&share)?, &none))?;
        at.give(0, || own.ne_scalar(0.0).where_cond(&share, &none))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        see(&self.part);
        see(&self.y);
        see(self.placed.index().saved());
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    // No two that meet are closer than 0.02.
    let tenths = [-0.6, -0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
    let src = Input::real(&[2, 5], -0.7..0.7).avoiding(&tenths);
    let x = move || vec![Input::distinct(&[3, 4]), Input::index(&[2, 5], 4), src.clone()];
    // All that meet in a place, with what was there, or without.
    let reference = |own: bool, fold: fn(&[f64]) -> f64| {
        move |x: &[Vec<f64>]| {
            let mut met: Vec<Vec<f64>> = vec![Vec::new(); 12];
            (0..10).for_each(|k| met[k / 5 * 4 + x[1][k] as usize].push(x[2][k]));
            let folded = met.iter().zip(&x[0]).map(|(met, x)| match met[..] {
                [] => *x,
                _ if own => fold(&[&[*x][..], met].concat()),
                _ => fold(met),
            });
            folded.collect()
        }
    };
    let case = |op: &'static str, reduce: ScatterReduce| {
        let case = Case::new(op, x(), move |x| x[0].scatter_reduce(1, &x[1], &x[2], reduce));
        case.not_counting_saved()
    };
    type Folds = fn(&[f64]) -> f64;
    let sum: Folds = |x| x.iter().sum();
    let mean: Folds = |x| x.iter().sum::<f64>() / x.len() as f64;
    let prod: Folds = |x| x.iter().product();
    let max: Folds = |x| x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let min: Folds = |x| x.iter().copied().fold(f64::INFINITY, f64::min);
    let alone = |reduce: ScatterReduce| reduce.include_self(false);
    [
        case("scatter_reduce", ScatterReduce::sum())
            .value(reference(true, sum))
            .refuses(
                |x| x[0].scatter_reduce(1, &x[1], &x[2].narrow(0, 0, 1)?, ScatterReduce::sum()),
                "scatter_reduce: src has shape [1, 5], expected as many dimensions as the index, [2, 5], and none \
                 smaller",
            )
            .refuses(
                |x| x[0].scatter_reduce(1, &Tensor::from([[7]]), &x[2], ScatterReduce::sum()),
                "scatter_reduce: index 7 at position 0 is out of range for dim 1 of shape [3, 4]",
            )
            .refuses(
                |x| {
                    let [a, b] = [&x[0], &x[2]].map(|x| x.to_dtype(DType::I64));
                    a.scatter_reduce(1, &x[1], &b, ScatterReduce::mean())
                },
                "scatter_reduce: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        case("scatter_reduce (sum alone)", alone(ScatterReduce::sum())).value(reference(false, sum)),
        case("scatter_reduce (mean)", ScatterReduce::mean()).value(reference(true, mean)),
        case("scatter_reduce (mean alone)", alone(ScatterReduce::mean())).value(reference(false, mean)),
        case("scatter_reduce (prod)", ScatterReduce::prod()).value(reference(true, prod)),
        case("scatter_reduce (prod alone)", alone(ScatterReduce::prod())).value(reference(false, prod)),
        case("scatter_reduce (amax)", ScatterReduce::amax()).value(reference(true, max)),
        case("scatter_reduce (amax alone)", alone(ScatterReduce::amax())).value(reference(false, max)),
        case("scatter_reduce (amin)", ScatterReduce::amin()).value(reference(true, min)),
        case("scatter_reduce (amin alone)", alone(ScatterReduce::amin())).value(reference(false, min)),
    ]
}];

#[cfg(test)]
mod tests {
    use super::ScatterReduce;
    use crate::Tensor;

    #[test]
    fn a_nan_that_stays_has_its_gradient() -> crate::Result<()> {
        let x = Tensor::from([f64::NAN, 1.0]).requires_grad();
        let src = Tensor::from([2.0, f64::NAN]).requires_grad();
        let y = x.scatter_reduce(0, &Tensor::from([1, 1]), &src, ScatterReduce::amax())?;
        assert!(y.to_f64s().iter().all(|y| y.is_nan()));
        let grads = y.sum().backward()?;
        let of = |x: &Tensor| grads.get(x).expect("a leaf").to_f64s();
        assert_eq!((of(&x), of(&src)), (vec![1.0, 0.0], vec![0.0, 1.0]));
        Ok(())
    }

    fn gradients(reduce: ScatterReduce, x: [f64; 2], src: [f64; 3]) -> [Vec<f64>; 3] {
        let (x, src) = (Tensor::from_slice(&x, &[2]), Tensor::from_slice(&src, &[3]));
        let (x, src) = (x.expect("small").requires_grad(), src.expect("small").requires_grad());
        let y = x.scatter_reduce(0, &Tensor::from([0, 0, 0]), &src, reduce).expect("it fits");
        let grads = y.sum().backward().expect("tracked");
        [y.to_f64s(), grads.get(&x).expect("a leaf").to_f64s(), grads.get(&src).expect("a leaf").to_f64s()]
    }

    #[test]
    fn ties_share_the_gradient() {
        let third = 1.0 / 3.0;
        let [y, gx, gs] = gradients(ScatterReduce::amax(), [2.0, 9.0], [2.0, 1.0, 2.0]);
        assert_eq!((y, gx, gs), (vec![2.0, 9.0], vec![third, 1.0], vec![third, 0.0, third]));
        let [_, gx, gs] = gradients(ScatterReduce::amin().include_self(false), [0.0, 9.0], [2.0, 1.0, 1.0]);
        assert_eq!((gx, gs), (vec![0.0, 1.0], vec![0.0, 0.5, 0.5]));
    }

    #[test]
    fn products_are_exact_at_zeros() {
        let [y, gx, gs] = gradients(ScatterReduce::prod(), [2.0, 9.0], [3.0, 0.0, 5.0]);
        assert_eq!((y, gx, gs), (vec![0.0, 9.0], vec![0.0, 1.0], vec![0.0, 30.0, 0.0]));
        let [_, gx, gs] = gradients(ScatterReduce::prod().include_self(false), [0.0, 9.0], [0.0, 2.0, 0.0]);
        assert_eq!((gx, gs), (vec![0.0, 1.0], vec![0.0, 0.0, 0.0]));
    }

    #[test]
    fn nan_counts_as_the_extreme() {
        let [y, ..] = gradients(ScatterReduce::amin(), [1.0, 9.0], [f64::NAN, 0.0, 1.0]);
        assert!(y[0].is_nan() && y[1] == 9.0);
    }
}
