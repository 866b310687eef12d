//! Fused attention against its composed twin, over random shapes and options.

use super::options::AttentionOptions;
use super::twin::Rule;
use crate::{DType, RngExt, SeededRng, Tensor, grad_with, seeded};
use std::f64::consts::SQRT_2;

/// One call.
struct Call {
    rule: Rule,
    x: Vec<Tensor>,
    /// The mask, if it is one of truth values; one of numbers is the fourth of `x`.
    seen: Option<Tensor>,
}

fn pick<T: Copy>(rng: &mut SeededRng, of: &[T]) -> T {
    of[rng.random_range(0..of.len())]
}

fn call(rng: &mut SeededRng, lengths: &[usize]) -> Call {
    let group = pick(rng, &[1, 1, 2, 3]);
    let mut outer: Vec<usize> = (0..rng.random_range(0..3)).map(|_| rng.random_range(1..3)).collect();
    let heads = if group > 1 { Some(rng.random_range(1..3)) } else { None };
    let (l, s) = (pick(rng, lengths), pick(rng, lengths));
    let (e, v) = (pick(rng, &[1, 2, 7, 16, 33]), pick(rng, &[1, 3, 16, 20]));
    let of = |outer: &[usize], heads: Option<usize>, sizes: [usize; 2]| [outer, heads.as_slice(), &sizes].concat();
    let q = of(&outer, heads.map(|heads| heads * group), [l, e]);
    let (k, value) = (of(&outer, heads, [s, e]), of(&outer, heads, [s, v]));
    let real = |rng: &mut SeededRng, shape: &[usize]| Tensor::randn(shape, DType::F64, rng).expect("small");
    let mut x = vec![real(rng, &q), real(rng, &k), real(rng, &value)];
    // The mask has all sizes, or 1 for some of them, or leaves out the first.
    outer.extend(heads.map(|heads| heads * group));
    let mut of_mask = of(&outer, None, [l, s]);
    of_mask.iter_mut().filter(|_| rng.random_bool(0.2)).for_each(|size| *size = 1);
    let of_mask = &of_mask[rng.random_range(0..=of_mask.len() - 2)..];
    let mut seen = None;
    match rng.random_range(0..4) {
        0 => {
            let n = of_mask.iter().product();
            let truth = (0..n).map(|_| rng.random_bool(0.6)).collect::<Vec<bool>>();
            seen = Some(Tensor::from_vec(truth, of_mask).expect("small"));
        }
        1 => x.push(real(rng, of_mask)),
        _ => (),
    }
    let rule = Rule {
        group,
        causal: rng.random_bool(0.4),
        scale: pick(rng, &[1.0 / (e as f64).sqrt(), 0.3, -SQRT_2]),
        dropout: pick(rng, &[0.0, 0.0, 0.3]),
        seed: rng.random(),
    };
    Call { rule, x, seen }
}

impl Call {
    fn mask<'a>(&'a self, x: &'a [Tensor]) -> Option<&'a Tensor> {
        self.seen.as_ref().or(x.get(3))
    }

    fn fused(&self, x: &[Tensor]) -> Tensor {
        let Rule { group, causal, scale, dropout, seed } = self.rule;
        let options = AttentionOptions::new().is_causal(causal).scale(scale).dropout_p(dropout, seed);
        let options = options.enable_gqa(group > 1);
        let options = self.mask(x).cloned().into_iter().fold(options, AttentionOptions::attn_mask);
        x[0].scaled_dot_product_attention(&x[1], &x[2], options).expect("it fits")
    }

    fn composed(&self, x: &[Tensor]) -> Tensor {
        self.rule.attend([&x[0], &x[1], &x[2]], self.mask(x)).expect("it fits")
    }

    fn said(&self) -> String {
        let shapes: Vec<_> = self.x.iter().map(Tensor::shape).collect();
        format!("{shapes:?}, mask {:?}, group {}", self.seen.as_ref().map(Tensor::shape), self.rule.group)
    }
}

fn close(what: &str, call: &Call, got: &Tensor, want: &Tensor, tolerance: f64) {
    assert_eq!(got.shape(), want.shape(), "{what}: {}", call.said());
    for (got, want) in got.to_f64s().into_iter().zip(want.to_f64s()) {
        let near = want.is_finite() && (got - want).abs() <= tolerance * want.abs().max(1.0);
        assert!(near, "{what}: {got}, not {want}: {}", call.said());
    }
}

fn leaves(x: &[Tensor]) -> Vec<Tensor> {
    x.iter().map(Tensor::requires_grad).collect()
}

/// The gradients, and so many times those of what depends on all of them.
fn derivatives(y: &Tensor, x: &[Tensor], more: usize) -> Vec<Tensor> {
    (0..more).fold(gradients(y, x, true), |found, _| gradients(&mixed(&found), x, true))
}

/// The gradients of `y` for a fixed gradient, recorded or not.
fn gradients(y: &Tensor, x: &[Tensor], recorded: bool) -> Vec<Tensor> {
    let gy = Tensor::randn(y.shape(), DType::F64, &mut seeded(3)).expect("small");
    if recorded {
        let found = grad_with(&[(y, &gy)], &x.iter().collect::<Vec<_>>()).expect("tracked");
        return found.into_iter().map(|gradient| gradient.expect("it is used")).collect();
    }
    let found = y.backward_with(&gy).expect("tracked");
    x.iter().map(|x| found.get(x).expect("it is used").clone()).collect()
}

/// A number that depends on all gradients.
fn mixed(gradients: &[Tensor]) -> Tensor {
    let weighed = gradients.iter().zip(5..).map(|(gradient, seed)| {
        let weights = Tensor::randn(gradient.shape(), DType::F64, &mut seeded(seed)).expect("small");
        gradient.try_mul(&weights).expect("the same shape").sum()
    });
    weighed.reduce(|a, b| a.try_add(&b).expect("scalars")).expect("three at least")
}

#[test]
fn fused_is_composed_in_value_and_both_derivatives() {
    let mut rng = seeded(1);
    for _ in 0..60 {
        let call = call(&mut rng, &[1, 2, 3, 5, 9, 17]);
        let (fused, composed) = (leaves(&call.x), leaves(&call.x));
        let (y, twin) = (call.fused(&fused), call.composed(&composed));
        close("value", &call, &y, &twin, 1e-12);
        let first = gradients(&twin, &composed, true);
        for recorded in [false, true] {
            let got = gradients(&call.fused(&fused), &fused, recorded);
            for (got, want) in got.iter().zip(&first) {
                close("gradient", &call, got, want, 1e-11);
            }
        }
        let few = call.x[0].numel() + call.x[1].numel() < 40;
        for (what, more, tolerance) in [("second derivative", 1, 1e-9), ("third derivative", 2, 1e-7)] {
            if more == 1 || few {
                let (got, want) = (derivatives(&y, &fused, more), derivatives(&twin, &composed, more));
                for (got, want) in got.iter().zip(&want) {
                    close(what, &call, got, want, tolerance);
                }
            }
        }
    }
}

#[test]
fn several_tiles_are_one() {
    let mut rng = seeded(2);
    for _ in 0..8 {
        let call = call(&mut rng, &[127, 129, 256, 300, 515]);
        let (fused, composed) = (leaves(&call.x), leaves(&call.x));
        let (y, twin) = (call.fused(&fused), call.composed(&composed));
        close("value", &call, &y, &twin, 1e-12);
        for (got, want) in gradients(&y, &fused, false).iter().zip(gradients(&twin, &composed, true)) {
            close("gradient", &call, got, &want, 1e-10);
        }
        let half = |x: &Tensor| x.to_dtype(DType::F32);
        let single = Call { x: call.x.iter().map(half).collect(), seen: call.seen.clone(), rule: call.rule };
        close("value in F32", &call, &single.fused(&single.x), &twin, 3e-5);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let x: Vec<Tensor> =
        (0..3).map(|seed| Tensor::randn(&[3, 300, 16], DType::F32, &mut seeded(seed)).expect("small")).collect();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let x = leaves(&x);
            let options = AttentionOptions::new().dropout_p(0.2, 5).is_causal(true);
            let y = x[0].scaled_dot_product_attention(&x[1], &x[2], options).expect("it fits");
            let found = y.backward_with(&y.detach()).expect("tracked");
            let all = x.iter().map(|x| found.get(x).expect("used").to_f64s());
            all.chain([y.to_f64s()]).flatten().map(f64::to_bits).collect::<Vec<_>>()
        })
    };
    let one = run(1);
    for threads in [2, 3, 5] {
        assert!(run(threads) == one, "{threads} threads");
    }
}

#[test]
fn a_query_that_sees_nothing_gives_nothing() {
    let x: Vec<Tensor> =
        (0..3).map(|seed| Tensor::randn(&[2, 2, 3], DType::F64, &mut seeded(seed)).expect("small")).collect();
    for mask in [
        Tensor::from([[false, false], [true, true]]),
        Tensor::from([[f64::NEG_INFINITY; 2], [0.0, 1.0]]).to_dtype(DType::F64),
    ] {
        let x = leaves(&x);
        let y =
            x[0].scaled_dot_product_attention(&x[1], &x[2], AttentionOptions::new().attn_mask(mask)).expect("it fits");
        assert_eq!(y.select(1, 0).expect("two").to_f64s(), [0.0; 6]);
        for recorded in [true, false] {
            let found = gradients(&y, &x, recorded);
            assert_eq!(found[0].select(1, 0).expect("two").to_f64s(), [0.0; 6]);
            assert!(found.iter().flat_map(Tensor::to_f64s).all(f64::is_finite));
            if recorded {
                let second = gradients(&mixed(&found), &x, true);
                assert!(second.iter().flat_map(Tensor::to_f64s).all(f64::is_finite));
            }
        }
    }
}

#[test]
fn a_query_that_sees_one_key_has_a_gradient_of_zero() {
    let x: Vec<Tensor> =
        (0..3).map(|seed| Tensor::randn(&[2, 33, 17], DType::F32, &mut seeded(seed)).expect("small")).collect();
    let x = leaves(&x);
    let y = x[0].scaled_dot_product_attention(&x[1], &x[2], AttentionOptions::new().is_causal(true)).expect("it fits");
    let gy = Tensor::randn(y.shape(), DType::F32, &mut seeded(3)).expect("small");
    let found = y.backward_with(&gy).expect("tracked");
    let of_first = found.get(&x[0]).expect("used").select(1, 0).expect("there are 33");
    assert_eq!(of_first.to_f64s(), [0.0; 34]);
}
