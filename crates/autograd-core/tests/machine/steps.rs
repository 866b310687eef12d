//! The steps: creation, views, functions, reductions, products, indices, state.

use crate::values::{BEYOND, Machine, READABLE, broadcast, digest, is_decided, plain};
use crate::walks;
use autograd_core::module::StateDict;
use autograd_core::{DType, ReduceDims, Result, Tensor, keep, memory, no_grad};
use std::path::Path;

/// What a step does: it makes some values or fails.
pub type Step = fn(&mut Machine) -> Result<Vec<Tensor>>;

/// The steps by name.
pub const TABLE: &[(&str, Step)] = &[
    ("fill", fill),
    ("fill", fill),
    ("numbers", numbers),
    ("numbers", numbers),
    ("numbers", numbers),
    ("indices", indices),
    ("ramp", ramp),
    ("random", random),
    ("track", track),
    ("track", track),
    ("narrow", narrow),
    ("slice", slice),
    ("reshape", reshape),
    ("arrange", arrange),
    ("expand", expand),
    ("expand", expand),
    ("join", join),
    ("unary", unary),
    ("unary", unary),
    ("with a number", with_a_number),
    ("binary", binary),
    ("binary", binary),
    ("binary", binary),
    ("operator", operator),
    ("compare", compare),
    ("choose", choose),
    ("convert", convert),
    ("reduce", reduce),
    ("reduce", reduce),
    ("reduce", reduce),
    ("normalize", normalize),
    ("matmul", matmul),
    ("matmul", matmul),
    ("linear", linear),
    ("index_select", index_select),
    ("gather", gather),
    ("one_hot", one_hot),
    ("cross_entropy", cross_entropy),
    ("show", show),
    ("state", state),
    ("threads", threads),
    ("walk", walks::first_order),
    ("walk", walks::first_order),
    ("walk twice", walks::second_order),
    ("walk twice", walks::second_order),
    ("derive", walks::derive),
];

fn one(x: Result<Tensor>) -> Result<Vec<Tensor>> {
    x.map(|x| vec![x])
}

fn fill(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (shape, dtype, value) = (m.shape(), m.dtype(), m.number());
    match m.below(4) {
        0 => one(Tensor::zeros(&shape, dtype)),
        1 => one(Tensor::ones(&shape, dtype)),
        2 => one(Tensor::full(&shape, value, dtype)),
        _ => {
            let x = m.value();
            plain(x.numel(), || x.full_like(value))
        }
    }
}

fn numbers(m: &mut Machine) -> Result<Vec<Tensor>> {
    let shape = m.shape();
    let n = shape.iter().copied().fold(1, usize::saturating_mul);
    let n = if n > READABLE || m.once_in(30) { 3 } else { n };
    let data = m.numbers(n);
    if m.once_in(3) {
        return one(Tensor::from_vec(data, &shape));
    }
    one(Tensor::from_vec(data.into_iter().map(|x| x as f32).collect(), &shape))
}

fn indices(m: &mut Machine) -> Result<Vec<Tensor>> {
    let shape: Vec<usize> = (0..m.below(3)).map(|_| m.size()).collect();
    let n: usize = shape.iter().product();
    let wild = [i64::MAX, i64::MIN, -1, (1 << 53) + 1, 1 << 45];
    let data = (0..n).map(|_| if m.once_in(25) { m.of(&wild) } else { m.below(4) as i64 }).collect();
    one(Tensor::from_vec::<i64>(data, &shape))
}

fn ramp(m: &mut Machine) -> Result<Vec<Tensor>> {
    let dtype = m.dtype();
    match m.below(3) {
        0 => {
            let ends = [0.0, 1.0, -7.5, 12.0, f64::NAN, f64::INFINITY, 1e300, -1e300];
            let (start, end, step) = (m.of(&ends), m.of(&ends), m.of(&[1.0, -1.0, 0.25, 0.0, f64::NAN, 1e-300]));
            one(Tensor::arange(start, end, step, dtype))
        }
        1 => {
            let (start, end, steps) = (m.number(), m.number(), m.len());
            one(Tensor::linspace(start, end, steps, dtype))
        }
        _ => {
            let n = m.of(&[0, 1, 3, 7, 1 << 40, usize::MAX]);
            one(Tensor::eye(n, dtype))
        }
    }
}

fn random(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (shape, dtype, mut rng) = (m.shape(), m.dtype(), autograd_core::seeded(m.seed()));
    one(if m.once_in(2) { Tensor::randn(&shape, dtype, &mut rng) } else { Tensor::rand(&shape, dtype, &mut rng) })
}

fn track(m: &mut Machine) -> Result<Vec<Tensor>> {
    let x = m.value();
    Ok(vec![match m.below(6) {
        0 => x.detach(),
        1 => no_grad(|| x.t()).unwrap_or(x),
        _ => x.requires_grad(),
    }])
}

fn narrow(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, dim, start, len) = (m.value(), m.dim(), m.place(), m.len());
    one(x.narrow(dim, start, len))
}

fn slice(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, dim) = (m.value(), m.dim());
    let mut bound = || if m.once_in(3) { None } else { Some(m.place()) };
    let (start, end) = (bound(), bound());
    let step = m.len();
    one(x.slice(dim, start, end, step))
}

fn reshape(m: &mut Machine) -> Result<Vec<Tensor>> {
    let x = m.value();
    // A view that has to be copied, and is not known to fit or not to fit.
    if !is_decided(x.numel()) {
        return Ok(vec![]);
    }
    match m.below(5) {
        0 => {
            let shape: Vec<isize> = (0..m.below(4)).map(|_| m.place()).collect();
            one(x.reshape(&shape))
        }
        1 => one(x.reshape(&[-1])),
        2 => {
            let (start, end) = (m.dim(), m.dim());
            one(x.flatten(start, end))
        }
        3 => {
            let dims = m.dims();
            one(x.squeeze(&dims))
        }
        _ => {
            let dim = m.dim();
            one(x.unsqueeze(dim))
        }
    }
}

fn arrange(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, a, b) = (m.value(), m.dim(), m.dim());
    match m.below(4) {
        0 => one(x.transpose(a, b)),
        1 => one(x.t()),
        2 => {
            let mut dims: Vec<isize> = (0..x.rank() as isize).rev().collect();
            if m.once_in(5) {
                dims = m.dims();
            }
            one(x.permute(&dims))
        }
        _ => plain(x.numel(), || x.contiguous()),
    }
}

fn expand(m: &mut Machine) -> Result<Vec<Tensor>> {
    let x = m.value();
    let mut shape: Vec<isize> = (0..m.below(2)).map(|_| m.size() as isize).collect();
    for size in x.shape() {
        shape.push(if *size != 1 { -1 } else { m.of(&[-1, 1, 2, 3, 0, BEYOND as isize]) });
    }
    if m.once_in(15) {
        shape.insert(0, m.of(&[BEYOND as isize, 1 << 62, -1, isize::MIN]));
    }
    one(x.expand(&shape))
}

fn join(m: &mut Machine) -> Result<Vec<Tensor>> {
    let all: Vec<Tensor> = (0..m.below(4)).map(|_| m.value()).collect();
    let all: Vec<&Tensor> =
        if m.once_in(2) { all.iter().take(1).chain(all.first()).collect() } else { all.iter().collect() };
    if !all.iter().all(|x| is_decided(x.numel())) {
        return Ok(vec![]);
    }
    let dim = m.dim();
    one(if m.once_in(2) { Tensor::cat(&all, dim) } else { Tensor::stack(&all, dim) })
}

fn unary(m: &mut Machine) -> Result<Vec<Tensor>> {
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

fn with_a_number(m: &mut Machine) -> Result<Vec<Tensor>> {
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
fn pair(m: &mut Machine) -> (Tensor, Tensor) {
    for _ in 0..8 {
        let (a, b) = (m.value(), m.value());
        if is_decided(broadcast(a.shape(), b.shape())) && a.dtype() == b.dtype() {
            return (a, b);
        }
    }
    let x = m.value();
    (x.clone(), x)
}

fn binary(m: &mut Machine) -> Result<Vec<Tensor>> {
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

fn operator(m: &mut Machine) -> Result<Vec<Tensor>> {
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

fn compare(m: &mut Machine) -> Result<Vec<Tensor>> {
    const F: [fn(&Tensor, &Tensor) -> Result<Tensor>; 6] =
        [Tensor::eq, Tensor::ne, Tensor::lt, Tensor::ge, Tensor::logical_and, Tensor::logical_or];
    let ((a, b), f) = (pair(m), m.of(&F));
    if m.once_in(6) {
        return one(a.logical_not());
    }
    one(f(&a, &b))
}

fn choose(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (a, b) = pair(m);
    let condition = if m.once_in(2) { a.gt(&b)? } else { m.value() };
    let three = broadcast(a.shape(), b.shape()).saturating_mul(condition.numel());
    if !is_decided(three) && condition.shape() != a.shape() {
        return Ok(vec![]);
    }
    one(if m.once_in(3) { a.lerp(&b, &a) } else { condition.where_cond(&a, &b) })
}

fn convert(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, dtype) = (m.value(), m.dtype());
    plain(x.numel(), || x.to_dtype(dtype))
}

fn reduce(m: &mut Machine) -> Result<Vec<Tensor>> {
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

fn normalize(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, dim) = (m.float(), m.dim());
    one(if m.once_in(2) { x.softmax(dim) } else { x.log_softmax(dim) })
}

/// The elements that a product of matrices has, and the multiply-adds.
fn product_size(a: &Tensor, b: &Tensor) -> (usize, usize) {
    let size = |x: &Tensor, i: usize| x.rank().checked_sub(i).map_or(1, |at| x.shape()[at]);
    let outer = |x: &Tensor| x.shape()[..x.rank().saturating_sub(2)].to_vec();
    let elements = broadcast(&outer(a), &outer(b)).saturating_mul(size(a, 2)).saturating_mul(size(b, 1));
    (elements, elements.saturating_mul(size(a, 1)))
}

fn matmul(m: &mut Machine) -> Result<Vec<Tensor>> {
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

fn linear(m: &mut Machine) -> Result<Vec<Tensor>> {
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

fn index_select(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, dim) = (m.value(), m.dim());
    let index = if m.once_in(2) { m.value() } else { Tensor::from_vec::<i64>(vec![0; m.below(3)], &[m.below(3)])? };
    let row = x.shape().iter().copied().fold(1, usize::saturating_mul);
    if x.numel() >= BEYOND || is_decided(row.saturating_mul(index.numel())) {
        return one(x.index_select(dim, &index));
    }
    Ok(vec![])
}

fn gather(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, dim) = (m.value(), m.dim());
    let index = if m.once_in(3) {
        m.value()
    } else {
        let shape: Vec<usize> = x.shape().iter().map(|size| m.size().min(*size)).collect();
        Tensor::zeros(&shape, DType::I64)?
    };
    if is_decided(index.numel()) { one(x.gather(dim, &index)) } else { Ok(vec![]) }
}

fn one_hot(m: &mut Machine) -> Result<Vec<Tensor>> {
    let x = m.value();
    let classes = if m.once_in(2) { None } else { Some(m.len()) };
    if x.numel() > 1 << 16 && x.numel() < BEYOND {
        return Ok(vec![]);
    }
    one(x.one_hot(classes))
}

fn cross_entropy(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, target) = (m.float(), m.value());
    let target = match x.shape() {
        [n, _] if *n < READABLE && m.once_in(2) => Tensor::zeros(&[*n], DType::I64)?,
        _ => target,
    };
    one(x.cross_entropy(&target))
}

fn show(m: &mut Machine) -> Result<Vec<Tensor>> {
    let x = m.value();
    let text = format!("{x} {x:?} {x:.2}");
    assert!(text.len() < 1 << 24, "a text of {} bytes", text.len());
    if x.numel() == 1 && x.dtype() == DType::F32 {
        x.item::<f32>()?;
    }
    if is_decided(x.numel()) {
        x.to_vec::<f32>()?;
    }
    Ok(vec![])
}

fn state(m: &mut Machine) -> Result<Vec<Tensor>> {
    let mut state = StateDict::new();
    for name in ["a", "b.c", "a", ""].into_iter().take(m.below(5)) {
        let value = m.value();
        if is_decided(value.numel()) {
            state.insert(name, value);
        }
    }
    let mut bytes = state.to_safetensors()?;
    let (path, spoiled) = (Path::new("a file"), m.once_in(3));
    if spoiled && !bytes.is_empty() {
        let at = m.below(bytes.len());
        bytes[at] ^= 1 << m.below(8);
        bytes.truncate(bytes.len() - m.below(2));
        return match StateDict::from_safetensors(&bytes, path) {
            Ok(back) => Ok(back.iter().map(|(_, value)| value.clone()).take(1).collect()),
            Err(_) => Ok(vec![]),
        };
    }
    let back = StateDict::from_safetensors(&bytes, path)?;
    assert_eq!(back.len(), state.len());
    let names = |state: &StateDict| state.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&back), names(&StateDict::from_safetensors(&bytes, path)?), "the order of a file");
    for (name, value) in state.iter() {
        assert_eq!(back.get(name).map(digest), Some(digest(value)), "{name} has changed in a file");
    }
    Ok(vec![])
}

/// Values made on one thread, used on others and dropped there.
fn threads(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (a, b) = (m.small(), m.small());
    let work = |x: Tensor| std::thread::spawn(move || [x.exp(), x.sum(), x.square()]);
    let made = [work(a.clone()), work(b), work(a)].map(|thread| thread.join().expect("no panic"));
    if m.once_in(4) {
        memory::trim();
    }
    let stats = memory::stats();
    assert!(stats.in_use <= stats.taken && stats.in_use < 1 << 40, "{stats:?}");
    Ok(made.into_iter().flatten().take(4).collect())
}
