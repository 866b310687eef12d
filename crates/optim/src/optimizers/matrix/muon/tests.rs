//! Muon against its formula, and against what the frameworks compute.

use super::{AdjustLr, Form, Muon, PANEL, symmetric};
use crate::Optimizer;
use crate::cases::{golden, golden_of};
use autograd_core::module::Param;
use autograd_core::{DType, Tensor, seeded};

struct ByHand {
    mu: f64,
    nesterov: bool,
    abc: [f64; 3],
    steps: usize,
    adjust: AdjustLr,
    form: Form,
}

/// Without transposing: (X Xᵀ)ᵏ X = X (Xᵀ X)ᵏ.
fn by_hand(w: &mut crate::cases::Whole, g: &[f64], set: &ByHand, decay: f64) {
    let [rows, columns] = w.shape[..] else { panic!("a matrix") };
    let mut x = vec![0.0; g.len()];
    let gain = if set.form == Form::Keras { 1.0 } else { 1.0 - set.mu };
    let [of_g, of_m] = if set.form == Form::Optax { [w.t, w.t + 1.0].map(|t| 1.0 - set.mu.powf(t)) } else { [1.0; 2] };
    for i in 0..g.len() {
        w.a[i] = set.mu * w.a[i] + gain * g[i];
        x[i] = if set.nesterov { set.mu * w.a[i] / of_m + gain * g[i] / of_g } else { w.a[i] / of_g };
    }
    let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let norm = if set.form == Form::Torch { norm.max(0.01) } else { norm + 0.01 };
    x.iter_mut().for_each(|x| *x /= norm);
    for _ in 0..set.steps {
        let gram = |i: usize, j: usize| (0..columns).map(|k| x[i * columns + k] * x[j * columns + k]).sum::<f64>();
        let times_gram = |y: &[f64]| -> Vec<f64> {
            let at = |i: usize, j: usize| (0..rows).map(|k| gram(i, k) * y[k * columns + j]).sum();
            (0..y.len()).map(|e| at(e / columns, e % columns)).collect()
        };
        let cubic = times_gram(&x);
        let quintic = times_gram(&cubic);
        x = (0..x.len()).map(|i| set.abc[0] * x[i] + set.abc[1] * cubic[i] + set.abc[2] * quintic[i]).collect();
    }
    let (r, c) = (rows as f64, columns as f64);
    let factor = match set.adjust {
        AdjustLr::Original => f64::max(1.0, r / c).sqrt(),
        AdjustLr::MatchRmsAdamw => 0.2 * r.max(c).sqrt(),
        AdjustLr::SpectralUnclamped => (r / c).sqrt(),
        AdjustLr::InOut => f64::max(1.0, c / r).sqrt(),
        AdjustLr::Rms(k) => k * r.max(c).sqrt(),
        AdjustLr::Unscaled => 1.0,
    };
    for (p, x) in w.p.iter_mut().zip(&x) {
        *p = *p * (1.0 - 0.1 * decay) - 0.1 * factor * x;
    }
}

const DEFAULT: ByHand = ByHand {
    mu: 0.95,
    nesterov: true,
    abc: [3.4445, -4.775, 2.0315],
    steps: 5,
    adjust: AdjustLr::Original,
    form: Form::Torch,
};

cases![
    coupled(|| Muon::new(0.1).eps(0.01), |w, g| by_hand(w, g, &DEFAULT, 0.1)).of_matrices().keeps(&["momentum_buffer"]),
    coupled(
        || Muon::new(0.1).eps(0.01).momentum(0.5).nesterov(false).ns_steps(2).ns_coefficients(1.5, -0.5, 0.0),
        |w, g| by_hand(w, g, &ByHand { mu: 0.5, nesterov: false, abc: [1.5, -0.5, 0.0], steps: 2, ..DEFAULT }, 0.1)
    )
    .of_matrices()
    .keeps(&["momentum_buffer"]),
    coupled(
        || Muon::new(0.1).eps(0.01).adjust_lr(AdjustLr::MatchRmsAdamw).weight_decay(0.5).flatten(true),
        |w, g| by_hand(w, g, &ByHand { adjust: AdjustLr::MatchRmsAdamw, ..DEFAULT }, 0.5)
    )
    .of_matrices()
    .keeps(&["momentum_buffer"]),
    coupled(
        || Muon::new(0.1).eps(0.01).adjust_lr(AdjustLr::SpectralUnclamped),
        |w, g| by_hand(w, g, &ByHand { adjust: AdjustLr::SpectralUnclamped, ..DEFAULT }, 0.1)
    )
    .of_matrices()
    .keeps(&["momentum_buffer"]),
    coupled(
        || Muon::keras(0.1).eps(0.01).adjust_lr(AdjustLr::Rms(0.5)),
        |w, g| by_hand(w, g, &ByHand { adjust: AdjustLr::Rms(0.5), form: Form::Keras, ..DEFAULT }, 0.004)
    )
    .of_matrices()
    .keeps(&["momentum_buffer"]),
    coupled(
        || Muon::optax(0.1).eps(0.01).weight_decay(0.5),
        |w, g| by_hand(w, g, &ByHand { adjust: AdjustLr::InOut, form: Form::Optax, ..DEFAULT }, 0.5)
    )
    .of_matrices()
    .keeps(&["momentum_buffer"]),
    coupled(
        || Muon::optax(0.1).eps(0.01).momentum(0.5).nesterov(false).adjust_lr(AdjustLr::Unscaled),
        |w, g| {
            let set = ByHand { mu: 0.5, nesterov: false, adjust: AdjustLr::Unscaled, form: Form::Optax, ..DEFAULT };
            by_hand(w, g, &set, 0.0);
        }
    )
    .of_matrices()
    .keeps(&["momentum_buffer"]),
    refused(Muon::new(0.1).momentum(1.0), "Muon: momentum is 1.0, it must be in [0, 1)"),
    refused(Muon::new(0.1).ns_steps(100), "Muon: ns_steps is 100, it must be below 100"),
    refused(
        Muon::new(0.1).ns_coefficients_of_each(vec![[0.0; 3]; 100]),
        "Muon: the number of ns_coefficients_of_each is 100, it must be below 100"
    ),
    refused(
        Muon::new(0.1).ns_coefficients_of_each([[1.0, 0.0, f64::NAN]]),
        "Muon: a number of ns_coefficients_of_each is NaN, it must be finite"
    ),
    refused(
        Muon::new(0.1).adjust_lr(AdjustLr::Rms(-1.0)),
        "Muon: the k of AdjustLr::Rms is -1.0, it must be finite and at least 0"
    ),
    refused(Muon::new(0.1).ns_coefficients(1.0, f64::NAN, 0.0), "Muon: ns_coefficients[1] is NaN, it must be finite"),
];

#[test]
fn optax_has_the_same_steps_without_nesterov() {
    let muon = || Muon::new(0.1).nesterov(false).eps(0.0).weight_decay(0.5);
    golden(muon(), [-0.782023327580945, -0.18350890925153182, 0.46187981004443435, -0.9407928049812729]);
    let expected = [-0.748366105553951, -0.18369828424659426, 0.3942275914914941, -0.6614787686094052];
    golden(muon().adjust_lr(AdjustLr::MatchRmsAdamw), expected);
}

/// optax 0.2.8 in float64.
#[test]
fn optax_has_the_steps_of_its_form() {
    let expected = [-1.1071529083389167, -0.21583893928392986, 0.36467114600750716, -0.9569048633824467];
    golden(Muon::optax(0.1), expected);
    let decayed = || Muon::optax(0.1).eps(0.1).weight_decay(0.5);
    let tall = [
        -0.7736850443124959,
        -0.07628036431722122,
        0.41837343292440304,
        -0.7689511856209387,
        0.002146148628286562,
        0.7926864516860179,
    ];
    golden_of(&[3, 2], decayed(), &tall);
    let wide = [
        -0.6450391250347957,
        -0.1748317360653161,
        0.35268722834973676,
        -0.8928525330327984,
        -0.040943173822221846,
        0.8749892555959407,
    ];
    golden_of(&[2, 3], decayed(), &wide);
    let plain = [
        -0.8025201625655252,
        0.06528796909886171,
        0.695516151723259,
        -1.2439688326823901,
        -0.06530563167033393,
        1.1406580641643174,
    ];
    golden_of(&[2, 3], Muon::optax(0.1).eps(0.1).nesterov(false), &plain);
    let consistent = [
        -1.0131759627922705,
        -0.18816287035755166,
        0.5012883679480492,
        -0.8131521226637937,
        -0.031948098417674424,
        0.8371961974289065,
    ];
    golden_of(&[3, 2], Muon::optax(0.1).momentum(0.5).adjust_lr(AdjustLr::Rms(0.3)), &consistent);
    // Its preset "dion".
    let of_each = [
        [4.0848, -6.8946, 2.9270],
        [3.9505, -6.3029, 2.6377],
        [3.7418, -5.5913, 2.3037],
        [2.8769, -3.1427, 1.2046],
        [2.8366, -3.0525, 1.2012],
    ];
    let dion = [
        -1.0412832603149804,
        -0.1494995003105552,
        0.5607242614132916,
        -0.9967133041626923,
        -0.009587126087469505,
        0.9863844251856639,
    ];
    golden_of(&[3, 2], Muon::optax(0.1).ns_coefficients_of_each(of_each), &dion);
}

/// Keras 3.15.1 in float64, with ‖u‖ in float64, too, which it computes in `F32` as it does lr and √max(R, C).
#[test]
fn keras_has_the_steps_of_its_form() {
    let tall = [
        -0.9891303824962744,
        -0.2136669262864087,
        0.5086817074626246,
        -0.8620947150476791,
        -0.009105787769747273,
        0.8398294837912389,
        -0.5716971071631158,
        0.1150500519688217,
    ];
    golden_of(&[4, 2], Muon::keras(0.125), &tall);
    let wide = [
        -0.6302610989090465,
        -0.10241442164723316,
        0.4430852649409113,
        -0.6759237976592204,
        0.012527752604442614,
        0.6420109808939467,
        -0.49850799133643287,
        5.000228050550462e-05,
    ];
    let of_wide = Muon::keras(0.125).weight_decay(0.5).nesterov(false).adjust_lr(AdjustLr::Rms(0.3));
    golden_of(&[2, 4], of_wide, &wide);
    let unscaled = [
        -1.0174428544972898,
        -0.0895730138899625,
        0.5107785477553498,
        -0.9026898750328526,
        -0.07406462315274864,
        0.9491812186713291,
    ];
    golden_of(&[3, 2], Muon::keras(0.125).momentum(0.5).ns_steps(3).adjust_lr(AdjustLr::Unscaled), &unscaled);
}

#[test]
fn what_is_no_matrix_is_refused_by_name_and_nothing_changes() {
    let param = |value: Tensor| Param::new(value).expect("floats");
    let mut model = vec![param(Tensor::from([[1.0, 2.0]])), param(Tensor::from([1.0, 2.0]))];
    let grads = model.iter().map(|x| x.square().sum()).reduce(|a, b| a.try_add(&b).expect("scalars"));
    let grads = grads.expect("two").backward().expect("tracked");
    let error = Muon::new(0.1).step(&mut model, &grads).expect_err("a vector");
    let text = "Muon: it takes matrices, the parameter has shape [2]; give it to another optimizer";
    assert_eq!(error.to_string(), format!("parameter \"1\": {text}"));
    assert_eq!(model[0].to_f64s(), [1.0, 2.0]);
}

/// Of more rows than are computed at a time, by one and by many.
#[test]
fn a_symmetric_product_is_the_whole_product() -> autograd_core::Result<()> {
    for n in [2 * PANEL - 1, 2 * PANEL, 2 * PANEL + 76] {
        let x = Tensor::randn(&[n, 40], DType::F64, &mut seeded(n as u64))?;
        let (all, half) = (x.matmul(&x.t()?)?, symmetric(&x, &x.t()?)?);
        assert!((&all - &half).abs().max()?.item::<f64>()? < 1e-12, "{n}");
        assert_eq!(half.to_vec::<f64>()?, half.t()?.to_vec::<f64>()?, "{n}");
    }
    Ok(())
}
