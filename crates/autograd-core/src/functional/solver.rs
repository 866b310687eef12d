//! Linear equations, by products with the matrix alone.

use crate::error::{Error, ErrorKind, Result};

/// A product with the matrix.
pub(super) type Product<'p> = dyn FnMut(&[f64]) -> Result<Vec<f64>> + 'p;

/// When a solution is good enough: the residual is so small a part of the right-hand side; and how many products are too
/// many.
#[derive(Clone, Copy)]
pub(super) struct Goal {
    pub(super) op: &'static str,
    pub(super) tolerance: f64,
    pub(super) most: usize,
}

impl Goal {
    /// A NaN is no small residual.
    fn is_missed_by(self, residual: f64) -> bool {
        residual > self.tolerance || residual.is_nan()
    }

    fn missed(self, products: usize, residual: f64) -> Error {
        let text = format!("{}: the derivative's linear equations are not solved after {products} products", self.op);
        let of = format!("the residual is {residual:.1e} of the right-hand side, more than {:.1e}", self.tolerance);
        Error::new(ErrorKind::Argument, format!("{text}: {of}; the derivative there may be singular"))
    }
}

/// So many directions are kept before it starts anew.
const DIRECTIONS: usize = 64;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(y: &mut [f64], factor: f64, x: &[f64]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += factor * x);
}

/// Solves `A x = b` for any A by GMRES: the x of the smallest residual in the space of b, A b, A² b, ..
///
/// Saad, Schultz, GMRES: a generalized minimal residual algorithm for solving nonsymmetric linear systems, 1986.
pub(super) fn gmres(goal: Goal, product: &mut Product<'_>, b: &[f64]) -> Result<Vec<f64>> {
    let scale = dot(b, b).sqrt();
    let mut x = vec![0.0; b.len()];
    let (mut residual, mut products, mut size) = (b.to_vec(), 0, scale);
    while scale != 0.0 && goal.is_missed_by(size / scale) {
        if !size.is_finite() || products >= goal.most {
            return Err(goal.missed(products, size / scale));
        }
        let directions = DIRECTIONS.min(b.len()).min(goal.most - products);
        products += cycle(product, &residual, size, directions, goal.tolerance * scale, &mut x)? + 1;
        residual = b.to_vec();
        add(&mut residual, -1.0, &product(&x)?);
        let before = std::mem::replace(&mut size, dot(&residual, &residual).sqrt());
        if goal.is_missed_by(size / scale) && size > 0.999 * before {
            return Err(goal.missed(products, size / scale));
        }
    }
    Ok(x)
}

/// Adds to x what makes the residual smallest in so many directions, and returns their number.
fn cycle(
    product: &mut Product<'_>,
    residual: &[f64],
    size: f64,
    directions: usize,
    enough: f64,
    x: &mut [f64],
) -> Result<usize> {
    let mut basis = vec![residual.iter().map(|r| r / size).collect::<Vec<f64>>()];
    // The columns of a triangle, the rotations that made it one, and the right-hand side in their frame.
    let (mut columns, mut rotations): (Vec<Vec<f64>>, Vec<[f64; 2]>) = (Vec::new(), Vec::new());
    let mut g = vec![size];
    for k in 0..directions {
        let mut w = product(&basis[k])?;
        let mut column = Vec::with_capacity(k + 2);
        for v in &basis {
            let h = dot(&w, v);
            add(&mut w, -h, v);
            column.push(h);
        }
        let rest = dot(&w, &w).sqrt();
        for (i, [c, s]) in rotations.iter().enumerate() {
            let (a, b) = (column[i], column[i + 1]);
            (column[i], column[i + 1]) = (c * a + s * b, c * b - s * a);
        }
        let length = column[k].hypot(rest);
        if length == 0.0 || !length.is_finite() {
            break;
        }
        let [c, s] = [column[k] / length, rest / length];
        column[k] = length;
        columns.push(column);
        rotations.push([c, s]);
        g.push(-s * g[k]);
        g[k] *= c;
        // The part that is left of a direction which is spanned already is rounding alone.
        if g[k + 1].abs() <= 0.5 * enough || rest <= 1e-14 * length {
            break;
        }
        basis.push(w.iter().map(|w| w / rest).collect());
    }
    let n = columns.len();
    for i in (0..n).rev() {
        let below: f64 = (i + 1..n).map(|j| columns[j][i] * g[j]).sum();
        g[i] = (g[i] - below) / columns[i][i];
    }
    basis.iter().zip(&g[..n]).for_each(|(v, factor)| add(x, *factor, v));
    Ok(n)
}

/// Solves `A x = b` for symmetric A without a zero between its eigenvalues, by conjugate gradients.
///
/// Hestenes, Stiefel, Methods of conjugate gradients for solving linear systems, 1952.
pub(super) fn conjugate_gradients(goal: Goal, product: &mut Product<'_>, b: &[f64]) -> Result<Vec<f64>> {
    let scale = dot(b, b).sqrt();
    let (mut x, mut residual, mut along) = (vec![0.0; b.len()], b.to_vec(), b.to_vec());
    let (mut products, mut square) = (0, scale * scale);
    while scale != 0.0 && goal.is_missed_by(square.sqrt() / scale) {
        let image = if products < goal.most { product(&along)? } else { vec![] };
        let bend = dot(&along, &image);
        if products >= goal.most || bend == 0.0 || !bend.is_finite() {
            return Err(goal.missed(products, square.sqrt() / scale));
        }
        products += 1;
        add(&mut x, square / bend, &along);
        add(&mut residual, -square / bend, &image);
        let before = std::mem::replace(&mut square, dot(&residual, &residual));
        along.iter_mut().zip(&residual).for_each(|(p, r)| *p = r + square / before * *p);
    }
    Ok(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A matrix that is far from a multiple of 1; `symmetric` and positive or neither.
    fn matrix(n: usize, symmetric: bool) -> Vec<Vec<f64>> {
        let entry = |i: usize, j: usize| ((i * 31 + j * 17 + i * j * 7) % 23) as f64 / 23.0 - 0.5;
        let at = |i: usize, j: usize| match (i == j, symmetric) {
            (true, _) => 2.0 + n as f64 / 3.0 + i as f64 / n as f64,
            (false, true) => entry(i.min(j), i.max(j)),
            (false, false) => entry(i, j),
        };
        (0..n).map(|i| (0..n).map(|j| at(i, j)).collect()).collect()
    }

    fn times(a: &[Vec<f64>], x: &[f64]) -> Vec<f64> {
        a.iter().map(|row| dot(row, x)).collect()
    }

    const GOAL: Goal = Goal { op: "f", tolerance: 1e-12, most: 500 };

    #[test]
    fn both_solve_what_they_are_for() {
        for n in [1, 2, 3, 10, 90, 150] {
            for symmetric in [true, false] {
                let a = matrix(n, symmetric);
                let want: Vec<f64> = (0..n).map(|i| (i % 7) as f64 - 3.0).collect();
                let b = times(&a, &want);
                let off =
                    |x: &[f64]| x.iter().zip(&want).map(|(x, w)| (x - w).abs()).max_by(f64::total_cmp).unwrap_or(0.0);
                let x = gmres(GOAL, &mut |x| Ok(times(&a, x)), &b).expect("regular");
                assert!(off(&x) < 1e-9, "{n}: off by {}", off(&x));
                if symmetric {
                    let x = conjugate_gradients(GOAL, &mut |x| Ok(times(&a, x)), &b).expect("regular");
                    assert!(off(&x) < 1e-9, "{n}: off by {}", off(&x));
                }
            }
        }
    }

    #[test]
    fn rotations_and_reflections_are_solved_and_nothing_takes_nothing() {
        // No step of these makes the residual smaller before the last.
        let mut rotation = |x: &[f64]| Ok(vec![-x[1], x[0]]);
        assert_eq!(gmres(GOAL, &mut rotation, &[1.0, 0.0]).expect("regular"), [0.0, -1.0]);
        let mut shift = |x: &[f64]| Ok(vec![x[2], x[0], x[1]]);
        assert_eq!(gmres(GOAL, &mut shift, &[1.0, 0.0, 0.0]).expect("regular"), [0.0, 0.0, 1.0]);
        assert_eq!(gmres(GOAL, &mut |_| unreachable!(), &[0.0, 0.0]).expect("nothing"), [0.0, 0.0]);
    }

    #[test]
    fn a_singular_matrix_and_a_nan_are_errors() {
        let text = |error: Result<Vec<f64>>| error.expect_err("not solved").to_string();
        let singular = |x: &[f64]| Ok(vec![x[0], 0.0]);
        let says = "f: the derivative's linear equations are not solved after ";
        assert!(text(gmres(GOAL, &mut { singular }, &[1.0, 1.0])).starts_with(says));
        assert!(text(conjugate_gradients(GOAL, &mut { singular }, &[0.0, 1.0])).starts_with(says));
        assert!(text(gmres(GOAL, &mut |_| Ok(vec![f64::NAN; 2]), &[1.0, 1.0])).starts_with(says));
        assert!(text(conjugate_gradients(GOAL, &mut |_| Ok(vec![f64::NAN; 2]), &[1.0, 1.0])).starts_with(says));
        let a = matrix(20, true);
        let few = Goal { most: 2, ..GOAL };
        let b = vec![1.0; 20];
        assert!(text(gmres(few, &mut |x| Ok(times(&a, x)), &b)).starts_with(says));
        assert!(text(conjugate_gradients(few, &mut |x| Ok(times(&a, x)), &b)).starts_with(says));
    }
}
