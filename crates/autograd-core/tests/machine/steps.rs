//! The steps by name; those that create, view, show and save.

use crate::values::{BEYOND, Machine, READABLE, digest, is_decided, plain};
use crate::{elements, functionals, functions, images, indexing, matrices, network, rearrange, walks};
use autograd_core::module::StateDict;
use autograd_core::{DType, Result, Tensor, memory, no_grad};
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
    ("cut", rearrange::cut),
    ("reorder", rearrange::reorder),
    ("enlarge", rearrange::enlarge),
    ("shape more", rearrange::shape_more),
    ("scan", rearrange::scan),
    ("measure", rearrange::measure),
    ("unary", functions::unary),
    ("unary", functions::unary),
    ("with a number", functions::with_a_number),
    ("binary", functions::binary),
    ("binary", functions::binary),
    ("binary", functions::binary),
    ("operator", functions::operator),
    ("function", elements::functions),
    ("function", elements::functions),
    ("function of numbers", elements::with_numbers),
    ("function of two", elements::of_two),
    ("function of two", elements::of_two),
    ("function of three", elements::of_three),
    ("compare", functions::compare),
    ("choose", functions::choose),
    ("convert", functions::convert),
    ("reduce", functions::reduce),
    ("reduce", functions::reduce),
    ("reduce", functions::reduce),
    ("normalize", functions::normalize),
    ("matmul", functions::matmul),
    ("matmul", functions::matmul),
    ("linear", functions::linear),
    ("index_select", functions::index_select),
    ("gather", functions::gather),
    ("one_hot", functions::one_hot),
    ("cross_entropy", functions::cross_entropy),
    ("scatter", indexing::scatter),
    ("rows", indexing::rows),
    ("masks", indexing::masks),
    ("places", indexing::places),
    ("order", indexing::order),
    ("segments", indexing::segments),
    ("products", indexing::products),
    ("distances", indexing::distances),
    ("convolve", network::convolve),
    ("convolve back", network::convolve_back),
    ("convolve lines", network::convolve_lines),
    ("convolve volumes", images::convolve_volumes),
    ("pool", network::pool),
    ("windows", images::windows),
    ("adapt", images::adaptive),
    ("unpool", images::unpool),
    ("resize", images::resize),
    ("sample", images::sample),
    ("shuffle", images::shuffle),
    ("normalize channels", network::normalize),
    ("attend", network::attend),
    ("rotate", network::rotate),
    ("recur", network::recur),
    ("cell", network::cell),
    ("bags", network::bags),
    ("segments of rows", network::segments),
    ("drop some", network::drop_some),
    ("factor", matrices::factor),
    ("solve", matrices::solve),
    ("judge", matrices::judge),
    ("multiply", matrices::multiply),
    ("transform", matrices::transform),
    ("run again", functionals::run_again),
    ("derive more", functionals::derive_more),
    ("implicit", functionals::implicit),
    ("hook", functionals::hook),
    ("show", show),
    ("state", state),
    ("threads", threads),
    ("walk", walks::first_order),
    ("walk", walks::first_order),
    ("walk twice", walks::second_order),
    ("walk twice", walks::second_order),
    ("derive", walks::derive),
];

/// The only value that a step makes.
pub fn one(x: Result<Tensor>) -> Result<Vec<Tensor>> {
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
