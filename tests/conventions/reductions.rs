//! Reductions, running folds and orders.

use crate::{INF, Row, check, check_two, same, second};
use wengert::core::{Tensor, ascending, grad};

const THIRD: f64 = 1.0 / 3.0;

pub(crate) const TIES: &[Row] = &[
    ("`max`, `min`, `amax`, `amin` with ties", || {
        check(&[3.0, 1.0, 3.0], &[0.5, 0.0, 0.5], |x| x.max());
        check(&[-0.0, 0.0, -1.0], &[0.5, 0.5, 0.0], |x| x.max());
        check(&[-0.0, 0.0, 1.0], &[0.5, 0.5, 0.0], |x| x.min());
        check(&[3.0, 1.0, 3.0], &[0.5, 0.0, 0.5], |x| x.amax(0));
        check(&[1.0, 3.0, 1.0, 1.0], &[THIRD, 0.0, THIRD, THIRD], |x| x.amin(0));
    }),
    ("`max_dim`, `min_dim`, `argmax`, `argmin` with ties", || {
        check(&[3.0, 1.0, 3.0], &[1.0, 0.0, 0.0], |x| Ok(x.max_dim(0)?.0));
        check(&[3.0, 1.0, 1.0], &[0.0, 1.0, 0.0], |x| Ok(x.min_dim(0)?.0));
        let tied = Tensor::from([[0.0, 5.0, 5.0], [2.0, 2.0, 2.0]]);
        assert_eq!(tied.argmax(1).expect("a dim").to_f64s(), [1.0, 0.0]);
        assert_eq!(tied.argmin(1).expect("a dim").to_f64s(), [0.0, 0.0]);
    }),
    ("`median` with ties", || {
        check(&[2.0, 1.0, 2.0, 3.0, 2.0], &[THIRD, 0.0, THIRD, 0.0, THIRD], |x| x.median());
        let x = Tensor::from([2.0, 1.0, 2.0, 3.0, 2.0]).requires_grad();
        let (value, chosen) = x.median_dim(0).expect("a dim");
        let gradient = value.backward().expect("tracked").get(&x).expect("used").to_f64s();
        let place = chosen.item::<i64>().expect("one") as usize;
        assert!((0..5).all(|i| gradient[i] == f64::from(u8::from(i == place))), "{gradient:?}, {place}");
    }),
    ("`cummax`, `cummin` with ties", || {
        check(&[2.0, 2.0, 1.0], &[1.0, 2.0, 0.0], |x| Ok(x.cummax(0)?.0));
        check(&[2.0, 2.0, 3.0], &[1.0, 2.0, 0.0], |x| Ok(x.cummin(0)?.0));
    }),
    ("`sort`, `topk`, `kthvalue` with ties", || {
        let x = Tensor::from([2.0, 1.0, 2.0, 1.0]);
        assert_eq!(x.sort(ascending(0)).expect("a dim").1.to_f64s(), [1.0, 3.0, 0.0, 2.0]);
        assert_eq!(x.topk(3, 0).expect("three").1.to_f64s(), [0.0, 2.0, 1.0]);
        assert_eq!(x.kthvalue(1, 0).expect("one").1.to_f64s(), [1.0]);
        check(&[2.0, 1.0, 2.0, 1.0], &[1.0, 0.0, 0.0, 0.0], |x| Ok(x.topk(1, 0)?.0));
        check(&[2.0, 1.0, 2.0, 1.0], &[0.0, 1.0, 0.0, 0.0], |x| Ok(x.kthvalue(1, 0)?.0));
    }),
];

pub(crate) const SUMS: &[Row] = &[
    ("`std` of equal elements", || check(&[2.0, 2.0, 2.0], &[0.0, 0.0, 0.0], |x| x.std(1.0))),
    ("`prod` with zeros", || {
        check(&[0.0, 2.0, 3.0], &[6.0, 0.0, 0.0], |x| x.prod());
        check(&[0.0, 2.0, 0.0], &[0.0, 0.0, 0.0], |x| x.prod());
        // Two zeros: the second derivative alone is left.
        assert_eq!(second(&[0.0, 2.0, 0.0], &[1.0, 0.0, 0.0], |x| x.prod()), Some(vec![0.0, 0.0, 2.0]));
    }),
    ("`cumprod` with zeros", || {
        check(&[0.0, 2.0, 3.0], &[9.0, 0.0, 0.0], |x| x.cumprod(0));
        // x₀x₁ + x₀x₁x₂, by x₀ and then by x₁ and x₂; and by all three.
        assert_eq!(second(&[0.0, 0.0, 3.0], &[1.0, 0.0, 0.0], |x| x.cumprod(0)), Some(vec![0.0, 4.0, 0.0]));
        let x = Tensor::from([0.0, 0.0, 0.0]).requires_grad();
        let mut y = x.cumprod(0).expect("a dim").sum();
        for i in 0..2 {
            y = grad(&y, &[&x]).expect("tracked").remove(0).select(0, i).expect("three");
        }
        assert_eq!(y.backward().expect("tracked").get(&x).expect("used").to_f64s(), [0.0, 0.0, 1.0]);
    }),
    ("`logsumexp` of −∞ alone", || {
        check(&[-INF, -INF], &[0.0, 0.0], |x| x.logsumexp(0));
        assert_eq!(Tensor::from([-INF as f32; 2]).logsumexp(0).expect("a dim").to_f64s(), [-INF]);
    }),
    ("`logsumexp`, `cross_entropy` of a row with ∞", || {
        check(&[1.0, INF, 2.0], &[0.0, f64::NAN, 0.0], |x| x.logsumexp(0));
        // The target's own share is 0 − 1.
        check(&[1.0, INF, 2.0], &[-1.0, f64::NAN, 0.0], |x| x.unsqueeze(0)?.cross_entropy(&Tensor::from([0])));
    }),
    ("`softmax`, `log_softmax` of a row of −∞", || {
        let x = Tensor::from([f32::NEG_INFINITY; 2]);
        assert!(x.softmax(0).expect("a dim").to_f64s().iter().all(|y| y.is_nan()));
        assert!(x.log_softmax(0).expect("a dim").to_f64s().iter().all(|y| y.is_nan()));
    }),
    ("`vector_norm(p)` where y = 0, and for p ≠ 2 where x = 0", || {
        for p in [0.5, 1.0, 1.5, 2.0, 3.0, INF] {
            check(&[0.0, 0.0], &[0.0, 0.0], |x| x.vector_norm(p, ..));
            // The slopes of p = 1 and ∞ are signs and shares, which depend on nothing.
            let again = second(&[0.0, 0.0], &[1.0, 2.0], |x| x.vector_norm(p, ..));
            assert!(again.as_ref().map_or(p == 1.0 || p == INF, |g| *g == [0.0, 0.0]), "p = {p}: {again:?}");
        }
        for p in [1.0, 1.5, 3.0] {
            check(&[0.0, 2.0], &[0.0, 1.0], |x| x.vector_norm(p, ..));
        }
        check(&[2.0, -2.0, 1.0], &[0.5, -0.5, 0.0], |x| x.vector_norm(INF, ..));
        check(&[2.0, -1.0, 1.0], &[0.0, -0.5, 0.5], |x| x.vector_norm(-INF, ..));
    }),
    ("`quantile` of a row with NaN", || {
        let x = Tensor::from_slice(&[1.0, f64::NAN, 3.0], &[3]).expect("three");
        check(&[0.25], &[0.0], |q| x.quantile(q, 0));
    }),
    ("`normalize`, `cosine_similarity` where a norm is not above ε", || {
        // x / ε and x · y / (ε ‖y‖): the norm that ε stands for has no share.
        check(&[0.25, 0.0], &[2.0, 2.0], |x| x.normalize(2.0, 0, 0.5));
        let y = Tensor::from_slice(&[0.0, 4.0], &[2]).expect("two");
        check(&[0.25, 0.0], &[0.0, 2.0], |x| x.cosine_similarity(&y, 0, 0.5));
    }),
    ("distances at 0, of every order", || {
        for p in [0.0, 0.5, 1.0, 2.0, 3.0, INF] {
            check_two(&[1.0, 2.0], &[1.0, 2.0], [&[0.0; 2], &[0.0; 2]], |a, b| {
                a.reshape(&[1, 2])?.cdist(&b.reshape(&[1, 2])?, p)
            });
        }
        check_two(&[3.0, 0.0], &[1.0, 2.0], [&[0.5, -0.5], &[-0.5, 0.5]], |a, b| {
            a.reshape(&[1, 2])?.cdist(&b.reshape(&[1, 2])?, INF)
        });
    }),
    ("a share or weight of 0 times an infinite loss", || {
        use wengert::nn::{CrossEntropyLoss, Loss};
        let target = Tensor::from_slice(&[1.0, 0.0], &[1, 2]).expect("two");
        let loss = |x: &Tensor| CrossEntropyLoss::new().forward(&x.reshape(&[1, 2])?, &target);
        check(&[0.0, -INF], &[0.0, 0.0], loss);
        let x = Tensor::from_slice(&[0.0, -INF], &[2]).expect("two");
        assert!(same(&loss(&x).expect("it fits").to_f64s(), &[0.0]));
    }),
    ("`binary_cross_entropy` at 0 and 1", || {
        let (zero, one) = (Tensor::scalar(0.0), Tensor::scalar(1.0));
        // −ln x: cut off at 0; at 1 it is not. And the same from the other side.
        let loss = wengert::nn::binary_cross_entropy;
        check(&[0.0, 1.0], &[0.0, -0.5], |x| loss(x, &one.expand(&[2])?));
        check(&[0.0, 1.0], &[0.5, 0.0], |x| loss(x, &zero.expand(&[2])?));
    }),
    ("`huber_loss` at ±δ", || {
        check(&[2.0, -2.0], &[2.0, -2.0], |x| Ok(x.huber_loss(&x.zeros_like(), 2.0)?.sum()));
    }),
    ("`smooth_l1_loss` at ±β", || {
        check(&[2.0, -2.0], &[1.0, -1.0], |x| Ok(x.smooth_l1_loss(&x.zeros_like(), 2.0)?.sum()));
        check(&[0.0], &[0.0], |x| Ok(x.smooth_l1_loss(&x.zeros_like(), 0.0)?.sum()));
    }),
    ("`kl_div` at t = 0, `kl_div_log_target` at t = −∞, for t", || {
        let x = Tensor::scalar(-1.0);
        check(&[0.0], &[0.0], |t| Ok(x.kl_div(t)?.sum()));
        check(&[-INF], &[0.0], |t| Ok(x.kl_div_log_target(t)?.sum()));
    }),
    ("`binary_cross_entropy_with_logits` of an infinite logit on the side of its target, for t", || {
        let x = Tensor::from_slice(&[INF, -INF], &[2]).expect("two");
        check(&[1.0, 0.0], &[0.0, 0.0], |t| Ok(x.binary_cross_entropy_with_logits(t, None)?.sum()));
    }),
    ("`multiclass_perceptron_loss` at a tie with the target", || {
        let target = Tensor::from([0]);
        check(&[1.0, 1.0, 0.0], &[-0.5, 0.5, 0.0], |x| {
            wengert::nn::multiclass_perceptron_loss(&x.reshape(&[1, 3])?, &target)
        });
    }),
];
