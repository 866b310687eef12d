//! Products so small that bringing operands into order would cost more than it saves.

use super::super::real::Real;
use super::super::simd::Kernel;
use super::Matrix;

/// Products of at most this many multiply-adds are not worth bringing anything into order.
const TINY: usize = 64;

/// Room for an operand of a plain product that has to be brought into order. It is no larger, for it is cleared every
/// time.
pub(super) const SCRATCH: usize = 512;

/// A small product. Its inner loop runs along the columns of c, or along its rows where those are the longer ones; the
/// operand read along it is brought into order first, and none has more than [`SCRATCH`] elements.
pub(super) struct Plain<'a, 'b, T> {
    pub(super) size: (usize, usize, usize),
    pub(super) a: Matrix<'a, T>,
    pub(super) b: Matrix<'a, T>,
    pub(super) bias: Option<&'a [T]>,
    pub(super) c: &'b mut [T],
}

impl<T: Real> Kernel for Plain<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Plain { size: (m, k, n), a, b, bias, c } = self;
        let start = |j: usize| bias.map_or(T::ZERO, |bias| bias[j]);
        if m * k * n <= TINY {
            for (i, c) in c.chunks_exact_mut(n).enumerate() {
                for (j, c) in c.iter_mut().enumerate() {
                    let (a, b) = (&a.data[i * a.row..], &b.data[j * b.column..]);
                    *c = (0..k).fold(start(j), |sum, p| a[p * self.a.column].mul_add(b[p * self.b.row], sum));
                }
            }
            return;
        }
        let mut scratch;
        if n >= m || n >= 8 {
            let b = if b.column == 1 {
                b
            } else {
                scratch = [T::ZERO; SCRATCH];
                in_order(b, k, n, &mut scratch)
            };
            for (i, c) in c.chunks_exact_mut(n).enumerate() {
                match bias {
                    Some(bias) => c.copy_from_slice(bias),
                    None => c.fill(T::ZERO),
                }
                for p in 0..k {
                    let a = a.data[i * a.row + p * a.column];
                    for (c, b) in c.iter_mut().zip(&b.data[p * b.row..p * b.row + n]) {
                        *c = a.mul_add(*b, *c);
                    }
                }
            }
            return;
        }
        // cᵀ = bᵀ aᵀ, one column of c at a time.
        let at = a.transposed();
        let at = if at.column == 1 {
            at
        } else {
            scratch = [T::ZERO; SCRATCH];
            in_order(at, k, m, &mut scratch)
        };
        let mut column = [T::ZERO; SCRATCH];
        let column = &mut column[..m];
        for j in 0..n {
            column.fill(start(j));
            for p in 0..k {
                let b = b.data[p * b.row + j * b.column];
                for (column, a) in column.iter_mut().zip(&at.data[p * at.row..p * at.row + m]) {
                    *column = b.mul_add(*a, *column);
                }
            }
            for (i, column) in column.iter().enumerate() {
                c[i * n + j] = *column;
            }
        }
    }
}

/// A copy of the matrix in `scratch`, with neighbouring columns in neighbouring elements.
#[inline(always)]
fn in_order<'a, T: Real>(x: Matrix<'a, T>, rows: usize, columns: usize, scratch: &'a mut [T]) -> Matrix<'a, T> {
    for (r, out) in scratch.chunks_exact_mut(columns).take(rows).enumerate() {
        for (j, out) in out.iter_mut().enumerate() {
            *out = x.data[r * x.row + j * x.column];
        }
    }
    Matrix { data: scratch, row: columns, column: 1 }
}
