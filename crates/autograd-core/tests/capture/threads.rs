//! A capture on other threads than the one it was recorded on, and several at once.

use super::model::{Net, bits, floats, labels};
use autograd_core::module::{Buffer, Param};
use autograd_core::{Capture, Result, Tensor};

fn step(net: &Net, [x, y]: [&Tensor; 2]) -> Result<Vec<Tensor>> {
    let (loss, grads) = net.step(&x.dropout_seeded(0.2, net.streams[0].draw())?, y)?;
    Ok(std::iter::once(loss).chain(grads.iter().cloned()).collect())
}

fn is_shared<T: Send + Sync>(_: &T) {}

#[test]
fn a_capture_goes_from_thread_to_thread() -> Result<()> {
    let (mut capture, net, eager) = (Capture::new(step), Net::new(4), Net::new(4));
    is_shared(&capture);
    for k in 0..6 {
        let (x, y) = (floats(&[5, 4], k), labels(5, 3, k));
        let run = bits(step(&eager, [&x, &y])?);
        let replayed = std::thread::scope(|scope| {
            scope.spawn(|| capture.run(&net, [&x, &y]).map(|all| bits(all.clone()))).join().expect("no panic")
        })?;
        assert_eq!(replayed, run.iter().map(Clone::clone).collect::<Vec<_>>());
    }
    assert_eq!(capture.stats().records, 1);
    Ok(())
}

#[test]
fn captures_on_several_threads_at_once() {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for round in 0..20 {
                    let (mut capture, net, eager) = (Capture::new(step), Net::new(4), Net::new(4));
                    for k in 0..4 {
                        let seed = 100 * thread + 10 * round + k;
                        let (x, y) = (floats(&[5, 4], seed), labels(5, 3, seed));
                        let run = bits(step(&eager, [&x, &y]).expect("it fits"));
                        assert_eq!(bits(capture.run(&net, [&x, &y]).expect("it fits").clone()), run);
                    }
                    assert_eq!(capture.stats().records, 1);
                }
            });
        }
    });
}

#[test]
fn what_another_thread_sets_meanwhile_is_no_part_of_the_program() -> Result<()> {
    let model = (Param::new(Tensor::from(2.0))?, Buffer::new(Tensor::from(0.0)));
    let mut captured = Capture::new(|model: &(Param, Buffer), [x]: [&Tensor; 1]| {
        let set = || model.1.set(Tensor::from(5.0).square());
        std::thread::scope(|scope| scope.spawn(set).join()).expect("no panic");
        model.0.try_mul(x)
    });
    for k in 1..4 {
        model.1.set(Tensor::from(k as f32));
        let y = captured.run(&model, [&Tensor::from(3.0)])?.to_f64s();
        assert_eq!(y, [6.0]);
    }
    // The last runs were replays, in which nothing is set.
    assert_eq!(model.1.get().to_f64s(), [3.0]);
    Ok(())
}
