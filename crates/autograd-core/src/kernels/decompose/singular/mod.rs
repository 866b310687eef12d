//! Singular values and singular vectors: reflections leave a bidiagonal matrix, whose vectors come from those of its
//! halves, and those of the smallest parts by rotations.

mod bidiagonal;
mod halves;
mod sweeps;

use super::super::real::Real;
use super::parts::by_parts;
use super::qr::Reflections;
use super::rotations::unit;
use super::transpose;
use bidiagonal::Bidiagonal;
use sweeps::Sides;

/// Which singular vectors are computed: of U, and as many of V.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vectors {
    /// None.
    None,
    /// As many as there are singular values.
    Reduced,
    /// Whole bases.
    Full,
}

/// `A = U diag(s) Vᵀ` of an `m × n` matrix. `into` gets s in falling order, and then, as `vectors` says, U and Vᵀ in
/// rows. A matrix that is not finite, or whose rotations do not converge, gives NaN. It runs on up to `threads`
/// threads, and has the same bits on any number.
pub fn svd<T: Real>(threads: usize, (m, n): (usize, usize), vectors: Vectors, a: &[T], into: &mut [T]) {
    if found(threads, (m, n), vectors, a, into).is_none() {
        into.fill(T::NAN);
    }
}

fn found<T: Real>(threads: usize, (m, n): (usize, usize), vectors: Vectors, a: &[T], into: &mut [T]) -> Option<()> {
    let k = m.min(n);
    let (left, right) = match vectors {
        Vectors::None => (0, 0),
        Vectors::Reduced => (k, k),
        Vectors::Full => (m, n),
    };
    if k == 0 {
        // Of no matrix all bases are singular vectors.
        into.fill(T::ZERO);
        let (u, v) = into.split_at_mut(left * m);
        for (basis, size) in [(u, left), (v, right)] {
            basis.iter_mut().step_by(size + 1).for_each(|x| *x = T::ONE);
        }
        return Some(());
    }
    let unit = unit(a)?;
    let mut a: Vec<T> = a.iter().map(|x| *x / unit).collect();
    let (s, bases) = into.split_at_mut(k);
    let (u, v) = bases.split_at_mut(left * m);
    // Of a wide matrix that of the transposed one, whose sides are exchanged.
    let is_wide = n > m;
    if is_wide {
        let rows = a.clone();
        super::copy(super::super::gemm::Matrix::rows(&rows, n).transposed(), m, &mut a);
    }
    let (tall, few) = (m.max(n), k);
    // Of a tall matrix that of its triangle, which is made by products of matrices (Chan 1982).
    let mut reflections = None;
    if 6 * tall >= 11 * few {
        let mut triangle = vec![T::ZERO; few * few];
        reflections = Some(Reflections::of(threads, (tall, few), &a, &mut triangle)?);
        a = triangle;
    }
    let rows = a.len() / few;
    let mut form = Bidiagonal::new(threads > 1, (rows, few), &a);
    drop(a);
    if vectors == Vectors::None {
        by_parts(&mut form.diagonal, &mut form.above, [], |d, e, []| {
            sweeps::values(d, e, Sides { left: &mut [], right: &mut [] }).then_some(())
        })?;
        s.iter_mut().zip(form.diagonal.iter().rev()).for_each(|(s, d)| *s = *d);
    } else {
        let mut small = [vec![T::ZERO; few * few], vec![T::ZERO; few * few]];
        let [on_left, on_right] = &mut small;
        by_parts(&mut form.diagonal, &mut form.above, [on_left, on_right], |d, e, [u, v]| {
            halves::vectors(threads, d, e, u, v)
        })?;
        s.iter_mut().zip(form.diagonal.iter().rev()).for_each(|(s, d)| *s = *d);
        let (long, short) = if is_wide { (right, left) } else { (left, right) };
        let (mut of_tall, mut of_few) = (vec![T::ZERO; tall * long], vec![T::ZERO; few * short]);
        for (small, whole, columns) in [(&*on_left, &mut of_tall, long), (&*on_right, &mut of_few, short)] {
            // Values fall, so columns are the other way round; what is beyond them is a basis as it stands.
            for (to, from) in whole.chunks_exact_mut(columns).zip(small.chunks_exact(few)) {
                to.iter_mut().zip(from.iter().rev()).for_each(|(to, x)| *to = *x);
            }
            (few..columns).for_each(|i| whole[i * columns + i] = T::ONE);
        }
        form.turn_left(threads, long, &mut of_tall[..rows * long]);
        reflections.iter().for_each(|reflections| reflections.turn(threads, long, &mut of_tall));
        form.turn_right(threads, short, &mut of_few);
        let (left_side, right_side) = if is_wide { (of_few, of_tall) } else { (of_tall, of_few) };
        u.copy_from_slice(&left_side);
        v.copy_from_slice(&right_side);
        transpose(right, v);
    }
    if !into.iter().all(|x| x.is_finite()) {
        return None;
    }
    into[..k].iter_mut().for_each(|s| *s = *s * unit);
    Some(())
}
