//! The steps of matrices: factorizations, systems of equations, and what is computed of them.

use crate::steps::one;
use crate::values::{BEYOND, Machine};
use autograd_core::{
    DType, FftN, FftNorm, MatrixNorm, QrMode, RankOptions, Result, SvdMode, Tensor, Triangle, TriangularOptions,
};

/// Sizes in front of those of matrices; sometimes of more matrices than memory holds.
fn outer(m: &mut Machine) -> Vec<usize> {
    match m.below(12) {
        0 => vec![BEYOND],
        1 => vec![2, 1],
        2..4 => vec![m.size()],
        _ => vec![],
    }
}

fn side(m: &mut Machine) -> usize {
    if m.once_in(30) { 37 } else { m.size() }
}

fn shape(outer: &[usize], last: [usize; 2]) -> Vec<usize> {
    [outer, &last].concat()
}

/// Matrices that are invertible, unless a number in them is wild.
fn regular(m: &mut Machine, outer: &[usize], n: usize, dtype: DType) -> Result<Tensor> {
    let x = m.made(&shape(outer, [n, n]), dtype);
    let diagonal = Tensor::eye(n, dtype)?.mul_scalar(m.of(&[4.0, 4.0, 4.0, 0.0]));
    if x.dtype() == dtype && x.numel() < BEYOND { x.try_add(&diagonal) } else { Ok(x) }
}

pub fn factor(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (dtype, before) = (m.of(&[DType::F32, DType::F64]), outer(m));
    let (rows, columns) = (side(m), side(m));
    let x = m.made(&shape(&before, [rows, columns]), dtype);
    let a = regular(m, &before, rows, dtype)?;
    let triangle = m.of(&[Triangle::Lower, Triangle::Upper]);
    match m.below(14) {
        0 => x.svd(m.of(&[SvdMode::Reduced, SvdMode::Full])).map(|(u, s, vt)| vec![u, s, vt]),
        1 => one(x.svdvals()),
        2 => x.qr(m.of(&[QrMode::Reduced, QrMode::Complete])).map(|(q, r)| vec![q, r]),
        3 => x.lu().map(|(p, l, u)| vec![p, l, u]),
        4 => x.lu_factor().map(|(lu, pivots)| vec![lu, pivots]),
        5 => a.eigh(triangle).map(|(w, v)| vec![w, v]),
        6 => one(a.eigvalsh(triangle)),
        7 => one(a.cholesky(triangle)),
        8 => one(a.det()),
        9 => a.slogdet().map(|(sign, log)| vec![sign, log]),
        10 => one(a.logdet()),
        11 => one(a.matrix_exp()),
        12 => one(a.inv()),
        _ => one(a.matrix_power(m.of(&[-3, -1, 0, 2, 5]))),
    }
}

pub fn solve(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (dtype, before, n, k) = (m.of(&[DType::F32, DType::F64]), outer(m), side(m), m.size());
    let a = regular(m, &before, n, dtype)?;
    let more = outer(m);
    let sizes = if m.once_in(5) { [k, n] } else { [n, k] };
    let b = m.made(&shape(&more, sizes), dtype);
    let triangle = m.of(&[Triangle::Lower, Triangle::Upper]);
    match m.below(8) {
        0 => one(a.solve(&b)),
        1 => one(a.solve_left(&b)),
        2 => {
            let options = TriangularOptions::new(triangle).left(!m.once_in(4));
            one(a.solve_triangular(&b, options.unitriangular(m.once_in(3)).transpose(m.once_in(3))))
        }
        3 => one(b.cholesky_solve(&a, triangle)),
        4 => one(a.cholesky_inverse(triangle)),
        5 => {
            let pivot =
                |i: usize| if m.once_in(50) { m.below(100) as i64 - 1 } else { (i + m.below(n - i) + 1) as i64 };
            let pivots = Tensor::from_vec((0..n).map(pivot).collect::<Vec<i64>>(), &[n])?;
            let sizes: Vec<isize> = before.iter().map(|size| *size as isize).chain([n as isize]).collect();
            one(a.lu_solve(&pivots.expand(&sizes)?, &b))
        }
        6 => {
            let found = m.made(&shape(&before, [n, k]), dtype).lstsq(&b, RankOptions::new())?;
            Ok(vec![found.solution, found.residuals, found.rank, found.singular_values])
        }
        _ => one(a.solve(&b.select(-1, 0)?)),
    }
}

pub fn judge(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (dtype, before) = (m.of(&[DType::F32, DType::F64]), outer(m));
    let rows = side(m);
    let columns = if m.once_in(2) { side(m) } else { rows };
    let x = m.made(&shape(&before, [rows, columns]), dtype);
    let mut options = RankOptions::new().hermitian(m.once_in(2));
    if m.once_in(3) {
        options = options.atol(m.number());
    }
    if m.once_in(3) {
        options = options.rtol(m.number());
    }
    let norm = m.of(&[MatrixNorm::Spectral, MatrixNorm::SpectralLeast, MatrixNorm::Nuclear, MatrixNorm::Columns]);
    match m.below(4) {
        0 => one(x.pinv(options)),
        1 => one(x.matrix_rank(options)),
        2 => one(x.cond(norm)),
        _ => one(x.matrix_norm(norm, [-2, -1])),
    }
}

pub fn transform(m: &mut Machine) -> Result<Vec<Tensor>> {
    let dtype = m.of(&[DType::F32, DType::F64]);
    let sizes = [(); 3].map(|()| m.size());
    let x = m.made(&sizes, dtype);
    let im = if m.once_in(2) { Some(m.made(&sizes, dtype)) } else { None };
    let im = im.as_ref();
    let dims = m.dims();
    let mut fft = if m.once_in(4) { FftN::new(..) } else { FftN::new(&dims[..]) };
    fft = fft.norm(m.of(&[FftNorm::Backward, FftNorm::Ortho, FftNorm::Forward]));
    if m.once_in(3) {
        let count = m.below(4);
        fft = fft.s((0..count).map(|_| m.len()).collect::<Vec<usize>>());
    }
    let pair = |(re, im)| vec![re, im];
    match m.below(12) {
        8 => x.fft2(im).map(pair),
        9 => x.ifft2(im).map(pair),
        10 => x.rfft2().map(pair),
        11 => x.ifft(im, m.dim()).map(pair),
        0 => x.fftn(im, fft).map(pair),
        1 => x.ifftn(im, fft).map(pair),
        2 => x.rfftn(fft).map(pair),
        3 => one(x.irfftn(im, fft)),
        4 => one(x.irfft2(im)),
        5 => one(x.fftshift(&dims[..])),
        6 => one(x.ifftshift(&dims[..])),
        _ => one(if m.once_in(2) {
            Tensor::fftfreq(m.len(), m.number(), dtype)
        } else {
            Tensor::rfftfreq(m.len(), m.number(), dtype)
        }),
    }
}

/// Products with vectors, sums of products, and forms of two operands.
pub fn multiply(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (dtype, beta, alpha) = (m.of(&[DType::F32, DType::F64]), m.number(), m.number());
    let [batch, n, k, l] = [(); 4].map(|()| m.size());
    let [a, b] = [[batch, n, k], [batch, k, l]].map(|shape| m.made(&shape, dtype));
    let (u, v, matrix) = (m.made(&[n], dtype), m.made(&[k], dtype), m.made(&[n, k], dtype));
    let sum = m.made(&[n, l], dtype);
    match m.below(10) {
        0 => one(u.dot(&m.made(&[n], dtype))),
        1 => one(u.vdot(&m.made(&[n], dtype))),
        2 => one(matrix.mv(&v)),
        3 => one(u.addmv(&matrix, &v, beta, alpha)),
        4 => one(matrix.addr(&u, &v, beta, alpha)),
        5 => one(sum.addbmm(&a, &b, beta, alpha)),
        6 => one(sum.baddbmm(&a, &b, beta, alpha)),
        7 => {
            let weight = m.made(&[l, n, k], dtype);
            let (x, y) = (m.made(&[batch, n], dtype), m.made(&[batch, k], dtype));
            let bias = m.made(&[l], dtype);
            one(x.bilinear(&y, &weight, if m.once_in(2) { Some(&bias) } else { None }))
        }
        8 => one(matrix.dist(&m.made(&[n, k], dtype), beta)),
        _ => one(matrix.corrcoef()),
    }
}
