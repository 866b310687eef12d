//! The steps that write by index, order elements, fold segments, and multiply by an equation.

use crate::steps::one;
use crate::values::{BEYOND, Machine, READABLE, broadcast, is_decided};
use autograd_core::{
    Bag, DType, DistanceOptions, EmbeddingBagOptions, EmbeddingOptions, Result, ScatterReduce, Side, SortDim, Tensor,
    ascending, descending, keep,
};

/// An index that fits `shape` along some dim, or any value.
fn index(m: &mut Machine, shape: &[usize]) -> Result<Tensor> {
    if m.once_in(3) {
        return Ok(m.value());
    }
    let shape: Vec<usize> = shape.iter().map(|size| m.size().min(*size)).collect();
    let n: usize = shape.iter().product();
    let numbers = (0..n).map(|_| if m.once_in(40) { -1 } else { m.below(3) as i64 }).collect();
    Tensor::from_vec::<i64>(numbers, &shape)
}

/// A value that is read as a whole, or one that no memory holds.
fn decided(m: &mut Machine) -> Tensor {
    let x = m.value();
    if is_decided(x.numel()) { x } else { m.small() }
}

pub fn scatter(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, dim) = (decided(m), m.dim());
    let index = index(m, x.shape())?;
    let src = match m.once_in(2) && is_decided(index.numel()) {
        true => Tensor::ones(index.shape(), x.dtype())?.requires_grad(),
        false => decided(m),
    };
    let reduce = [
        ScatterReduce::sum(),
        ScatterReduce::mean(),
        ScatterReduce::prod(),
        ScatterReduce::amax(),
        ScatterReduce::amin(),
    ];
    let reduce = m.of(&reduce).include_self(m.once_in(2));
    match m.below(4) {
        0 => one(x.scatter(dim, &index, &src)),
        1 => one(x.scatter_scalar(dim, &index, m.number())),
        2 => one(x.scatter_add(dim, &index, &src)),
        _ => one(x.scatter_reduce(dim, &index, &src, reduce)),
    }
}

pub fn rows(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, dim, source) = (decided(m), m.dim(), decided(m));
    let k = m.below(4);
    let index = index(m, &[k])?;
    match m.below(7) {
        0 => one(x.index_add(dim, &index, &source, m.number())),
        1 => one(x.index_copy(dim, &index, &source)),
        2 => one(x.index_fill(dim, &index, m.number())),
        3 => one(x.put(&index, &source)),
        4 => one(x.put_add(&index, &x.take(&index)?)),
        5 => one(x.index_put_add(&[&index, &index], &source)),
        _ if x.numel() <= 1 << 12 => one(x.index(&[&index])),
        _ => Ok(vec![]),
    }
}

pub fn masks(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, y) = (m.small(), m.small());
    if !is_decided(broadcast(x.shape(), y.shape())) {
        return Ok(vec![]);
    }
    match m.below(4) {
        0 => one(x.masked_select(&y)),
        1 => one(x.masked_scatter(&y, &x)),
        2 => one(decided(m).nonzero()),
        _ => one(x.bincount(if m.once_in(2) { Some(&y) } else { None }, m.len())),
    }
}

pub fn order(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, dim) = (decided(m), m.dim());
    let sorted: SortDim = match m.below(3) {
        0 => ascending(dim),
        1 => descending(dim),
        _ => dim.into(),
    };
    let k = m.len();
    match m.below(6) {
        0 => x.sort(sorted).map(|(values, places)| vec![values, places]),
        1 => one(x.argsort(sorted)),
        2 => x.topk(k, sorted).map(|(values, places)| vec![values, places]),
        3 => x.kthvalue(k, keep(dim)).map(|(value, place)| vec![value, place]),
        4 => one(x.searchsorted(&decided(m), if m.once_in(2) { Side::Left } else { Side::Right }, None)),
        _ => x.unique().map(|(values, inverse, counts)| vec![values, inverse, counts]),
    }
}

pub fn segments(m: &mut Machine) -> Result<Vec<Tensor>> {
    let x = decided(m);
    let ids = index(m, &x.shape()[..x.rank().min(1)])?;
    let (count, padding) = (m.len(), m.place());
    let few = count <= 9 && x.numel() <= READABLE || x.numel() >= BEYOND;
    match m.below(7) {
        0 if few => one(x.segment_sum(&ids, count)),
        1 if few => one(x.segment_mean(&ids, count)),
        2 if few => one(x.segment_max(&ids, count)),
        3 if few => one(x.segment_softmax(&ids, count)),
        4 => one(m.small().embedding(&ids, EmbeddingOptions::new().padding_idx(padding).scale_grad_by_freq(true))),
        5 => {
            let options = EmbeddingBagOptions::new().mode(m.of(&[Bag::Sum, Bag::Mean, Bag::Max]));
            one(m.small().embedding_bag(&ids, None, options))
        }
        6 => one(m.small().csr_matmul(&ids, &m.small(), &m.small())),
        _ => Ok(vec![]),
    }
}

pub fn products(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (a, b) = (m.small(), m.small());
    // Nothing of a large shape may have no other type.
    let [a, b] = [a, b].map(|x| if x.dtype().is_float() || x.numel() == 0 { x } else { x.to_dtype(DType::F32) });
    let equations =
        ["ij,jk", "ij,ij->i", "i,i", "...i,...i->...", "ii,ij->j", "ij,kj->ki", "i...,i...->i", "->", "i,,"];
    match m.below(11) {
        0 | 1 => one(Tensor::einsum(m.of(&equations), &[&a, &b])),
        2 => one(Tensor::einsum("i...->...", &[&a])),
        3 => one(a.tensordot(&b, m.below(3))),
        4 => one(a.kron(&b)),
        5 => one(a.inner(&b)),
        6 => one(a.cross(&b, if m.once_in(2) { None } else { Some(m.dim()) })),
        7 => one(a.addmm(&b, &a, m.number(), m.number())),
        8 => one(a.matrix_power(m.below(5) as isize - 1)),
        9 => one(Tensor::multi_dot(&[&a, &b, &a])),
        _ => one(a.trace()),
    }
}

pub fn distances(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (a, b, p) = (m.small(), m.small(), m.number());
    match m.below(3) {
        0 => one(a.cdist(&b, p)),
        1 => one(a.pdist(p)),
        _ => one(a.pairwise_distance(&b, DistanceOptions::new().p(p).eps(m.number()).keepdim(m.once_in(2)))),
    }
}

/// Other forms of reading, writing and ordering by index.
pub fn places(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, dim, source) = (m.small(), m.dim(), m.small());
    let index = index(m, x.shape())?;
    let side = if m.once_in(2) { Side::Left } else { Side::Right };
    match m.below(8) {
        0 => one(x.take_along_dim(&index, dim)),
        1 => one(x.index_put(&[&index], &source)),
        2 => one(x.index_put(&[&index, &index], &source)),
        3 => one(x.index_fill_tensor(dim, &index, &source)),
        4 => one(x.argwhere()),
        5 => one(x.bucketize(&source, side)),
        6 => one(x.msort()),
        _ => x.nanmedian_dim(keep(dim)).map(|(values, places)| vec![values, places]),
    }
}
