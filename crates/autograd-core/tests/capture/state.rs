//! The state that a function moves: buffers and streams, as in a run.

use super::model::{Net, bits, floats};
use autograd_core::module::{Buffer, Item, ItemMut, Module, Path, Stream};
use autograd_core::{Capture, Error, ErrorKind, Result, Tensor};

type Streams = Vec<Stream>;

fn positions(model: &impl Module) -> Vec<(String, u64, u64)> {
    autograd_core::module::stream_positions(model)
}

#[test]
fn buffers_that_a_function_sets_are_set_by_a_replay() -> Result<()> {
    let norm = |net: &Net, [x]: [&Tensor; 1]| {
        let mean = x.mean_dim(0)?;
        net.mean.set(net.mean.get().mul_scalar(0.9).try_add(&mean.mul_scalar(0.1))?);
        x.try_sub(&net.mean.get())
    };
    let mut capture = Capture::new(norm);
    let (eager, net) = (Net::new(4), Net::new(4));
    let mut kept = Vec::new();
    for k in 0..5 {
        let x = floats(&[3, 4], k);
        let run = norm(&eager, [&x])?;
        assert_eq!(bits(capture.run(&net, [&x])?.clone()), bits(run));
        assert_eq!(bits(net.mean.get()), bits(eager.mean.get()), "step {k}");
        kept.push((net.mean.get(), eager.mean.get()));
    }
    // What was read of it once stays.
    kept.into_iter().for_each(|(ours, theirs)| assert_eq!(bits(ours), bits(theirs)));
    assert_eq!(capture.stats().records, 1);
    Ok(())
}

/// Whoever holds what a buffer had, and whatever is older.
#[test]
fn buffers_that_others_hold_are_recorded_once_for_each_shape() -> Result<()> {
    let norm = |net: &Net, [x]: [&Tensor; 1]| {
        net.mean.set(net.mean.get().mul_scalar(0.9).try_add(&x.mean_dim(0)?.mul_scalar(0.1))?);
        x.try_sub(&net.mean.get())
    };
    for older in [false, true] {
        let of_before = Net::new(4);
        let mut capture = Capture::new(norm);
        let (eager, net) = (Net::new(4), if older { of_before } else { Net::new(4) });
        let at_first = net.mean.get();
        for k in 0..8 {
            let _held = [net.mean.get(), net.mean.get()];
            let x = floats(&[3 + k as usize % 2, 4], k);
            let run = norm(&eager, [&x])?;
            assert_eq!(bits(capture.run(&net, [&x])?.clone()), bits(run));
            assert_eq!(bits(net.mean.get()), bits(eager.mean.get()), "step {k}");
        }
        assert_eq!(bits(at_first), bits(Net::new(4).mean.get()));
        assert_eq!(capture.stats().records, 2, "older: {older}");
    }
    Ok(())
}

#[test]
fn a_buffer_set_to_an_argument_or_to_a_constant() -> Result<()> {
    let mut capture = Capture::new(|model: &Vec<Buffer>, [x]: [&Tensor; 1]| {
        let last = model[0].get();
        model[0].set(x.clone());
        model[1].set(Tensor::from([1.0, 2.0]));
        Ok(last)
    });
    let model = vec![Buffer::new(Tensor::from([0.0, 0.0])), Buffer::new(Tensor::from([0.0, 0.0]))];
    let mut last = model[0].get();
    for k in 0..4 {
        model[1].set(floats(&[2], 9));
        let x = floats(&[2], k);
        assert_eq!(bits(capture.run(&model, [&x])?.clone()), bits(last));
        assert_eq!((bits(model[0].get()), model[1].get().to_f64s()), (bits(x.clone()), vec![1.0, 2.0]));
        last = x;
    }
    Ok(())
}

fn drop_twice(streams: &Streams, [x]: [&Tensor; 1]) -> Result<Tensor> {
    let x = x.requires_grad();
    let first = x.dropout_seeded(0.5, streams[0].draw())?;
    let second = first.square().dropout_seeded(0.5, streams[1].draw())?;
    let third = second.exp().dropout_seeded(0.5, streams[0].draw())?;
    Ok(autograd_core::grad(&third.sum(), &[&x])?.remove(0))
}

#[test]
fn streams_move_as_in_a_run() -> Result<()> {
    let (eager, streams) = (vec![Stream::at(1, 0), Stream::at(2, 5)], vec![Stream::at(1, 0), Stream::at(2, 5)]);
    let mut capture = Capture::new(drop_twice);
    for k in 0..5 {
        let x = floats(&[40], k);
        assert_eq!(bits(capture.run(&streams, [&x])?.clone()), bits(drop_twice(&eager, [&x])?));
        assert_eq!(positions(&streams), positions(&eager));
        eager[0].seek(11 * k);
        streams[0].seek(11 * k);
    }
    assert_eq!(capture.stats().records, 1);
    Ok(())
}

#[test]
fn a_dropout_of_nothing_moves_its_stream_like_any_other() -> Result<()> {
    let drop = |streams: &Streams, [x]: [&Tensor; 1]| x.dropout_seeded(0.0, streams[0].draw());
    let (streams, mut capture) = (vec![Stream::at(1, 0)], Capture::new(drop));
    for k in 0..3 {
        let x = floats(&[4], k);
        assert_eq!(bits(capture.run(&streams, [&x])?.clone()), bits(x));
        assert_eq!(positions(&streams)[0].2, k + 1);
    }
    assert_eq!(capture.stats().records, 1);
    Ok(())
}

/// What a stand-in draws and sets is the model's: a run and a replay move the same.
#[test]
fn a_stand_in_moves_the_state_of_its_module() -> Result<()> {
    type Model = (Vec<Stream>, Buffer);
    let model = || -> Model { (vec![Stream::at(1, 0)], Buffer::new(Tensor::from([0.0, 0.0]))) };
    let run = |model: &Model, [x]: [&Tensor; 1]| {
        let part = model.stand_in(&Default::default())?;
        let y = x.dropout_seeded(0.5, part.0[0].draw())?;
        part.1.set(part.1.get().try_add(&y)?);
        part.1.get().try_mul(x)
    };
    let (eager, model, mut capture) = (model(), model(), Capture::new(run));
    for k in 0..5 {
        let x = floats(&[2], k);
        assert_eq!(bits(capture.run(&model, [&x])?.clone()), bits(run(&eager, [&x])?));
        assert_eq!((positions(&model), bits(model.1.get())), (positions(&eager), bits(eager.1.get())));
        assert_eq!(positions(&model)[0].2, k + 1);
    }
    assert_eq!(capture.stats().records, 1);
    Ok(())
}

#[test]
fn streams_in_one_place_are_told_apart_or_refused() -> Result<()> {
    // Clones of a layer go on from the same place.
    let (eager, streams) = (vec![Stream::at(1, 0), Stream::at(1, 1)], vec![Stream::at(1, 0), Stream::at(1, 1)]);
    let mut capture = Capture::new(drop_twice);
    let x = floats(&[40], 1);
    let text = "capture: it draws the same seed twice, and which one an operation uses cannot be seen; give every \
        Stream a seed of its own, and seek none in the function";
    assert_eq!(capture.run(&streams, [&x]).map(|_| ()).expect_err("refused").to_string(), text);
    assert_eq!(positions(&streams), positions(&eager));
    eager[1].seek(7);
    streams[1].seek(7);
    for _ in 0..3 {
        assert_eq!(bits(capture.run(&streams, [&x])?.clone()), bits(drop_twice(&eager, [&x])?));
    }
    Ok(())
}

#[test]
fn a_stream_that_is_moved_by_hand_is_refused() {
    let mut capture = Capture::new(|streams: &Streams, [x]: [&Tensor; 1]| {
        let y = x.dropout_seeded(0.5, streams[0].draw());
        streams[0].seek(0);
        y
    });
    let text = "capture: it moves a Stream of the model otherwise than by drawing from it, and a later run would not";
    let refused = capture.run(&vec![Stream::at(1, 0)], [&floats(&[4], 1)]).map(|_| ()).expect_err("refused");
    assert_eq!(refused.to_string(), text);
}

/// A recording that is refused, wherever it is, is as if it had not been.
#[test]
fn what_is_refused_leaves_streams_and_buffers() {
    type Model = (Vec<Stream>, Buffer);
    type End = fn(&Model, &Tensor) -> Result<()>;
    let foreign: End = |_, y| {
        Buffer::new(y.zeros_like()).set(y.clone());
        Ok(())
    };
    let returned: End = |_, _| Err(Error::new(ErrorKind::Capture, "capture: refused by the function"));
    for end in [(|_, y| y.sum().item::<f32>().map(drop)) as End, foreign, returned] {
        let model: Model = (vec![Stream::at(1, 3)], Buffer::new(Tensor::from([1.0, 2.0])));
        let mut capture = Capture::new(|model: &Model, [x]: [&Tensor; 1]| {
            let y = x.dropout_seeded(0.5, model.0[0].draw())?;
            model.1.set(model.1.get().try_add(&y)?);
            end(model, &y)?;
            Ok(y)
        });
        for _ in 0..2 {
            let refused = capture.run(&model, [&floats(&[2], 1)]).map(|_| ()).expect_err("refused");
            assert!(refused.to_string().starts_with("capture: "), "{refused}");
            assert_eq!((positions(&model)[0].2, model.1.get().to_f64s()), (3, vec![1.0, 2.0]));
        }
    }
    // What another thread has drawn is not drawn again.
    let model: Model = (vec![Stream::at(1, 3)], Buffer::new(Tensor::from([1.0])));
    let mut capture = Capture::new(|model: &Model, [x]: [&Tensor; 1]| {
        let stream = &model.0[0];
        std::thread::scope(|scope| scope.spawn(|| stream.draw()).join()).expect("it draws");
        x.dropout_seeded(0.5, stream.draw())
    });
    let refused = capture.run(&model, [&floats(&[1], 1)]).map(|_| ()).expect_err("refused").to_string();
    assert!(refused.starts_with("capture: it moves a Stream"), "{refused}");
    assert_eq!(positions(&model)[0].2, 5);
    // The function's own error leaves what a run leaves.
    let model: Model = (vec![Stream::at(1, 3)], Buffer::new(Tensor::from([1.0])));
    let mut capture = Capture::new(|model: &Model, [x]: [&Tensor; 1]| {
        model.1.set(x.dropout_seeded(0.5, model.0[0].draw())?);
        x.narrow(0, 5, 1)
    });
    let error = capture.run(&model, [&floats(&[1], 1)]).map(|_| ()).expect_err("out of range");
    assert!(error.to_string().starts_with("narrow"), "{error}");
    assert_eq!(positions(&model)[0].2, 4);
}

/// A model that lists streams and nothing else.
struct Bare(Streams);

impl Module for Bare {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.0.visit(path, f);
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.0.visit_mut(path, f);
    }
}

#[test]
fn a_model_of_fewer_streams_is_another_one() -> Result<()> {
    let all = |model: &Bare, [x]: [&Tensor; 1]| {
        model.0.iter().try_fold(x.clone(), |x, stream| x.dropout_seeded(0.5, stream.draw()))
    };
    let mut capture = Capture::new(all);
    for n in [3, 1, 2, 3, 1] {
        let streams = || Bare((0..n).map(|i| Stream::at(i, 0)).collect());
        let x = floats(&[30], n);
        assert_eq!(bits(capture.run(&streams(), [&x])?.clone()), bits(all(&streams(), [&x])?));
    }
    assert_eq!(capture.stats().records, 3);
    Ok(())
}
