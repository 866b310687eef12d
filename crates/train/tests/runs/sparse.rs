//! Penalties and proximal steps in runs: which weights become small, and which exactly 0.

use autograd_core::module::Module;
use autograd_core::{DType, Tensor, seeded};
use wengert_data::TensorDataset;
use wengert_nn::{Linear, mse_loss};
use wengert_optim::{Optimizer, Sgd};
use wengert_train::{ElasticNetPenalty, L1Penalty, L2Penalty, Penalty, Trainer};

/// y = 2 x₀ − x₁, with four more inputs that say nothing.
fn set() -> TensorDataset {
    let x = Tensor::randn(&[64, 6], DType::F64, &mut seeded(5)).expect("small");
    let scale = Tensor::from([[2.0, -1.0, 0.0, 0.0, 0.0, 0.0]]).to_dtype(DType::F64);
    let y = x.try_mul(&scale).and_then(|x| x.sum_dim(autograd_core::keep(1))).expect("fits");
    TensorDataset::new(x, y).expect("as many")
}

fn fit(
    optimizer: impl Optimizer + 'static,
    change: fn(Trainer<'static>) -> Trainer<'static>,
    capture: bool,
) -> Vec<f64> {
    let mut model = Linear::new(6, 1, &mut seeded(7)).expect("sizes");
    model.to_dtype(DType::F64).expect("floats");
    let trainer = change(Trainer::new(optimizer, mse_loss).epochs(60).batch_size(16).capture(capture));
    trainer.fit(&mut model, &set(), None, &mut seeded(7)).expect("a run");
    model.weight.to_f64s()
}

#[test]
fn a_proximal_step_makes_exact_zeros_where_a_penalty_makes_small_weights() {
    for capture in [false, true] {
        let proximal = fit(Sgd::new(0.1).proximal_l1(0.2), |trainer| trainer, capture);
        assert_eq!(proximal[2..], [0.0; 4]);
        assert!(proximal[0] > 1.5 && proximal[1] < -0.5, "{proximal:?}");
        let both = fit(Sgd::new(0.1).proximal_l1(0.2).proximal_l2(0.5), |trainer| trainer, capture);
        assert!(both[0] < proximal[0] && both[1] > proximal[1], "{both:?}");
        let term = fit(Sgd::new(0.1), |trainer| trainer.penalty(L1Penalty::new(0.2)), capture);
        assert!(term[2..].iter().all(|w| *w != 0.0 && w.abs() < 0.05), "{term:?}");
    }
}

#[test]
fn an_elastic_net_is_both_penalties() {
    let both = |trainer: Trainer<'static>| trainer.penalty(L1Penalty::new(0.125)).penalty(L2Penalty::new(0.25));
    for capture in [false, true] {
        let net = fit(Sgd::new(0.1), |trainer| trainer.penalty(ElasticNetPenalty::new(0.125, 0.25)), capture);
        for (a, b) in net.iter().zip(fit(Sgd::new(0.1), both, capture)) {
            assert!((a - b).abs() < 1e-12, "{a} instead of {b}");
        }
    }
    for (l1, l2, text) in [(-1.0, 0.0, "l1 is -1.0"), (0.0, f64::NAN, "l2 is NaN")] {
        let error = ElasticNetPenalty::new(l1, l2).check().expect_err("out of range").to_string();
        assert_eq!(error, format!("ElasticNetPenalty: {text}, it must be finite and at least 0"));
    }
    let names = ["0.weight".to_string(), "0.bias".to_string()];
    let text = ElasticNetPenalty::new(0.5, 0.25).only(|name| name.ends_with("weight")).describe(&names).to_string();
    assert_eq!(text, r#"ElasticNetPenalty { l1: 0.5, l2: 0.25, only: Some(["0.weight"]) }"#);
}
