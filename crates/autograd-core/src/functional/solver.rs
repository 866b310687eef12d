//! Linear equations, by products with the matrix alone.

use crate::error::{Error, ErrorKind, Result};

/// A product with the matrix.
pub(super) type Product<'p> = dyn FnMut(&[f64]) -> Result<Vec<f64>> + 'p;

/// When a solution is good enough: the residual is so small a part of the right-hand side; and how many products are
/// too many.
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
        let help = "the derivative there may be singular, or the equations take more iterations, a larger tolerance or \
                    another solver";
        Error::new(ErrorKind::Argument, format!("{text}: {of}; {help}"))
    }
}

/// Systems of at most so many equations are solved in one round, with a direction for each.
const SMALL: usize = 1000;

/// So many directions of a larger one are kept before it starts anew.
const DIRECTIONS: usize = 64;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(y: &mut [f64], factor: f64, x: &[f64]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += factor * x);
}

/// The power of two below the largest magnitude, above 0: squares of what is divided by it do not overflow, and those
/// that vanish count for nothing. It is infinite where a number is.
pub(super) fn unit(x: &[f64]) -> f64 {
    let largest = x.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    // Without its fraction; those of the smallest numbers have nothing else.
    f64::from_bits(largest.to_bits() & f64::INFINITY.to_bits()).max(f64::MIN_POSITIVE)
}

/// The start of a round.
struct Start<'r> {
    residual: &'r [f64],
    /// `‖residual‖`
    size: f64,
    /// The size that is small enough.
    enough: f64,
    /// The most products that it may take.
    most: usize,
}

/// What a solver does in a round: it adds to x what makes the residual smaller, and returns the number of products.
type Round = fn(&mut Product<'_>, &Start<'_>, &mut [f64]) -> Result<usize>;

/// Solves `A x = b` by rounds of at most so many products, as long as the residual falls. What a round says of it is
/// not believed: in single precision, or of a matrix that is nearly singular, it differs from that of x.
fn in_rounds(goal: Goal, product: &mut Product<'_>, b: &[f64], most: usize, round: Round) -> Result<Vec<f64>> {
    // Squares are taken, so b comes in a unit of its own. The equations are linear.
    let unit = unit(b);
    let b: Vec<f64> = b.iter().map(|b| b / unit).collect();
    let scale = dot(&b, &b).sqrt();
    let mut x = vec![0.0; b.len()];
    let (mut residual, mut products, mut size) = (b.clone(), 0, scale);
    while scale != 0.0 && goal.is_missed_by(size / scale) {
        if !size.is_finite() || products >= goal.most {
            return Err(goal.missed(products, size / scale));
        }
        let (enough, most) = (goal.tolerance * scale, most.min(goal.most - products));
        products += round(product, &Start { residual: &residual, size, enough, most }, &mut x)? + 1;
        residual.copy_from_slice(&b);
        add(&mut residual, -1.0, &product(&x)?);
        let before = std::mem::replace(&mut size, dot(&residual, &residual).sqrt());
        if goal.is_missed_by(size / scale) && size > 0.999 * before {
            return Err(goal.missed(products, size / scale));
        }
    }
    x.iter_mut().for_each(|x| *x *= unit);
    Ok(x)
}

/// Solves `A x = b` for any A by GMRES: the x of the smallest residual in the space of b, A b, A² b, ..
///
/// Saad, Schultz, GMRES: a generalized minimal residual algorithm for solving nonsymmetric linear systems, 1986.
pub(super) fn gmres(goal: Goal, product: &mut Product<'_>, b: &[f64]) -> Result<Vec<f64>> {
    let most = if b.len() <= SMALL { b.len() } else { DIRECTIONS };
    in_rounds(goal, product, b, most, smallest)
}

/// Solves `A x = b` for symmetric A without a zero between its eigenvalues, by conjugate gradients.
///
/// Hestenes, Stiefel, Methods of conjugate gradients for solving linear systems, 1952.
pub(super) fn conjugate_gradients(goal: Goal, product: &mut Product<'_>, b: &[f64]) -> Result<Vec<f64>> {
    in_rounds(goal, product, b, usize::MAX, conjugate)
}

/// A round of GMRES, with a direction for each product.
fn smallest(product: &mut Product<'_>, start: &Start<'_>, x: &mut [f64]) -> Result<usize> {
    let Start { residual, size, enough, most } = *start;
    let mut basis = vec![residual.iter().map(|r| r / size).collect::<Vec<f64>>()];
    // The columns of a triangle, the rotations that made it one, and the right-hand side in their frame.
    let (mut columns, mut rotations): (Vec<Vec<f64>>, Vec<[f64; 2]>) = (Vec::new(), Vec::new());
    let mut g = vec![size];
    for k in 0..most {
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

/// A round of conjugate gradients.
fn conjugate(product: &mut Product<'_>, start: &Start<'_>, x: &mut [f64]) -> Result<usize> {
    let (mut residual, mut along) = (start.residual.to_vec(), start.residual.to_vec());
    let mut square = start.size * start.size;
    for products in 1..=start.most {
        let image = product(&along)?;
        let bend = dot(&along, &image);
        if bend == 0.0 || !bend.is_finite() {
            return Ok(products);
        }
        add(x, square / bend, &along);
        add(&mut residual, -square / bend, &image);
        let before = std::mem::replace(&mut square, dot(&residual, &residual));
        // The residual of x may differ a little.
        if square.sqrt() <= 0.5 * start.enough {
            return Ok(products);
        }
        along.iter_mut().zip(&residual).for_each(|(p, r)| *p = r + square / before * *p);
    }
    Ok(start.most)
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
    fn a_small_system_is_solved_in_one_round() {
        // The residual of a shift falls with the last direction alone, and that of the second differences hardly
        // before.
        let axis = |at: usize| (0..65).map(|i| if i == at { 1.0 } else { 0.0 }).collect::<Vec<f64>>();
        let x =
            gmres(GOAL, &mut |x| Ok((0..65).map(|i: usize| x[(i + 64) % 65]).collect()), &axis(0)).expect("regular");
        assert_eq!(x, axis(64));
        let differences = |x: &[f64]| -> Vec<f64> {
            let at = |i: usize| x.get(i).copied().unwrap_or(0.0);
            (0..200).map(|i| 2.0 * at(i) - at(i + 1) - at(i.wrapping_sub(1))).collect()
        };
        let want: Vec<f64> = (0..200).map(|i| f64::from(i % 7) - 3.0).collect();
        let x = gmres(GOAL, &mut |x| Ok(differences(x)), &differences(&want)).expect("regular");
        assert!(x.iter().zip(&want).all(|(x, w)| (x - w).abs() < 1e-6), "{x:?}");
    }

    #[test]
    fn digits_that_a_product_lacks_are_missed() {
        // Hilbert's matrix in single precision: the residual that is carried along falls far below that of x.
        let hilbert = |i: usize, x: &[f64]| (0..6).map(|j: usize| x[j] as f32 / (i + j + 1) as f32).sum::<f32>();
        let goal = Goal { tolerance: 1e-5, ..GOAL };
        for b in [[1.0, -1.0, 1.0, -1.0, 1.0, -1.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]] {
            let mut product = |x: &[f64]| Ok((0..6).map(|i| f64::from(hilbert(i, x))).collect::<Vec<f64>>());
            let error = conjugate_gradients(goal, &mut product, &b).expect_err("its digits are gone").to_string();
            assert!(error.starts_with("f: the derivative's linear equations are not solved after "), "{error}");
        }
    }

    #[test]
    fn neither_solver_minds_the_size_of_numbers() {
        let a = matrix(20, true);
        let want: Vec<f64> = (0..20).map(|i| f64::from(i % 7) - 3.0).collect();
        for scale in [5e-324, 1e-300, 1e-200, 1e200, 1e300] {
            let b: Vec<f64> = times(&a, &want).iter().map(|b| b * scale).collect();
            for solve in [gmres, conjugate_gradients] {
                let x = solve(GOAL, &mut |x| Ok(times(&a, x)), &b).expect("regular");
                // The smallest numbers have no digits to keep.
                let by = if scale < 1e-300 { 0.5 } else { 1e-9 };
                assert!(x.iter().zip(&want).all(|(x, w)| (x / scale - w).abs() <= by), "{scale:e}: {x:?}");
            }
        }
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
