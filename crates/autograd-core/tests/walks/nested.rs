//! Walks inside pull-backs: right in first and second order, or an error that says how.

use autograd_core::{
    Backward, Pull, Pullback, Result, Saved, Tensor, custom, enable_grad, grad, grad_with, is_recording, no_grad,
    record_custom, vjp,
};

fn f(x: &[Tensor]) -> Result<Tensor> {
    Ok(x[0].sin().exp())
}

/// f′ and f″ at a point.
fn derivatives(x: f64) -> (f64, f64) {
    let (sin, cos) = x.sin_cos();
    (cos * sin.exp(), (cos * cos - sin) * sin.exp())
}

fn near(got: &Tensor, want: f64) {
    let got = got.to_f64s()[0];
    assert!((got - want).abs() < 1e-12, "{got} instead of {want}");
}

fn leaf() -> Tensor {
    Tensor::scalar(0.5f64).requires_grad()
}

/// f, whose pull-back computes it again and walks that.
fn checkpoint(x: &Tensor) -> Tensor {
    let pull = |gy: &Tensor, x: &[Tensor], _: &Tensor| enable_grad(|| grad_with(&[(&f(x)?, gy)], &[&x[0]]));
    custom("checkpoint", &[x], f, pull).expect("forward is fine")
}

/// The same as a struct.
struct Again(Saved);

impl Pullback for Again {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy) = (self.0.get(at), at.gy());
        let gradient = enable_grad(|| {
            let x = if x.is_tracked() { x.into_owned() } else { x.requires_grad() };
            grad_with(&[(&f(std::slice::from_ref(&x))?, gy)], &[&x])
        });
        at.give(0, || Ok(gradient?.remove(0).expect("x takes part")))
    }
}

fn as_a_struct(x: &Tensor) -> Tensor {
    let value = no_grad(|| f(std::slice::from_ref(x))).expect("forward is fine");
    record_custom("again", value, &[x], |_| Again(Saved::input(0, x)))
}

#[test]
fn a_pullback_may_walk() {
    let (first, second) = derivatives(0.5);
    for op in [checkpoint, as_a_struct] {
        let x = leaf();
        // Between other operations, several times, and one inside the other.
        let y = op(&x.mul_scalar(1.0)).add_scalar(1.0);
        near(y.backward_keep().expect("a plain walk").get(&x).expect("a leaf"), first);
        let slope = grad(&y, &[&x]).expect("a recorded walk").remove(0);
        near(&slope, first);
        near(&grad(&slope, &[&x]).expect("second order").remove(0), second);
        near(y.backward().expect("nothing is freed by the others").get(&x).expect("a leaf"), first);
        let both = op(&x).try_add(&op(&x)).expect("scalars");
        near(both.backward().expect("two").get(&x).expect("a leaf"), 2.0 * first);
        let inner = f(&[x.detach()]).expect("fine").to_f64s()[0];
        near(op(&op(&x)).backward().expect("nested").get(&x).expect("a leaf"), derivatives(inner).0 * first);
        assert!(is_recording());
    }
}

#[test]
fn what_would_lose_a_derivative_says_how_to_keep_it() {
    type Gradients = fn(&Tensor, &[Tensor]) -> Result<Vec<Option<Tensor>>>;
    let backward: Gradients = |gy, x| {
        let y = f(x)?;
        Ok(vec![Backward::new().root(&y, gy).run()?.take(&x[0])])
    };
    let vjp: Gradients = |gy, x| Ok(vec![vjp(f, &[&x[0]], gy)?.1.pop()]);
    for (name, gradients) in [("backward", backward), ("vjp", vjp)] {
        let x = leaf();
        let op = |x: &Tensor, off: bool| {
            let pull = move |gy: &Tensor, x: &[Tensor], _: &Tensor| match off {
                true => no_grad(|| gradients(gy, x)),
                false => enable_grad(|| gradients(gy, x)),
            };
            custom("nested", &[x], f, pull).expect("forward is fine")
        };
        // A plain walk needs no second derivative.
        near(op(&x, false).backward().expect(name).get(&x).expect("a leaf"), derivatives(0.5).0);
        if name == "vjp" {
            let slope = grad(&op(&x, false), &[&x]).expect("it is recorded").remove(0);
            near(&grad(&slope, &[&x]).expect("second order").remove(0), derivatives(0.5).1);
            near(&grad(&op(&x, true), &[&x]).expect("not wanted").remove(0), derivatives(0.5).0);
            continue;
        }
        let error = grad(&op(&x, false), &[&x]).expect_err("its derivative would be lost").to_string();
        let how = "grad and grad_with keep it, no_grad says that it is not wanted";
        assert!(error.starts_with("pull-back of nested: backward: ") && error.ends_with(how), "{error}");
    }
    // Without recording there is nothing to walk, and the error names the switch.
    let x = leaf();
    let pull = |_: &Tensor, x: &[Tensor], _: &Tensor| Ok(vec![f(x)?.backward()?.take(&x[0])]);
    let error = custom("nested", &[&x], f, pull).expect("fine").backward().expect_err("off").to_string();
    assert!(error.contains("is not tracked") && error.contains("enable_grad switches it on"), "{error}");
}

#[test]
fn recording_is_what_it_was_after_errors_and_panics_inside() {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    let x = leaf();
    let panics = |_: &Tensor, _: &[Tensor], _: &Tensor| enable_grad(|| panic!("on purpose"));
    let y = custom("panics", &[&x], f, panics).expect("forward is fine");
    for walk in [|y: &Tensor, _: &Tensor| drop(y.backward_keep()), |y: &Tensor, x: &Tensor| drop(grad(y, &[x]))] {
        assert!(catch_unwind(AssertUnwindSafe(|| no_grad(|| walk(&y, &x)))).is_err());
        assert!(is_recording() && x.exp().is_tracked());
        // No recorded pull-back is under way any more.
        assert!(x.exp().backward().is_ok());
    }
}

/// A pull-back that gives its gradient where recording is switched on.
struct Given(Saved);

impl Pullback for Given {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        enable_grad(|| {
            let x = self.0.get(at).into_owned();
            let x = if x.is_tracked() { x } else { x.requires_grad() };
            let gradient = grad_with(&[(&f(std::slice::from_ref(&x))?, at.gy())], &[&x])?.remove(0).expect("used");
            at.give(0, || Ok(gradient))
        })
    }
    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.0);
    }
}

#[test]
fn what_a_walk_does_with_gradients_is_ruled_by_the_walk() {
    let op = |x: &Tensor| {
        let y = no_grad(|| f(std::slice::from_ref(x))).expect("fine");
        record_custom("given", y, &[x], |_| Given(Saved::input(0, x)))
    };
    let x = leaf();
    let (first, second) = derivatives(0.5);
    // Both ways in which gradients meet: two that are added, and one that is broadcast.
    let twice = op(&x).try_add(&op(&x)).expect("scalars");
    let grads = twice.backward_keep().expect("a plain walk");
    let gradient = grads.get(&x).expect("a leaf");
    assert!(!gradient.is_tracked());
    near(gradient, 2.0 * first);
    let slope = grad(&twice, &[&x]).expect("a recorded walk").remove(0);
    assert!(slope.is_tracked());
    near(&grad(&slope, &[&x]).expect("second order").remove(0), 2.0 * second);
}
