//! Corners of normalisation: equal elements, one element, huge and tiny ones, NaN, one sample in training.

use super::*;
use crate::cases::{Outcome, ensure, near};
use crate::layer::{DynLayer, Layer};
use autograd_core::module::Module;
use autograd_core::{DType, Result, Tensor, grad, seeded};

/// A layer of normalisation, and what it is given.
struct Norm {
    name: &'static str,
    make: fn() -> Result<Box<dyn DynLayer>>,
    shape: &'static [usize],
    /// Whether a mean is taken out, so that equal elements give the biases.
    centred: bool,
    /// Up to which size it is right in `F32`.
    far: f64,
}

fn boxed(layer: impl DynLayer + 'static) -> Result<Box<dyn DynLayer>> {
    Ok(Box::new(layer))
}

const NORMS: [Norm; 11] = [
    Norm {
        name: "BatchNorm1d",
        make: || boxed(BatchNorm1d::new(3)?),
        shape: &[4, 3],
        centred: true,
        far: f64::INFINITY,
    },
    Norm {
        name: "BatchNorm1d",
        make: || boxed(BatchNorm1d::new(3)?),
        shape: &[2, 3, 5],
        centred: true,
        far: f64::INFINITY,
    },
    Norm {
        name: "BatchNorm2d of one",
        make: || boxed(BatchNorm2d::new(3)?),
        shape: &[1, 3, 2, 4],
        centred: true,
        far: f64::INFINITY,
    },
    Norm {
        name: "LayerNorm",
        make: || boxed(LayerNorm::new(&[5])?),
        shape: &[2, 3, 5],
        centred: true,
        far: f64::INFINITY,
    },
    Norm {
        name: "LayerNorm",
        make: || boxed(LayerNorm::new(&[3, 5])?),
        shape: &[2, 3, 5],
        centred: true,
        far: f64::INFINITY,
    },
    Norm {
        name: "RMSNorm",
        make: || boxed(RMSNorm::new(&[5])?),
        shape: &[2, 3, 5],
        centred: false,
        far: f64::INFINITY,
    },
    Norm {
        name: "GroupNorm",
        make: || boxed(GroupNorm::new(2, 4)?),
        shape: &[2, 4, 3],
        centred: true,
        far: f64::INFINITY,
    },
    Norm {
        name: "InstanceNorm1d",
        make: || boxed(InstanceNorm1d::new(3)?),
        shape: &[2, 3, 5],
        centred: true,
        far: f64::INFINITY,
    },
    Norm {
        name: "InstanceNorm2d, tracked",
        make: || {
            let options = InstanceNormOptions::new().track_running_stats(true).affine(true);
            boxed(InstanceNorm2d::with(3, options)?)
        },
        shape: &[1, 3, 2, 4],
        centred: true,
        far: f64::INFINITY,
    },
    Norm {
        name: "LocalResponseNorm",
        make: || boxed(LocalResponseNorm::new(3)),
        shape: &[2, 4, 3],
        centred: false,
        far: 1e9,
    },
    Norm {
        name: "LocalResponseNorm, steep",
        make: || boxed(LocalResponseNorm::new(2).alpha(1.0).beta(0.5)),
        shape: &[2, 4, 3],
        centred: false,
        far: 1e9,
    },
];

/// Outputs, the gradient of the input along random ones, and buffers afterwards.
fn run(norm: &Norm, x: &Tensor) -> Result<[Vec<f64>; 3]> {
    let mut layer = (norm.make)()?;
    layer.to_dtype(x.dtype())?;
    let x = x.requires_grad();
    let y = layer.forward(&x)?;
    let along = Tensor::randn(y.shape(), DType::F64, &mut seeded(3))?.to_dtype(x.dtype());
    let [gradient] = grad(&y.try_mul(&along)?.sum(), [&x])?;
    let parameters: Vec<String> = layer.named_parameters().into_iter().map(|(name, _)| name).collect();
    let state = layer.state_dict();
    let buffers = state.iter().filter(|(name, _)| !parameters.iter().any(|other| other == name));
    Ok([y.to_f64s(), gradient.to_f64s(), buffers.flat_map(|(_, value)| value.to_f64s()).collect()])
}

/// Checks every norm; reports all that fail.
fn all(check: fn(&Norm) -> Outcome) {
    let outcome = |norm: &Norm| Some(format!("{} of {:?}: {}", norm.name, norm.shape, check(norm).err()?));
    let failures: Vec<String> = NORMS.iter().filter_map(outcome).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// Within `tolerance` of the largest.
fn alike(what: &str, got: &[f64], want: &[f64], tolerance: f64) -> Outcome {
    let size = want.iter().fold(0.0, |size: f64, x| size.max(x.abs()));
    let scaled = |all: &[f64]| all.iter().map(|x| x / if size > 0.0 { size } else { 1.0 }).collect::<Vec<_>>();
    near(&scaled(got), &scaled(want), tolerance).map_err(|reason| format!("{what}: {reason}").into())
}

#[test]
fn equal_elements_give_the_biases_and_finite_gradients() {
    all(|norm| {
        for value in [0.0, 1.0, -3.3, 1e-30, 1e18, -1e30] {
            let x = Tensor::full(norm.shape, value, DType::F32)?;
            let [y, gradient, _] = run(norm, &x)?;
            let finite = y.iter().chain(&gradient).all(|x| x.is_finite());
            ensure(finite, || format!("{value}: {y:?}, gradient {gradient:?}"))?;
            ensure(!norm.centred || y.iter().all(|y| *y == 0.0), || format!("{value}: {y:?}"))?;
        }
        Ok(())
    });
}

#[test]
fn huge_and_tiny_elements_are_those_of_f64() {
    all(|norm| {
        let x = Tensor::randn(norm.shape, DType::F64, &mut seeded(5))?;
        for scale in [1e-30, 1e-18, 1e-3, 1.0, 1e3, 1e9, 1e18].into_iter().filter(|scale| *scale <= norm.far) {
            let x = x.mul_scalar(scale).to_dtype(DType::F32);
            let ([y, gradient, buffers], want) = (run(norm, &x)?, run(norm, &x.to_dtype(DType::F64))?);
            // The root mean square has the ε of its dtype.
            if norm.name != "RMSNorm" || scale >= 1e-2 {
                alike(&format!("{scale}: y"), &y, &want[0], 1e-5)?;
                alike(&format!("{scale}: the gradient"), &gradient, &want[1], 1e-4)?;
            }
            for (got, want) in buffers.iter().zip(&want[2]) {
                near(&[*got / want.abs().max(1.0)], &[*want / want.abs().max(1.0)], 1e-5)?;
            }
        }
        Ok(())
    });
}

#[test]
fn squares_that_overflow_leave_everything_finite() {
    all(|norm| {
        let x = Tensor::randn(norm.shape, DType::F64, &mut seeded(5))?.mul_scalar(1e30).to_dtype(DType::F32);
        let ([y, gradient, _], want) = (run(norm, &x)?, run(norm, &x.to_dtype(DType::F64))?);
        if norm.far > 1e30 {
            alike("y", &y, &want[0], 1e-5)?;
        }
        ensure(y.iter().chain(&gradient).all(|x| x.is_finite()), || format!("{y:?}, the gradient is {gradient:?}"))
    });
}

#[test]
fn a_nan_spoils_what_depends_on_it_and_nothing_else() {
    all(|norm| {
        let x = Tensor::randn(norm.shape, DType::F64, &mut seeded(5))?;
        let [clean, slopes, _] = run(norm, &x)?;
        let with = |at: usize, value: f64| {
            let mut all = x.to_f64s();
            all[at] = value;
            run(norm, &Tensor::from_slice(&all, x.shape())?)
        };
        for at in [0, x.numel() / 2, x.numel() - 1] {
            let [moved, turned, _] = with(at, 2.5)?;
            for spoilt in [f64::NAN, f64::INFINITY] {
                let [y, gradient, _] = with(at, spoilt)?;
                ensure(y[at].is_nan(), || format!("{spoilt} in place {at}: {y:?}"))?;
                let told = |got: &[f64], clean: &[f64], moved: &[f64]| {
                    let all = got.iter().zip(clean.iter().zip(moved));
                    all.clone().all(|(got, (a, b))| {
                        a == b && got == a || a != b && (got.is_nan() || spoilt.is_infinite() && *got == 0.0)
                    })
                };
                ensure(told(&y, &clean, &moved), || format!("{spoilt} in place {at}: {y:?} was {clean:?}"))?;
                let kept = gradient.iter().zip(slopes.iter().zip(&turned)).all(|(got, (a, b))| a != b || got == a);
                ensure(kept, || format!("{spoilt} in place {at}: the gradient {gradient:?} was {slopes:?}"))?;
            }
        }
        Ok(())
    });
}

#[test]
fn a_single_element_is_its_bias_or_its_sign() -> Result<()> {
    for value in [0.0, 3.0, -7.5, 1e18, -1e30] {
        let one = Tensor::full(&[2, 1], value, DType::F32)?.requires_grad();
        let rows: [(Box<dyn DynLayer>, f64); 3] = [
            (boxed(LayerNorm::new(&[1])?)?, 0.0),
            (boxed(GroupNorm::new(1, 1)?)?, 0.0),
            (boxed(RMSNorm::new(&[1])?)?, if value == 0.0 { 0.0 } else { f64::signum(value) }),
        ];
        for (layer, want) in rows {
            let y = layer.forward(&one)?;
            assert!(y.to_f64s().iter().all(|y| (y - want).abs() < 1e-6), "{} of {value}: {y:?}", layer.kind());
            let [gradient] = grad(&y.sum(), [&one])?;
            let gradient = gradient.to_f64s();
            assert!(gradient.iter().all(|g| g.is_finite()), "{} of {value}: {gradient:?}", layer.kind());
            // What is always the bias depends on nothing.
            assert!(want != 0.0 || value == 0.0 || gradient == [0.0; 2], "{} of {value}: {gradient:?}", layer.kind());
        }
    }
    Ok(())
}

#[test]
fn a_batch_of_one_image_is_normalised_as_an_instance() -> Result<()> {
    let x = Tensor::randn(&[1, 3, 4, 4], DType::F32, &mut seeded(5))?;
    let batch = BatchNorm2d::new(3)?;
    let (y, instance) = (batch.forward(&x)?, InstanceNorm2d::new(3)?.forward(&x)?);
    assert!(y.try_sub(&instance)?.abs().max()?.item::<f32>()? < 1e-6);
    let [mean, var] = batch.running_stats().expect("tracked");
    let (want_var, want_mean) = x.var_mean(&[0isize, 2, 3][..], 1.0)?;
    for (got, want) in [(mean, want_mean.mul_scalar(0.1)), (var, want_var.mul_scalar(0.1).add_scalar(0.9))] {
        assert!(got.try_sub(&want)?.abs().max()?.item::<f32>()? < 1e-6);
    }
    // One value for each channel says nothing of a variance, and leaves the statistics alone.
    let before = batch.state_dict().to_safetensors()?;
    let error = batch.forward(&Tensor::ones(&[1, 3, 1, 1], DType::F32)?).expect_err("one value").to_string();
    let text = "batch_norm: needs more than 1 value for each channel, the input has shape [1, 3, 1, 1]";
    assert_eq!((error.as_str(), batch.state_dict().to_safetensors()?), (text, before));
    Ok(())
}
