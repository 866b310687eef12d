//! The cost of parts in backward: all together cost what the whole costs, however many there are.

use autograd_core::{Tensor, grad, memory};

const N: usize = 3000;

/// The bytes that `f` takes from the pool.
fn taken<T>(f: impl FnOnce() -> T) -> (usize, T) {
    let before = memory::stats().taken;
    let result = f();
    (memory::stats().taken - before, result)
}

type Cut = fn(&Tensor, usize, usize) -> Tensor;

/// Ways to cut elements `start` to `start + len` out.
fn cuts() -> [(&'static str, Cut); 4] {
    [
        ("narrow", |x, start, len| x.narrow(0, start as isize, len).expect("inside")),
        ("slice", |x, start, len| x.slice(0, Some(start as isize), Some((start + len) as isize), 1).expect("inside")),
        ("index_select", |x, start, len| x.index_select(0, &range(start, len)).expect("inside")),
        ("gather", |x, start, len| x.gather(0, &range(start, len)).expect("inside")),
    ]
}

fn range(start: usize, len: usize) -> Tensor {
    Tensor::from_vec((start as i64..(start + len) as i64).collect(), &[len]).expect("as many")
}

/// The sum of the squares of all elements, from `parts` parts.
fn sum_of_squares(x: &Tensor, parts: usize, cut: Cut) -> Tensor {
    let len = N / parts;
    let squares = (0..parts).map(|i| cut(x, i * len, len).square().sum());
    squares.reduce(|a, b| a.try_add(&b).expect("scalars")).expect("a part")
}

/// Both checks stand in one test, for the count is over all threads.
#[test]
fn parts_cost_what_the_whole_costs() {
    a_plain_walk();
    a_recorded_walk();
}

fn a_plain_walk() {
    let x = Tensor::from_vec((0..N).map(|i| i as f64).collect(), &[N]).expect("as many").requires_grad();
    let expected: Vec<f64> = (0..N).map(|i| 2.0 * i as f64).collect();
    for (name, cut) in cuts() {
        for parts in [1, 10, 100, 1000] {
            let y = sum_of_squares(&x, parts, cut);
            let (bytes, grads) = taken(|| y.backward().expect("tracked"));
            assert_eq!(grads.get(&x).expect("a leaf").to_f64s(), expected, "{name}: {parts} parts");
            // The whole twice (the sum, and the gradients of all parts together), and for each part a few numbers of
            // its own: the smallest buffer has 64 bytes.
            let allowed = 3 * N * 8 + parts * 16 * 64;
            assert!(
                bytes <= allowed,
                "{name}: {bytes} bytes taken in backward through {parts} parts, {allowed} allowed"
            );
        }
    }
}

fn a_recorded_walk() {
    let x = Tensor::from_vec((0..N).map(|i| i as f64).collect(), &[N]).expect("as many").requires_grad();
    for (name, cut) in cuts() {
        for parts in [1, 10, 100, 1000] {
            let y = sum_of_squares(&x, parts, cut);
            let (bytes, gx) = taken(|| grad(&y, &[&x]).expect("tracked").remove(0));
            let allowed = 6 * N * 8 + parts * 24 * 64;
            assert!(bytes <= allowed, "{name}: {bytes} bytes taken in a recorded walk through {parts} parts");
            let weights = Tensor::from_vec((0..N).map(|i| (i % 7) as f64).collect(), &[N]).expect("as many");
            let (bytes, ggx) = taken(|| gx.backward_with(&weights).expect("tracked"));
            let expected: Vec<f64> = (0..N).map(|i| 2.0 * (i % 7) as f64).collect();
            assert_eq!(ggx.get(&x).expect("a leaf").to_f64s(), expected, "{name}: second order, {parts} parts");
            let allowed = 8 * N * 8 + parts * 40 * 64;
            assert!(bytes <= allowed, "{name}: {bytes} bytes taken in second order through {parts} parts");
        }
    }
}
