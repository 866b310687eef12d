//! The steps that cut, reorder, repeat and surround, and those that fold as they go.

use crate::steps::one;
use crate::values::{Machine, is_decided};
use autograd_core::{
    CovOptions, Ellipsis, Fft, Indexing, Interpolation, MatrixNorm, NewAxis, PadMode, Quantiles, ReduceDims, Result,
    Tensor, keep, step,
};

/// A few of very many.
fn few(parts: Result<Vec<Tensor>>) -> Result<Vec<Tensor>> {
    parts.map(|parts| parts.into_iter().take(2).collect())
}

pub fn cut(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, a, b, at, len) = (m.value(), m.dim(), m.dim(), m.place(), m.len());
    match m.below(12) {
        0 => one(x.select(a, at)),
        1 => one(x.diagonal(at, a, b)),
        2 => one(x.unfold(a, len, m.len())),
        3 => few(x.split(len, a)),
        4 => few(x.split_with_sizes(&[len, m.size()], a)),
        5 => few(x.chunk(len, a)),
        6 => few(x.unbind(a)),
        7 => few(x.tensor_split(at, a)),
        8 => few(x.tensor_split([at, m.place()], a)),
        9 => few(x.hsplit(at)),
        10 => one(x.i((Ellipsis, step(at.., len)))),
        _ => one(x.i((NewAxis, at, m.place()..))),
    }
}

pub fn reorder(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, a, b, at) = (m.value(), m.dims(), m.dims(), m.place());
    if !is_decided(x.numel()) {
        return Ok(vec![]);
    }
    match m.below(10) {
        0 => one(x.flip(&a)),
        1 => one(x.fliplr()),
        2 => one(x.roll(&a, &b)),
        3 => one(x.roll(&[at], &[])),
        4 => one(x.rot90(at, &b)),
        5 => one(x.movedim(&a, &b)),
        6 => one(x.tril(at)),
        7 => one(x.triu(at)),
        8 => one(x.view(&[at, -1])),
        _ => one(x.unflatten(m.dim(), &[at, -1])),
    }
}

pub fn enlarge(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, y, at, len) = (m.small(), m.small(), m.place(), m.len());
    match m.below(14) {
        0 => one(x.repeat(&[m.size(), len])),
        1 => one(x.tile(&[len])),
        2 => one(x.repeat_interleave(len, Some(m.dim()))),
        3 => one(x.repeat_interleave_tensor(&y, None, None)),
        4 => {
            let mode = m.of(&[PadMode::Constant(0.5), PadMode::Reflect, PadMode::Replicate, PadMode::Circular]);
            one(x.pad(&[at, m.place()], mode))
        }
        5 => one(x.diag_embed(at, m.dim(), m.dim())),
        6 => one(x.diag(at)),
        7 => few(Tensor::meshgrid(&[&x, &y], m.of(&[Indexing::Ij, Indexing::Xy]))),
        8 => one(Tensor::cartesian_prod(&[&x, &y])),
        9 => one(x.combinations(len.min(3))),
        10 => one(Tensor::block_diag(&[&x, &y])),
        11 => one(Tensor::hstack(&[&x, &y])),
        12 => one(Tensor::column_stack(&[&x, &y])),
        _ => few(Tensor::broadcast_tensors(&[&x, &y])),
    }
}

pub fn scan(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, y, dim) = (m.value(), m.value(), m.dim());
    if !is_decided(x.numel()) || !is_decided(y.numel()) {
        return Ok(vec![]);
    }
    let fft = if m.once_in(2) { Fft::new(dim) } else { Fft::new(dim).n(m.len()) };
    match m.below(12) {
        0 | 1 => one(x.cumsum(dim)),
        2 => one(x.cumprod(dim)),
        3 => one(x.logcumsumexp(dim)),
        4 => x.cummax(dim).map(|(values, places)| vec![values, places]),
        5 => x.cummin(dim).map(|(values, places)| vec![values, places]),
        6 => one(x.diff(m.size(), dim, None, None)),
        7 => x.rfft(fft).map(|(re, im)| vec![re, im]),
        8 => one(x.irfft(&x, fft)),
        9 => x.fft(None, fft).map(|(re, im)| vec![re, im]),
        10 => x.rfftn(dim).map(|(re, im)| vec![re, im]),
        _ => one(x.trapezoid(&y, dim)),
    }
}

pub fn measure(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, dims, p) = (m.value(), m.dims(), m.number());
    let mut dims: ReduceDims = if m.once_in(3) { (..).into() } else { (&dims[..]).into() };
    if m.once_in(3) {
        dims = keep(dims);
    }
    match m.below(16) {
        0..3 => one(x.vector_norm(p, dims)),
        3 => one(x.matrix_norm(m.of(&[MatrixNorm::Frobenius, MatrixNorm::Rows, MatrixNorm::ColumnsLeast]), dims)),
        4 => one(x.nansum(dims)),
        5 => one(x.nanmean(dims)),
        6 => one(x.any(dims)),
        7 => one(x.count_nonzero(dims)),
        8 => one(if m.once_in(2) { x.median() } else { x.nanmedian() }),
        9 => x.median_dim(dims).map(|(values, places)| vec![values, places]),
        10 => {
            let kind = m.of(&[Interpolation::Linear, Interpolation::Nearest, Interpolation::Midpoint]);
            one(x.quantile(Quantiles::from([0.25, p]).interpolation(kind), dims))
        }
        11 => one(x.nanquantile(0.3, dims)),
        12 => one(x.histc(m.size(), p, m.number())),
        13 => one(m.small().cov(CovOptions::new().correction(p))),
        14 => one(x.renorm(p, m.dim(), m.number())),
        _ => x.std_mean(dims, p).map(|(std, mean)| vec![std, mean]),
    }
}

/// Other names and forms of what moves elements.
pub fn shape_more(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, y, dim) = (m.small(), m.small(), m.dim());
    match m.below(14) {
        0 => one(x.squeeze_all()),
        1 => one(x.swapaxes(dim, m.dim())),
        2 => one(x.moveaxis(&m.dims(), &m.dims())),
        3 => one(x.flipud()),
        4 => few(x.vsplit(m.place())),
        5 => few(x.dsplit(m.place())),
        6 => one(Tensor::vstack(&[&x, &y])),
        7 => one(Tensor::dstack(&[&x, &y])),
        8 => one(x.broadcast_to(&[m.size(), m.len(), 1])),
        9 => one(x.broadcast_to(y.shape())),
        10 => one(x.combinations_with_replacement(m.size().min(3))),
        11 => one(x.cumulative_trapezoid(&y, dim)),
        12 => one(x.cumulative_trapezoid(m.number(), dim)),
        _ => x.aminmax(dim).map(|(least, most)| vec![least, most]),
    }
}
