//! The arithmetic of optimizers on whole tensors.

use crate::error::{Error, ErrorKind, Result};
use crate::kernels::fold::{FoldRule, fold};
use crate::kernels::margins::{MarginRule, Tiles, margins};
use crate::kernels::nest::Nest;
use crate::kernels::update::{ElementRule, State, update};
use crate::ops::check::Check;
use crate::shape::Dims;
use crate::tape::result_of;
use crate::tensor::timer::{Cost, timed};
use crate::tensor::watch::{reads, updates};
use crate::tensor::{DType, Tensor, for_float};

/// Fails for a tensor that an update must not change, or cannot.
#[inline]
fn can_change(x: &Tensor) -> Result<()> {
    if let Some(op) = result_of(x) {
        let text = "is tracked, and its history would be that of another value; detach() leaves it out";
        return Err(Error::new(ErrorKind::Tape, format!("update: the result of {op} {text}")));
    }
    x.can_be_packed("update")
}

/// What an update costs that reads a gradient and `fixed` tensors like it, and reads and writes so many others. What a
/// rule computes for an element is its own affair: an operation is counted for each tensor that is written. Rows that
/// rest are counted as if they did not.
fn cost_of(gradient: &Tensor, written: u64, fixed: u64) -> Cost<'_> {
    let one = Cost::read("update", &[gradient]);
    Cost { bytes: one.bytes * (1 + fixed + 2 * written), flops: one.flops * written, ..one }
}

/// # For optimizers
impl Tensor {
    /// Applies an optimizer's rule to every element of this tensor, its gradient and its state, in one pass over
    /// memory. State that the rule can do without may be `None`: it is neither read nor written.
    ///
    /// The tensors are changed in place where they are the only owners of their memory, else replaced by fresh ones.
    ///
    /// # Errors
    /// If shapes or dtypes differ, the dtype is not a float type, state is missing that the rule always needs, or a
    /// tensor that is to change was computed from tracked ones ([`Tensor::detach`] it): its history would be that of
    /// another value. Then nothing is changed.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Tensor, update::{ElementRule, Real}};
    ///
    /// /// m ← m + g, p ← p − lr · m
    /// #[derive(Clone, Copy)]
    /// struct Momentum {
    ///     lr: f64,
    /// }
    ///
    /// impl ElementRule<1> for Momentum {
    ///     #[inline(always)]
    ///     fn element<T: Real>(self, p: T, g: T, [m]: [T; 1]) -> (T, [T; 1]) {
    ///         let m = m + g;
    ///         (p - T::of(self.lr) * m, [m])
    ///     }
    /// }
    ///
    /// let (mut p, mut m) = (Tensor::from([1.0, 2.0]), Tensor::from([0.0, 4.0]));
    /// p.update(&Tensor::from([1.0, 0.0]), [Some(&mut m)], Momentum { lr: 0.5 })?;
    /// assert_eq!((p.to_vec::<f32>()?, m.to_vec::<f32>()?), (vec![0.5, 0.0], vec![1.0, 4.0]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn update<R: ElementRule<S>, const S: usize>(
        &mut self,
        gradient: &Tensor,
        state: [Option<&mut Tensor>; S],
        rule: R,
    ) -> Result<()> {
        self.updated(gradient, state, rule, None)
    }

    /// Applies an optimizer's rule as [`Tensor::update`] does, to those rows whose gradient is not 0 throughout. A row
    /// is everything at one place of dim 0; of a vector each element is one. The other rows and their state are not
    /// read.
    ///
    /// # Errors
    /// Those of [`Tensor::update`].
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Tensor, update::{ElementRule, Real}};
    ///
    /// /// p ← p − 1 − g
    /// #[derive(Clone, Copy)]
    /// struct Down;
    ///
    /// impl ElementRule<0> for Down {
    ///     #[inline(always)]
    ///     fn element<T: Real>(self, p: T, g: T, state: [T; 0]) -> (T, [T; 0]) {
    ///         (p - T::ONE - g, state)
    ///     }
    /// }
    ///
    /// let mut table = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// table.update_rows(&Tensor::from([[0.0, 0.0], [0.0, 2.0]]), [], Down)?;
    /// assert_eq!(table.to_vec::<f32>()?, [1.0, 2.0, 2.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn update_rows<R: ElementRule<S>, const S: usize>(
        &mut self,
        gradient: &Tensor,
        state: [Option<&mut Tensor>; S],
        rule: R,
    ) -> Result<()> {
        let row = self.shape().iter().skip(1).product();
        self.updated(gradient, state, rule, Some(row))
    }

    /// Of all elements, or of the rows of this length whose gradient is not 0.
    #[inline]
    fn updated<R: ElementRule<S>, const S: usize>(
        &mut self,
        gradient: &Tensor,
        state: [Option<&mut Tensor>; S],
        rule: R,
        row: Option<usize>,
    ) -> Result<()> {
        updates("update");
        let check = Check("update");
        let float = check.float(self)?;
        if let Some(missing) = state.iter().take(R::ALWAYS).position(Option::is_none) {
            let text = format!("update: state number {} is missing, the rule always needs {}", missing + 1, R::ALWAYS);
            return Err(Error::new(ErrorKind::Argument, text));
        }
        let fits = |other: &Tensor| {
            if self.is_like(other) {
                return Ok(());
            }
            check.same_dtype(self, other)?;
            check.is("the gradient or the state", other, self.shape())
        };
        fits(gradient)?;
        can_change(self)?;
        for state in state.iter().flatten() {
            fits(state)?;
            can_change(state)?;
        }
        let gradient = gradient.try_packed("update")?;
        let count = |state: &[Option<&mut Tensor>]| state.iter().flatten().count() as u64;
        let (changing, fixed) = state.split_at(S - R::FIXED);
        let (written, fixed) = (1 + count(changing), count(fixed));
        for_float!(float, T => {
            let mut k = 0;
            let state = state.map(|s| {
                k += 1;
                s.map(|s| {
                    if k > S - R::FIXED && !s.is_contiguous() {
                        let nest = Nest::new(s.shape(), [s.strides()]);
                        return State::Walked(s.strided::<T>(), nest);
                    }
                    State::Own(s.elements_mut::<T>())
                })
            });
            let (x, g) = (self.elements_mut::<T>(), gradient.flat());
            timed(|| cost_of(&gradient, written, fixed), || update(rule, row, x, g, state));
        });
        Ok(())
    }

    /// One number from all elements of this tensor and another of the same shape and dtype, gathered in `f64`: an inner
    /// product, a norm. Its bits are the same on any number of threads.
    ///
    /// # Errors
    /// If shapes or dtypes differ, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Tensor, update::FoldRule};
    ///
    /// /// Σ x y
    /// #[derive(Clone, Copy)]
    /// struct Dot;
    ///
    /// impl FoldRule for Dot {
    ///     #[inline(always)]
    ///     fn element(self, x: f64, y: f64) -> f64 {
    ///         x * y
    ///     }
    ///     #[inline(always)]
    ///     fn join(self, a: f64, b: f64) -> f64 {
    ///         a + b
    ///     }
    /// }
    ///
    /// assert_eq!(Tensor::from([1.0, 2.0]).fold(&Tensor::from([3.0, 4.0]), Dot)?, 11.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn fold<R: FoldRule>(&self, other: &Tensor, rule: R) -> Result<f64> {
        reads("fold");
        let check = Check("fold");
        let float = check.same_float(self, other)?;
        check.is("the second tensor", other, self.shape())?;
        let (x, y) = (self.try_packed("fold")?, other.try_packed("fold")?);
        let cost = || Cost::read("fold", &[&x, &y]);
        Ok(timed(cost, || for_float!(float, T => fold(rule, x.flat::<T>(), y.flat::<T>()))))
    }

    /// The folds of the rows and of the columns of these matrices `[.., rows, columns]`, in one pass over memory: `[..,
    /// rows, 1]` and `[.., 1, columns]`. `row` and `column` have those shapes: each element is told their numbers at
    /// its place. Up to 256 numbers of a row and 64 of a column are gathered in this tensor's dtype, and those sums in
    /// `f64`; the bits are the same on any number of threads.
    ///
    /// # Errors
    /// If this tensor has fewer than two dims, `row` or `column` another shape than those, or a dtype differs or is not
    /// a float type.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Tensor, update::{MarginRule, Real}};
    ///
    /// /// The largest |x|.
    /// #[derive(Clone, Copy)]
    /// struct Largest;
    ///
    /// impl MarginRule for Largest {
    ///     #[inline(always)]
    ///     fn element<T: Real>(self, x: T, _: T, _: T) -> T {
    ///         x.abs()
    ///     }
    ///     #[inline(always)]
    ///     fn join<T: Real>(self, a: T, b: T) -> T {
    ///         a.larger(b)
    ///     }
    /// }
    ///
    /// let x = Tensor::from([[1.0, -4.0], [2.0, 3.0]]);
    /// let (row, column) = (Tensor::from([[0.0], [0.0]]), Tensor::from([[0.0, 0.0]]));
    /// let (rows, columns) = x.fold_margins(&row, &column, Largest)?;
    /// assert_eq!((rows.to_vec::<f32>()?, columns.to_vec::<f32>()?), (vec![4.0, 3.0], vec![2.0, 4.0]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn fold_margins<R: MarginRule>(&self, row: &Tensor, column: &Tensor, rule: R) -> Result<(Tensor, Tensor)> {
        reads("fold_margins");
        let check = Check("fold_margins");
        let float = check.same_float(self, row)?;
        check.same_dtype(self, column)?;
        let [height, width] = check.last("the tensor", self, "[.., rows, columns]")?;
        let with = |last: [usize; 2]| {
            let mut shape = Dims::from_slice(self.shape());
            let rank = shape.len();
            shape[rank - 2..].copy_from_slice(&last);
            shape
        };
        let (of_rows, of_columns) = (with([height, 1]), with([1, width]));
        check.is("row", row, &of_rows)?;
        check.is("column", column, &of_columns)?;
        let mut rows = Tensor::zeros(&of_rows, self.dtype())?;
        let mut columns = Tensor::zeros(&of_columns, self.dtype())?;
        if self.numel() == 0 {
            return Ok((rows, columns));
        }
        let tiles = Tiles::of(self.numel() / (height * width), height, width);
        let [a, b] = tiles.gathered();
        let (mut a, mut b) = (Tensor::zeros(&[a], DType::F64)?, Tensor::zeros(&[b], self.dtype())?);
        let [x, row, column] = [self, row, column].map(|x| x.try_packed("fold_margins"));
        let (x, row, column) = (x?, row?, column?);
        let cost = || Cost::read("fold_margins", &[&x, &row, &column]);
        for_float!(float, T => {
            let (numbers, of) = ([row.flat(), column.flat()], [rows.elements_mut(), columns.elements_mut()]);
            timed(cost, || margins::<T, R>(rule, tiles, x.flat(), numbers, (a.elements_mut(), b.elements_mut()), of));
        });
        Ok((rows, columns))
    }
}
