//! Checkpoints give what the function itself gives: values, gradients of any order, random numbers, errors.

use autograd_core::module::{Buffer, Item, ItemMut, Module, Param, Path, Stream};
use autograd_core::{
    Capture, DType, Result, RngExt, Tensor, checkpoint, checkpoint_with, grad, grad_with, no_grad, seeded,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A function of its arguments and of what it captures: a leaf and a value computed from that.
type Function = fn(&[Tensor], &[Tensor]) -> Result<Tensor>;

fn inner(x: &Tensor, w: &Tensor) -> Result<Tensor> {
    let w = w.clone();
    checkpoint(move |x| Ok(x[0].try_mul(&w)?.sin().exp()), [x])
}

const FUNCTIONS: [(&str, Function); 11] = [
    ("of its arguments", |x, _| x[0].try_mul(&x[1])?.tanh().try_add(&x[0].square())),
    ("of a leaf", |x, c| x[0].try_mul(&c[0])?.exp().try_mul(&c[0])),
    ("of a value in between", |x, c| x[1].try_mul(&c[1])?.sin().try_mul(&x[0])),
    ("of both", |x, c| x[0].try_mul(&c[1])?.exp().try_add(&c[0].square())?.try_mul(&x[1])),
    ("of what it captures alone", |_, c| c[0].exp().try_mul(&c[1])),
    ("an argument itself", |x, _| Ok(x[0].clone())),
    ("a leaf itself", |_, c| Ok(c[0].clone())),
    ("a value itself", |_, c| Ok(c[1].clone())),
    ("with one inside", |x, c| inner(&x[0].square(), &c[0])?.try_mul(&inner(&x[1], &c[1])?)),
    ("with a leaf of its own", |x, _| x[0].try_mul(&Tensor::scalar(2.0f64).requires_grad())?.exp().try_mul(&x[1])),
    ("with a gradient inside", |x, c| {
        let v = x[0].detach().requires_grad();
        let z = v.try_mul(&c[0])?.sin();
        let slope = grad_with(&[(&z, &z.ones_like())], [&v])?[0].clone().expect("it takes part");
        slope.try_mul(&x[1])?.exp().try_mul(&x[0])
    }),
];

fn draw(seed: u64) -> Tensor {
    Tensor::randn(&[2, 3], DType::F64, &mut seeded(seed)).expect("small")
}

/// Gradients of a sum that also uses what is captured, and the gradients of their squares.
fn all_gradients(call: impl FnOnce(&[Tensor], &[Tensor]) -> Result<Tensor>, mask: usize) -> Vec<Option<Vec<f64>>> {
    let track = |i: usize| if mask >> i & 1 == 1 { draw(i as u64).requires_grad() } else { draw(i as u64) };
    let x = [track(0), track(1)];
    let w = track(2);
    let captured = [w.clone(), w.exp()];
    let y = call(&x, &captured).expect("they fit");
    let weighted = y.try_mul(&draw(7)).and_then(|y| y.try_add(&captured[1].try_mul(&w)?)).expect("they fit").sum();
    if !weighted.is_tracked() {
        return vec![];
    }
    let leaves: Vec<&Tensor> = [&x[0], &x[1], &w].into_iter().filter(|x| x.is_tracked()).collect();
    let one = weighted.ones_like();
    let first = grad_with(&[(&weighted, &one)], &leaves[..]).expect("recorded");
    let squares: Vec<Tensor> = first.iter().flatten().filter(|g| g.is_tracked()).map(|g| g.square().sum()).collect();
    let roots: Vec<(&Tensor, &Tensor)> = squares.iter().map(|s| (s, &one)).collect();
    let second = if roots.is_empty() { vec![] } else { grad_with(&roots, &leaves[..]).expect("twice recorded") };
    let bends: Vec<Tensor> = second.iter().flatten().filter(|g| g.is_tracked()).map(Tensor::sum).collect();
    let roots: Vec<(&Tensor, &Tensor)> = bends.iter().map(|s| (s, &one)).collect();
    let third = if roots.is_empty() { vec![] } else { grad_with(&roots, &leaves[..]).expect("three times") };
    let plain = weighted.backward().expect("tracked");
    let plain = leaves.iter().map(|x| plain.get(x).cloned());
    first.iter().cloned().chain(second).chain(third).chain(plain).map(|g| g.map(|g| g.to_f64s())).collect()
}

fn close(got: &[Option<Vec<f64>>], want: &[Option<Vec<f64>>]) -> bool {
    // Where nothing flows, zeros are as good.
    let zeros = |x: &Option<Vec<f64>>| x.as_ref().is_none_or(|x| x.iter().all(|x| *x == 0.0));
    let close = |(a, b): (&f64, &f64)| b.is_finite() && (a - b).abs() <= 1e-11 * (1.0 + b.abs());
    let near = |(a, b): (&Option<Vec<f64>>, &Option<Vec<f64>>)| match (a, b) {
        (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(b).all(close),
        (a, b) => zeros(a) && zeros(b),
    };
    got.len() == want.len() && got.iter().zip(want).all(near)
}

#[test]
fn derivatives_to_third_order_are_those_of_the_function() {
    for (name, f) in FUNCTIONS {
        for mask in 0..8 {
            let want = all_gradients(f, mask);
            let own = |x: &[Tensor], c: &[Tensor]| {
                let c = c.to_vec();
                checkpoint(move |x| f(x, &c), x)
            };
            let got = all_gradients(own, mask);
            assert!(close(&got, &want), "{name}, mask {mask:03b}:\n{got:?}\n{want:?}");
            let twice = |x: &[Tensor], c: &[Tensor]| {
                let c = c.to_vec();
                let again = move |x: &[Tensor]| {
                    let c = c.clone();
                    checkpoint(move |x| f(x, &c), x)
                };
                checkpoint(again, x)
            };
            assert!(close(&all_gradients(twice, mask), &want), "{name}, nested, mask {mask:03b}");
        }
    }
}

#[test]
fn one_tensor_may_be_several_inputs_and_be_captured_too() {
    let gradients = |with: bool| {
        let x = draw(1).requires_grad();
        let captured = x.clone();
        let f = move |x: &[Tensor]| x[0].try_mul(&x[1].exp())?.try_mul(&captured);
        let y = if with { checkpoint(f, [&x, &x]) } else { f(&[x.clone(), x.clone()]) }.expect("they fit");
        let [first] = grad(&y.sum(), [&x]).expect("tracked");
        let [second] = grad(&first.square().sum(), [&x]).expect("tracked");
        [first, second].map(|g| Some(g.to_f64s()))
    };
    let (got, want) = (gradients(true), gradients(false));
    assert!(close(&got, &want), "{got:?}\n{want:?}");
}

#[test]
fn parts_of_the_gradients_alone_are_right() {
    let (x, w) = (draw(1).requires_grad(), draw(2).requires_grad());
    let captured = w.clone();
    let y = checkpoint(move |x| Ok(x[0].try_mul(&captured)?.exp().try_mul(&x[1])?.sin()), [&x, &w]).expect("they fit");
    let (sum, plain) = (y.sum(), x.try_mul(&w).expect("alike").exp().try_mul(&w).expect("alike").sin().sum());
    for target in [&x, &w] {
        let [got] = grad(&sum, [target]).expect("tracked");
        let [want] = grad(&plain, [target]).expect("tracked");
        // The gradient for one depends on the other.
        let [got_other, want_other] =
            [&got, &want].map(|g| grad(&g.sum(), [&x, &w]).expect("tracked").map(|g| Some(g.to_f64s())));
        assert!(close(&[Some(got.to_f64s())], &[Some(want.to_f64s())]), "{got}\n{want}");
        assert!(close(&got_other, &want_other), "{got_other:?}\n{want_other:?}");
    }
}

#[test]
fn without_recording_or_anything_tracked_it_is_the_function() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&runs);
    let f = move |x: &[Tensor]| {
        counting.fetch_add(1, Ordering::Relaxed);
        Ok(x[0].exp())
    };
    let x = draw(1).requires_grad();
    assert!(!no_grad(|| checkpoint(f.clone(), [&x])).expect("it fits").is_tracked());
    assert!(!checkpoint(f.clone(), [&x.detach()]).expect("it fits").is_tracked());
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    let y = checkpoint(f, [&x]).expect("it fits");
    let grads = y.sum().backward().expect("tracked");
    assert_eq!((runs.load(Ordering::Relaxed), grads.get(&x).expect("a leaf").to_f64s()), (4, x.exp().to_f64s()));
    let count = Tensor::from([1, 2, 3]);
    let y = checkpoint(|x| x[0].try_mul(&x[1].to_dtype(DType::F64)), [&x, &count]).expect("they fit");
    assert_eq!(y.sum().backward().expect("tracked").get(&x).expect("a leaf").to_f64s(), [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
}

#[test]
fn the_second_run_draws_what_the_first_has_drawn_and_nothing_moves() {
    let x = Tensor::ones(&[50], DType::F64).expect("small").requires_grad();
    let stream = Arc::new(Stream::at(7, 3));
    let rng = Arc::new(Mutex::new(seeded(5)));
    let (drawn, rolled) = (Arc::clone(&stream), Arc::clone(&rng));
    let f = move |x: &[Tensor]| {
        let once = x[0].dropout_seeded(0.5, drawn.draw())?;
        let inner = Arc::clone(&drawn);
        let twice = checkpoint(move |x| x[0].exp().dropout_seeded(0.5, inner.draw()), [&once])?;
        let mut rng = rolled.lock().expect("unpoisoned");
        twice.square().dropout(0.25, &mut *rng)?.rrelu(0.1, 0.3, &mut *rng)
    };
    let plain = f(std::slice::from_ref(&x)).expect("floats");
    let next = || rng.lock().expect("unpoisoned").random::<u64>();
    let (position, number) = (stream.position(), next());
    assert_eq!(position, (7, 5));
    stream.seek(3);
    *rng.lock().expect("unpoisoned") = seeded(5);
    let again = checkpoint(f, [&x]).expect("floats");
    assert_eq!(again.to_f64s(), plain.to_f64s());
    // Others draw in between.
    stream.draw();
    let (position, [got], [want]) =
        (stream.position(), grad(&again.sum(), [&x]).expect("tracked"), grad(&plain.sum(), [&x]).expect("tracked"));
    assert_eq!((got.to_f64s(), stream.position()), (want.to_f64s(), position));
    let second = |g: &Tensor| grad(&g.square().sum(), [&x]).expect("tracked")[0].to_f64s();
    assert!(close(&[Some(second(&got))], &[Some(second(&want))]));
    assert_eq!(again.sum().backward().expect("tracked").get(&x).expect("a leaf").to_f64s(), want.to_f64s());
    assert_eq!(stream.position(), position);
    assert_eq!(next(), number);
}

#[test]
fn what_cannot_be_repeated_is_refused() {
    let x = draw(1).requires_grad();
    let noise = checkpoint(|x| x[0].try_add(&Tensor::randn(&[3], DType::F64, &mut seeded(1))?), [&x]);
    assert_eq!(
        noise.expect_err("refused").to_string(),
        "checkpoint: randn draws from a generator, which would give others when the function runs again; draw before and \
         pass the tensor as an input, or draw from a Stream"
    );
    let text = |y: Result<Tensor>| y.expect("it fits").sum().backward().expect_err("refused").to_string();
    let shapes = text(checkpoint_with(|x| Ok(x[0].exp()), |x| x[0].narrow(0, 0, 1), [&x]));
    assert_eq!(shapes, "checkpoint: the function returned shape [2, 3] first, and [1, 3] when it ran again");
    let w = draw(2).requires_grad();
    let tracked = "checkpoint: the function used other tracked tensors when it ran again than at first";
    let captured = w.clone();
    assert_eq!(text(checkpoint_with(|x| x[0].try_mul(&w), |x| Ok(x[0].exp()), [&x])), tracked);
    assert_eq!(text(checkpoint_with(|x| Ok(x[0].exp()), move |x| x[0].try_mul(&captured), [&x])), tracked);
    let stream = Stream::at(1, 0);
    let drops = |x: &[Tensor]| x[0].dropout_seeded(0.5, stream.draw());
    assert_eq!(
        text(checkpoint_with(drops, |x| Ok(x[0].exp()), [&x])),
        "checkpoint: the function drew 1 random seeds first, and fewer when it ran again"
    );
    let own = Stream::at(1, 0);
    assert_eq!(
        text(checkpoint_with(|x| Ok(x[0].exp()), move |x| x[0].dropout_seeded(0.5, own.draw()), [&x])),
        "checkpoint: the function drew 0 random seeds first, and more when it ran again"
    );
    let fails = |_: &[Tensor]| Tensor::from([1.0]).narrow(0, 5, 1);
    assert!(checkpoint(fails, [&x]).is_err());
    assert!(text(checkpoint_with(|x| Ok(x[0].exp()), fails, [&x])).starts_with("narrow: "));
}

struct Model {
    w: Param,
    stream: Stream,
}

impl Module for Model {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.w.visit(&path.child("w"), f);
        self.stream.visit(&path.child("stream"), f);
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.w.visit_mut(&path.child("w"), f);
        self.stream.visit_mut(&path.child("stream"), f);
    }
}

#[test]
fn captured_steps_have_the_bits_of_plain_ones() {
    let step = |model: &Model, [x]: [&Tensor; 1]| -> Result<(Tensor, Tensor)> {
        let w = model.w.detach().requires_grad();
        let (borrowed, kept) = (w.clone(), w.clone());
        let first = |x: &[Tensor]| x[0].try_mul(&borrowed)?.tanh().dropout_seeded(0.5, model.stream.draw());
        let again = move |x: &[Tensor]| x[0].try_mul(&kept)?.tanh().dropout_seeded(0.5, draws());
        let y = checkpoint_with(first, again, [x])?.square().sum();
        let gradient = y.backward()?.get(&w).cloned().expect("it takes part");
        Ok((y, gradient))
    };
    // The second run draws from a stream of its own, and gets what the first has drawn.
    fn draws() -> u64 {
        Stream::at(99, 0).draw()
    }
    let model = || Model { w: Param::new(draw(3)).expect("floats"), stream: Stream::at(5, 0) };
    let (plain, captured) = (model(), model());
    let mut capture = Capture::new(step);
    for i in 0..4 {
        let x = draw(10 + i);
        let (y, g) = step(&plain, [&x]).expect("it fits");
        let (captured_y, captured_g) = capture.run(&captured, [&x]).expect("it can be captured");
        assert_eq!((captured_y.to_f64s(), captured_g.to_f64s()), (y.to_f64s(), g.to_f64s()), "step {i}");
    }
    assert_eq!((capture.stats().replays, plain.stream.position()), (3, captured.stream.position()));
}

#[test]
fn it_may_be_walked_on_another_thread() {
    let (x, w) = (draw(1).requires_grad(), std::thread::spawn(|| draw(2).requires_grad()).join().expect("no panic"));
    let captured = w.clone();
    let y = checkpoint(move |x| Ok(x[0].try_mul(&captured)?.exp()), [&x]).expect("they fit").sum();
    let here = grad(&y, [&x, &w]).expect("tracked").map(|g| g.to_f64s());
    let (leaves, root) = ([x.clone(), w.clone()], y.clone());
    let there = std::thread::spawn(move || {
        let grads = root.backward().expect("tracked");
        leaves.each_ref().map(|x| grads.get(x).expect("a leaf").to_f64s())
    });
    assert_eq!(there.join().expect("no panic"), here);
    let want = x.try_mul(&w).expect("alike").exp().sum().backward().expect("tracked");
    assert_eq!(here, [&x, &w].map(|x| want.get(x).expect("a leaf").to_f64s()));
}

#[test]
fn a_buffer_made_anew_is_no_other_that_was_there_before() -> Result<()> {
    let f = |x: &[Tensor]| {
        let mut y = x[0].clone();
        for k in 1..=4 {
            let factor = Buffer::new(Tensor::scalar(f64::from(k)));
            y = y.try_mul(&factor.get())?;
            factor.set(Tensor::scalar(100.0));
        }
        Ok(y)
    };
    let x = Tensor::scalar(1.0f64).requires_grad();
    let grads = checkpoint(f, [&x])?.backward()?;
    assert_eq!(grads.get(&x).map(Tensor::to_f64s), Some(vec![24.0]));
    Ok(())
}

#[test]
fn a_function_that_walks_may_do_so_when_it_runs_again() -> Result<()> {
    let f = |x: &[Tensor]| {
        let z = x[0].detach().requires_grad();
        let slope = z.square().sum().backward()?.take(&z).expect("used");
        x[0].try_mul(&slope)
    };
    let x = Tensor::from([1.0, -2.0]).requires_grad();
    let want = grad(&f(std::slice::from_ref(&x))?.sum(), [&x])?[0].to_f64s();
    assert_eq!(grad(&checkpoint(f, [&x])?.sum(), [&x])?[0].to_f64s(), want);
    Ok(())
}

#[test]
fn what_is_missed_is_missed_also_after_a_panic() {
    let x = Tensor::scalar(1.0f64).requires_grad();
    let z = x.clone();
    let f = move |x: &[Tensor]| {
        let noise = Tensor::randn(&[], DType::F64, &mut seeded(1))?;
        let panics = || checkpoint(|_: &[Tensor]| panic!("on purpose"), [&z]);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
        x[0].try_mul(&noise)
    };
    let error = checkpoint(f, [&x]).expect_err("it draws").to_string();
    assert!(error.contains("draws from a generator"), "{error}");
}
