//! Tests of the recorded reading.

use super::*;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise, try_elementwise};
use crate::{grad, grad_with};

/// √x where x > 0, else 0: infinite or NaN in value and derivatives where it is not selected.
#[derive(Clone, Copy)]
struct Root;

impl Elementwise<1> for Root {
    const NAME: &'static str = "root";
    const KEEPS: Keeps = Keeps::Inputs;
    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        N::select(x.gt(N::of(0.0)), x.sqrt(), N::of(0.0))
    }
    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [N::select(x.gt(N::of(0.0)), gy / (N::of(2.0) * x.sqrt()), N::of(0.0))]
    }
}

#[test]
fn what_is_not_selected_never_leaks() {
    let x = Tensor::from([4.0, 0.0, -1.0, f64::NEG_INFINITY, 1.0]).requires_grad();
    let mut y = elementwise([&x], Root);
    for want in [[0.25, 0.5], [-1.0 / 32.0, -0.25], [3.0 / 256.0, 0.375], [-15.0 / 2048.0, -0.9375]] {
        y = grad_with(&[(&y, &y.ones_like())], &[&x]).expect("tracked").remove(0).expect("used");
        assert_eq!(y.to_f64s(), [want[0], 0.0, 0.0, 0.0, want[1]]);
    }
}

#[test]
fn an_operand_that_is_broadcast_is_gated_before_it_is_summed() {
    // a where b > 0, else a / b: at b = 0 the other side is infinite.
    #[derive(Clone, Copy)]
    struct Guarded;
    impl Elementwise<2> for Guarded {
        const NAME: &'static str = "guarded";
        const KEEPS: Keeps = Keeps::Inputs;
        #[inline(always)]
        fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
            N::select(b.gt(N::of(0.0)), a / b, a)
        }
        #[inline(always)]
        fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
            let divided = b.gt(N::of(0.0));
            [N::select(divided, gy / b, gy), N::select(divided, -(gy * (a / b / b)), N::of(0.0))]
        }
    }
    let a = Tensor::from([[3.0], [5.0]]).requires_grad();
    let b = Tensor::from([0.0, 2.0]).requires_grad();
    let y = try_elementwise([&a, &b], Guarded).expect("shapes fit").sum();
    let first = grad(&y, &[&a, &b]).expect("tracked");
    assert_eq!([first[0].to_f64s(), first[1].to_f64s()], [vec![1.5, 1.5], vec![0.0, -2.0]]);
    // Σ ga = 2 (1 + 1/b₁), Σ gb = −(3 + 5)/b₁².
    let second = grad(&first[0].sum(), &[&b]).expect("tracked");
    assert_eq!(second[0].to_f64s(), [0.0, -0.5]);
    let second = grad(&first[1].sum(), &[&a, &b]).expect("tracked");
    assert_eq!([second[0].to_f64s(), second[1].to_f64s()], [vec![-0.25, -0.25], vec![0.0, 2.0]]);
}

#[test]
fn only_what_is_asked_for_is_computed() {
    let three = Tensor::scalar(3.0);
    let steps = Steps::new(DType::F64);
    let x = steps.given(&three);
    let (asked, other) = (x * x + Number::of(1.0), x.exp());
    assert_eq!(steps.tensor(asked, &Tensor::scalar(0.0)).expect("numbers").to_f64s(), [10.0]);
    let Traced::Step(_, other) = other else { panic!("a step") };
    assert!(steps.steps.borrow()[other].1.is_none());
}

#[test]
fn constants_are_folded_and_take_the_shape_they_are_needed_in() {
    let x = Tensor::from([1.0, 2.0]);
    let steps = Steps::new(DType::F32);
    let two = Traced::of(1.0) + Traced::of(1.0);
    assert!(matches!(Traced::select(two.gt(Traced::of(1.0)), two, Traced::of(f64::NAN)), Constant(2.0)));
    assert_eq!(steps.tensor(two, &x).expect("numbers").to_f64s(), [2.0, 2.0]);
    // Each operation, with the tensor on either side.
    let x = steps.given(&x);
    for (y, want) in [
        (two - x, [1.0, 0.0]),
        (x - two, [-1.0, 0.0]),
        (two / x, [2.0, 1.0]),
        (x / two, [0.5, 1.0]),
        (two.powf(x), [2.0, 4.0]),
        (x.powf(two), [1.0, 4.0]),
        (x.mul_add(two, x), [3.0, 6.0]),
        (x.larger(two), [2.0, 2.0]),
        (two.smaller(x), [1.0, 2.0]),
    ] {
        assert_eq!(steps.tensor(y, &Tensor::from([0.0, 0.0])).expect("numbers").to_f64s(), want);
    }
}
