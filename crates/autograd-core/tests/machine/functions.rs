//! The steps that compute: functions, reductions, products, indices.

use crate::steps::one;
use crate::values::{BEYOND, Machine, READABLE, broadcast, is_decided, plain};
use autograd_core::{DType, ReduceDims, Result, Tensor, keep};

pub fn unary(m: &mut Machine) -> Result<Vec<Tensor>> {
    const F: [fn(&Tensor) -> Tensor; 19] = [
        Tensor::exp,
        Tensor::log,
        Tensor::sqrt,
        Tensor::sin,
        Tensor::cos,
        Tensor::tanh,
        Tensor::sigmoid,
        Tensor::relu,
        Tensor::abs,
        Tensor::neg,
        Tensor::square,
        Tensor::erf,
        Tensor::gelu,
        Tensor::silu,
        Tensor::log1p,
        Tensor::expm1,
        Tensor::sign,
        Tensor::sum,
        Tensor::gelu_tanh,
    ];
    let (x, f) = (m.value(), m.of(&F));
    plain(x.numel(), || f(&x))
}

pub fn with_a_number(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, c, d) = (m.value(), m.number(), m.number());
    match m.below(8) {
        0 => plain(x.numel(), || x.add_scalar(c)),
        1 => plain(x.numel(), || x.mul_scalar(c)),
        2 => plain(x.numel(), || c / &x),
        3 => plain(x.numel(), || x.powf(c)),
        4 => plain(x.numel(), || x.leaky_relu(c)),
        5 => one(x.clamp(c, d)),
        6 => one(x.softplus(c, d)),
        _ => {
            let seed = m.seed();
            one(x.dropout_seeded(c, seed))
        }
    }
}

/// Two values whose broadcast result fits, or surely does not.
pub fn pair(m: &mut Machine) -> (Tensor, Tensor) {
    for _ in 0..8 {
        let (a, b) = (m.value(), m.value());
        if is_decided(broadcast(a.shape(), b.shape())) && a.dtype() == b.dtype() {
            return (a, b);
        }
    }
    let x = m.value();
    (x.clone(), x)
}

pub fn binary(m: &mut Machine) -> Result<Vec<Tensor>> {
    const F: [fn(&Tensor, &Tensor) -> Result<Tensor>; 7] = [
        Tensor::try_add,
        Tensor::try_sub,
        Tensor::try_mul,
        Tensor::try_div,
        Tensor::maximum,
        Tensor::minimum,
        Tensor::pow,
    ];
    let ((a, b), f) = (pair(m), m.of(&F));
    one(f(&a, &b))
}

pub fn operator(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (a, b) = pair(m);
    let elements = broadcast(a.shape(), b.shape());
    if elements == 0 {
        return Ok(vec![]);
    }
    match m.below(3) {
        0 => plain(elements, || &a + &b),
        1 => plain(elements, || &a * &b),
        _ => plain(elements, || &a - &b),
    }
}

pub fn compare(m: &mut Machine) -> Result<Vec<Tensor>> {
    const F: [fn(&Tensor, &Tensor) -> Result<Tensor>; 6] =
        [Tensor::eq, Tensor::ne, Tensor::lt, Tensor::ge, Tensor::logical_and, Tensor::logical_or];
    let ((a, b), f) = (pair(m), m.of(&F));
    if m.once_in(6) {
        return one(a.logical_not());
    }
    one(f(&a, &b))
}

pub fn choose(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (a, b) = pair(m);
    let condition = if m.once_in(2) { a.gt(&b)? } else { m.value() };
    let three = broadcast(a.shape(), b.shape()).saturating_mul(condition.numel());
    if !is_decided(three) && condition.shape() != a.shape() {
        return Ok(vec![]);
    }
    one(if m.once_in(3) { a.lerp(&b, &a) } else { condition.where_cond(&a, &b) })
}

pub fn convert(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, dtype) = (m.value(), m.dtype());
    plain(x.numel(), || x.to_dtype(dtype))
}

pub fn reduce(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, dims, correction) = (m.value(), m.dims(), m.number());
    let mut dims: ReduceDims = if m.once_in(3) { (..).into() } else { (&dims[..]).into() };
    if m.once_in(3) {
        dims = keep(dims);
    }
    match m.below(14) {
        0 => one(x.sum_dim(dims)),
        1 => one(x.mean_dim(dims)),
        2 => one(x.amax(dims)),
        3 => one(x.amin(dims)),
        4 => one(x.argmax(dims)),
        5 => one(x.argmin(dims)),
        6 => one(x.logsumexp(dims)),
        7 => one(x.var_dim(dims, correction)),
        8 => one(x.std_dim(dims, correction)),
        9 => x.var_mean(dims, correction).map(|(var, mean)| vec![var, mean]),
        10 => x.max_dim(dims).map(|(values, places)| vec![values, places]),
        11 => x.min_dim(dims).map(|(values, places)| vec![values, places]),
        12 => one(x.max()),
        // The recorded gradient of a product has n² elements.
        _ if x.numel() <= 512 || x.numel() >= BEYOND => one(x.prod_dim(dims)),
        _ => Ok(vec![]),
    }
}

pub fn normalize(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, dim) = (m.float(), m.dim());
    match m.below(8) {
        0..2 => one(x.softmax(dim)),
        2..4 => one(x.log_softmax(dim)),
        4 => one(x.softmin(dim)),
        5 => one(x.sparsemax(dim)),
        6 => one(x.glu(dim)),
        _ => one(x.swiglu(dim)),
    }
}

/// The elements that a product of matrices has, and the multiply-adds.
fn product_size(a: &Tensor, b: &Tensor) -> (usize, usize) {
    let size = |x: &Tensor, i: usize| x.rank().checked_sub(i).map_or(1, |at| x.shape()[at]);
    let outer = |x: &Tensor| x.shape()[..x.rank().saturating_sub(2)].to_vec();
    let elements = broadcast(&outer(a), &outer(b)).saturating_mul(size(a, 2)).saturating_mul(size(b, 1));
    (elements, elements.saturating_mul(size(a, 1)))
}

pub fn matmul(m: &mut Machine) -> Result<Vec<Tensor>> {
    let a = m.float();
    let mut b = m.float();
    if m.once_in(2) {
        b = a.t().or_else(|_| a.transpose(-1, -2))?;
    }
    let ((elements, work), (_, back)) = (product_size(&a, &b), product_size(&b, &a));
    if !is_decided(elements) || (elements < BEYOND && work > READABLE) || (elements < BEYOND && back > READABLE) {
        return Ok(vec![]);
    }
    match m.below(4) {
        0 => one(a.mm(&b)),
        1 => one(a.bmm(&b)),
        _ => one(a.matmul(&b)),
    }
}

pub fn linear(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, weight) = (m.float(), m.float());
    let out = m.size();
    let weight = match x.shape().last() {
        Some(last) if *last < 100 && m.once_in(2) => {
            let numbers = m.numbers(out * last);
            Tensor::from_vec(numbers, &[out, *last])?.to_dtype(x.dtype()).requires_grad()
        }
        _ => weight,
    };
    let bias = m.numbers(out);
    let bias = Tensor::from_vec(bias, &[out])?.to_dtype(weight.dtype());
    let work = x.numel().saturating_mul(weight.numel());
    if work > READABLE && x.numel() < BEYOND && weight.numel() < BEYOND {
        return Ok(vec![]);
    }
    one(x.linear(&weight, if m.once_in(2) { Some(&bias) } else { None }))
}

pub fn index_select(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, dim) = (m.value(), m.dim());
    let index = if m.once_in(2) { m.value() } else { Tensor::from_vec::<i64>(vec![0; m.below(3)], &[m.below(3)])? };
    let row = x.shape().iter().copied().fold(1, usize::saturating_mul);
    if x.numel() >= BEYOND || is_decided(row.saturating_mul(index.numel())) {
        return one(x.index_select(dim, &index));
    }
    Ok(vec![])
}

pub fn gather(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, dim) = (m.value(), m.dim());
    let index = if m.once_in(3) {
        m.value()
    } else {
        let shape: Vec<usize> = x.shape().iter().map(|size| m.size().min(*size)).collect();
        Tensor::zeros(&shape, DType::I64)?
    };
    if is_decided(index.numel()) { one(x.gather(dim, &index)) } else { Ok(vec![]) }
}

pub fn one_hot(m: &mut Machine) -> Result<Vec<Tensor>> {
    let x = m.value();
    let classes = if m.once_in(2) { None } else { Some(m.len()) };
    if x.numel() > 1 << 16 && x.numel() < BEYOND {
        return Ok(vec![]);
    }
    one(x.one_hot(classes))
}

pub fn cross_entropy(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, target) = (m.float(), m.value());
    let target = match x.shape() {
        [n, _] if *n < READABLE && m.once_in(2) => Tensor::zeros(&[*n], DType::I64)?,
        _ => target,
    };
    one(x.cross_entropy(&target))
}
