//! Hooks: their order, names and removal, what they see, in walks of every kind.

use autograd_core::module::Param;
use autograd_core::{Backward, Capture, DType, Hook, Result, Tensor, checkpoint, grad, grad_with, no_grad, seeded};
use std::sync::{Arc, Mutex};

type Log = Arc<Mutex<Vec<(&'static str, Vec<f64>)>>>;

fn noting(log: &Log, name: &'static str, x: &Tensor) -> Hook {
    let log = Arc::clone(log);
    let note = move |g: &Tensor| {
        log.lock().expect("unpoisoned").push((name, g.to_f64s()));
        Ok(None)
    };
    x.register_hook(name, note).expect("tracked")
}

fn taken(log: &Log) -> Vec<(&'static str, Vec<f64>)> {
    std::mem::take(&mut *log.lock().expect("unpoisoned"))
}

fn times(factor: f64) -> impl Fn(&Tensor) -> Result<Option<Tensor>> + Send + Sync + 'static {
    move |g| Ok(Some(g.mul_scalar(factor)))
}

#[test]
fn each_sees_the_whole_gradient_once_in_the_order_of_registration() {
    let log = Log::default();
    let x = Tensor::from([1.0, 2.0]).requires_grad();
    let h = x.mul_scalar(3.0);
    let y = h.square().sum().try_add(&h.sum()).expect("numbers").try_add(&x.sum()).expect("numbers");
    let _b = noting(&log, "b", &x);
    let _double = x.register_hook("a", times(2.0)).expect("tracked");
    let _c = noting(&log, "c", &x);
    let _h = noting(&log, "h", &h);
    assert_eq!((x.hooks(), h.hooks()), (vec!["b".into(), "a".into(), "c".into()], vec!["h".into()]));
    // h: 2h + 1; x: 3 (2h + 1) + 1
    let of_h = ("h", vec![7.0, 13.0]);
    let of_x = vec![22.0, 40.0];
    let doubled: Vec<f64> = of_x.iter().map(|g| 2.0 * g).collect();
    let want = vec![of_h, ("b", of_x), ("c", doubled.clone())];
    let grads = y.backward_keep().expect("tracked");
    assert_eq!((grads.get(&x).expect("a leaf").to_f64s(), taken(&log)), (doubled.clone(), want.clone()));
    let [g] = grad(&y, [&x]).expect("tracked");
    assert_eq!((g.to_f64s(), taken(&log)), (doubled.clone(), want.clone()));
    let grads = Backward::from(&y).also(&h).run().expect("tracked");
    assert_eq!((grads.get(&h).expect("asked for").to_f64s(), taken(&log)), (vec![7.0, 13.0], want));
    assert_eq!(grads.get(&x).expect("a leaf").to_f64s(), doubled);
}

#[test]
fn values_in_between_pass_on_what_the_hook_returns() {
    let x = Tensor::from([1.0, 2.0]).requires_grad();
    let h = x.square();
    let y = h.square().sum();
    let hook = h.register_hook("zero", |g| Ok(Some(g.zeros_like()))).expect("tracked");
    let slopes = |of: &Tensor| y.backward_keep().expect("tracked").get(of).map(|g| g.to_f64s());
    assert_eq!(slopes(&x), Some(vec![0.0, 0.0]));
    let found = Backward::from(&y).also(&h).keep().run().expect("tracked");
    assert_eq!(found.get(&h).expect("asked for").to_f64s(), [0.0, 0.0]);
    hook.remove();
    assert_eq!((slopes(&x), h.hooks().len()), (Some(vec![4.0, 32.0]), 0));
}

#[test]
fn second_derivatives_go_through_them() {
    let x = Tensor::scalar(3.0f64).requires_grad();
    // gx = (2x)², whose derivative is 8x
    let _hook = x.register_hook("square", |g| Ok(Some(g.square()))).expect("tracked");
    let [g] = grad(&x.square(), [&x]).expect("tracked");
    drop(_hook);
    let [gg] = grad(&g, [&x]).expect("tracked");
    let [ggg] = grad(&gg, [&x]).expect("tracked");
    assert_eq!((g.to_f64s(), gg.to_f64s(), ggg.to_f64s()), (vec![36.0], vec![24.0], vec![8.0]));
    // In the second walk the hook is called again.
    let _hook = x.register_hook("halve", times(0.5)).expect("tracked");
    let [g] = grad(&x.powf(3.0), [&x]).expect("tracked");
    let [gg] = grad(&g, [&x]).expect("tracked");
    assert_eq!((g.to_f64s(), gg.to_f64s()), (vec![13.5], vec![4.5]));
}

#[test]
fn those_of_a_parameter_stay_while_its_value_changes() {
    let mut param = Param::new(Tensor::from([1.0, 2.0])).expect("floats");
    let hook = param.register_hook("clip", |g| g.clamp(-1.0, 1.0).map(Some)).expect("tracked");
    let slopes = |param: &Param| param.square().sum().backward().expect("tracked").get(param).map(|g| g.to_f64s());
    assert_eq!(slopes(&param), Some(vec![1.0, 1.0]));
    param.set(Tensor::from([0.25, -3.0])).expect("floats");
    let tied = param.tie();
    assert_eq!((slopes(&param), slopes(&tied)), (Some(vec![0.5, -1.0]), Some(vec![0.5, -1.0])));
    // A clone is another parameter.
    assert_eq!(slopes(&param.clone()), Some(vec![0.5, -6.0]));
    drop(hook);
    assert_eq!(slopes(&param), Some(vec![0.5, -6.0]));
}

#[test]
fn errors_name_the_hook_and_nothing_else_is_changed() {
    let x = Tensor::from([1.0, 2.0]).requires_grad();
    let y = x.exp();
    let text = |y: &Tensor| y.sum().backward_keep().expect_err("refused").to_string();
    let hook = y.register_hook("cut", |g| g.narrow(0, 0, 1).map(Some)).expect("tracked");
    assert_eq!(text(&y), "hook \"cut\" of exp [2] returned a gradient of F32 [1], not F32");
    let twice = y.register_hook("cut", |_| Ok(None)).expect_err("refused");
    assert_eq!(twice.to_string(), "register_hook: the tensor has a hook \"cut\" already");
    drop(hook);
    let hook = x.register_hook("cast", |g| Ok(Some(g.to_dtype(DType::F64)))).expect("tracked");
    assert_eq!(text(&y), "hook \"cast\" of leaf [2] returned a gradient of F64 [2], not F32");
    drop(hook);
    let hook = x.register_hook("fails", |g| g.narrow(0, 7, 1).map(Some)).expect("tracked");
    assert!(text(&y).contains("hook \"fails\" of leaf [2]"), "{}", text(&y));
    drop(hook);
    assert!(Tensor::from([1.0]).register_hook("none", |_| Ok(None)).is_err());
    assert_eq!(y.sum().backward().expect("tracked").get(&x).expect("a leaf").to_f64s(), x.exp().to_f64s());
}

#[test]
fn what_a_checkpoint_captures_has_its_hooks_called_once() {
    let log = Log::default();
    let (x, w) = (Tensor::from([1.0, 2.0]).requires_grad(), Tensor::from([3.0, 4.0]).requires_grad());
    let _x = noting(&log, "x", &x);
    let _w = noting(&log, "w", &w);
    let captured = w.clone();
    let y = checkpoint(move |x| x[0].try_mul(&captured), [&x]).expect("they fit").try_mul(&w).expect("they fit").sum();
    let (of_x, of_w) = (vec![9.0, 16.0], vec![6.0, 16.0]);
    let want = vec![("x", of_x), ("w", of_w)];
    let grads = y.backward_keep().expect("tracked");
    assert_eq!((taken(&log), grads.len()), (want.clone(), 2));
    let one = Tensor::from(1.0);
    let found = grad_with(&[(&y, &one)], [&x, &w]).expect("tracked");
    assert_eq!((taken(&log), found.len()), (want, 2));
}

#[test]
fn a_hook_may_remove_itself_and_run_a_walk() {
    let x = Tensor::from([1.0, 2.0]).requires_grad();
    let own: Arc<Mutex<Option<Hook>>> = Arc::default();
    let holder = Arc::clone(&own);
    let once = move |g: &Tensor| {
        drop(holder.lock().expect("unpoisoned").take());
        let z = Tensor::from(2.0).requires_grad();
        let inner = no_grad(|| autograd_core::enable_grad(|| z.square()).backward())?;
        g.try_mul(inner.get(&z).expect("a leaf")).map(Some)
    };
    *own.lock().expect("unpoisoned") = Some(x.register_hook("once", once).expect("tracked"));
    let slopes = || x.square().sum().backward().expect("tracked").get(&x).map(|g| g.to_f64s());
    assert_eq!((slopes(), slopes()), (Some(vec![8.0, 16.0]), Some(vec![2.0, 4.0])));
}

#[test]
fn a_walk_in_a_hook_keeps_the_next_derivative_or_is_refused() {
    let (x, w) = (Tensor::scalar(3.0f64).requires_grad(), Tensor::scalar(2.0f64).requires_grad());
    let y = x.square();
    let inner = w.clone();
    let plain = y.register_hook("w", move |g| {
        let slope = autograd_core::enable_grad(|| inner.powf(3.0)).backward()?;
        g.try_mul(slope.get(&inner).expect("a leaf")).map(Some)
    });
    assert_eq!(y.backward_keep().expect("first order").get(&x).map(Tensor::to_f64s), Some(vec![72.0]));
    let error = grad(&y, [&x]).expect_err("its derivative would be lost").to_string();
    assert!(error.starts_with("hook \"w\" of square []: backward: it runs in a pull-back or a hook"), "{error}");
    drop(plain);
    let inner = w.clone();
    let _recorded = y.register_hook("w", move |g| g.try_mul(&grad(&inner.powf(3.0), [&inner])?[0]).map(Some));
    let [slope] = grad(&y, [&x]).expect("recorded");
    assert_eq!(grad(&slope, [&w]).expect("2x · 6w")[0].to_f64s(), [72.0]);
}

#[test]
fn a_capture_refuses_them_in_its_walks_and_in_its_model() {
    let text = "capture: the hook \"clip\" is a function, which later runs would not call; remove it before";
    let param = Param::new(Tensor::randn(&[3], DType::F64, &mut seeded(1)).expect("small")).expect("floats");
    let mut step = Capture::new(|param: &Param, [x]: [&Tensor; 1]| {
        let y = x.try_mul(param)?.square().sum();
        Ok(y.backward()?.get(param).cloned().expect("it takes part"))
    });
    let x = Tensor::from_vec(vec![1.0, 2.0, 3.0], &[3]).expect("as many");
    let first = step.run(&param, [&x]).expect("no hooks").to_f64s();
    let hook = param.register_hook("clip", |_| Ok(None)).expect("tracked");
    assert_eq!(step.run(&param, [&x]).expect_err("refused").to_string(), text);
    drop(hook);
    assert_eq!((step.run(&param, [&x]).expect("none left").to_f64s(), step.stats().replays), (first, 1));
    let mut inside = Capture::new(|param: &Param, [x]: [&Tensor; 1]| {
        let h = x.try_mul(param)?;
        let _hook = h.register_hook("clip", |_| Ok(None))?;
        Ok(h.square().sum().backward()?.get(param).cloned().expect("it takes part"))
    });
    assert_eq!(inside.run(&param, [&x]).expect_err("refused").to_string(), text);
}
