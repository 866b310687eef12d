//! What optimizers are made of: updates with numbers that are only read, and the margins of matrices.

use autograd_core::update::{ElementRule, MarginRule, Real};
use autograd_core::{DType, Result, Tensor};

/// `p ← p + g + m · fixed`, `m ← m + 1`; m may be unused.
#[derive(Clone, Copy)]
struct Rule;

impl ElementRule<2> for Rule {
    const ALWAYS: usize = 0;
    const FIXED: usize = 1;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, fixed]: [T; 2]) -> (T, [T; 2]) {
        (p + g + m * fixed, [m + T::ONE, fixed + T::ONE])
    }
}

/// `Σ x · row + column`
#[derive(Clone, Copy)]
struct Sums;

impl MarginRule for Sums {
    #[inline(always)]
    fn element<T: Real>(self, x: T, row: T, column: T) -> T {
        x * row + column
    }
    #[inline(always)]
    fn join<T: Real>(self, a: T, b: T) -> T {
        a + b
    }
}

#[test]
fn fixed_state_may_be_a_view_and_stays_it() -> Result<()> {
    let g = Tensor::from_vec(vec![1.0, 2.0, 0.0, 0.0, 5.0, 6.0], &[3, 2])?;
    for rows in [false, true] {
        for used in [false, true] {
            let mut p = Tensor::zeros(&[3, 2], DType::F64)?;
            let mut m = Tensor::full(&[3, 2], 2.0, DType::F64)?;
            let mut fixed = Tensor::from_vec(vec![10.0, 20.0, 30.0], &[3, 1])?.expand(&[3, 2])?;
            let state = [used.then_some(&mut m), Some(&mut fixed)];
            if rows {
                p.update_rows(&g, state, Rule)?
            } else {
                p.update(&g, state, Rule)?
            };
            let resting = if rows || !used { 0.0 } else { 40.0 };
            let more = |fixed: f64| if used { 2.0 * fixed } else { 0.0 };
            let expected = [1.0 + more(10.0), 2.0 + more(10.0), resting, resting, 5.0 + more(30.0), 6.0 + more(30.0)];
            assert_eq!(p.to_f64s(), expected, "rows {rows}, used {used}");
            assert_eq!(fixed.to_f64s(), [10.0, 10.0, 20.0, 20.0, 30.0, 30.0]);
            assert_eq!(fixed.strides(), [1, 0]);
        }
    }
    Ok(())
}

#[test]
fn margins_are_those_of_any_matrices() -> Result<()> {
    for dtype in [DType::F32, DType::F64] {
        for shape in [&[2, 3][..], &[2, 1, 3], &[2, 2, 70, 33], &[0, 3], &[3, 0], &[0, 2, 3]] {
            let numbers = |shape: &[usize], by: f64| {
                let count = shape.iter().product::<usize>();
                Tensor::arange(0.0, count as f64, 1.0, dtype)?
                    .mul_scalar(by)
                    .remainder(&Tensor::full(&[], 13.0, dtype)?)?
                    .floor()
                    .reshape(shape)
            };
            let (mut of_rows, mut of_columns) = (shape.to_vec(), shape.to_vec());
            (of_rows[shape.len() - 1], of_columns[shape.len() - 2]) = (1, 1);
            let (row, column) = (numbers(&of_rows, 5.0)?, numbers(&of_columns, 3.0)?);
            // As it is, and lying across in memory.
            for x in [numbers(shape, 7.0)?, numbers(shape, 7.0)?.transpose(-1, -2)?.contiguous().transpose(-1, -2)?] {
                let (rows, columns) = x.fold_margins(&row, &column, Sums)?;
                let all = x.try_mul(&row)?.try_add(&column)?;
                assert_eq!((rows.shape(), columns.shape()), (&of_rows[..], &of_columns[..]));
                assert_eq!(rows.to_f64s(), all.sum_dim(autograd_core::keep(-1))?.to_f64s(), "{shape:?}");
                assert_eq!(columns.to_f64s(), all.sum_dim(autograd_core::keep(-2))?.to_f64s(), "{shape:?}");
            }
        }
    }
    let x = Tensor::from([[1.0, f32::NAN], [2.0, 3.0]]);
    let (rows, columns) = x.fold_margins(&Tensor::from([[1.0], [1.0]]), &Tensor::from([[0.0, 0.0]]), Sums)?;
    let nan = |x: &Tensor| x.to_f64s().into_iter().map(f64::is_nan).collect::<Vec<_>>();
    assert_eq!((nan(&rows), nan(&columns)), (vec![true, false], vec![false, true]));
    Ok(())
}

#[test]
fn margins_refuse_what_does_not_fit() -> Result<()> {
    let x = Tensor::zeros(&[2, 3], DType::F32)?;
    let of = |shape: &[usize], dtype: DType| Tensor::zeros(shape, dtype);
    let (row, column) = (of(&[2, 1], DType::F32)?, of(&[1, 3], DType::F32)?);
    let cases = [
        (of(&[3], DType::F32)?, &row, &column, "fold_margins: the tensor has shape [3], expected [.., rows, columns]"),
        (x.clone(), &column, &column, "fold_margins: row has shape [1, 3], expected [2, 1]"),
        (x.clone(), &row, &row, "fold_margins: column has shape [2, 1], expected [1, 3]"),
        (
            x.clone(),
            &row,
            &of(&[1, 3], DType::F64)?,
            "fold_margins: dtypes F32 and F64 do not mix; convert one with to_dtype",
        ),
        (
            of(&[2, 3], DType::I64)?,
            &of(&[2, 1], DType::I64)?,
            &column,
            "fold_margins: dtype is I64, expected F32 or F64; to_dtype converts",
        ),
    ];
    for (x, row, column, text) in cases {
        assert_eq!(x.fold_margins(row, column, Sums).expect_err("refused").to_string(), text);
    }
    Ok(())
}
