//! The operations of networks in single precision against the same numbers in double precision, values and gradients,
//! at sizes that are used; the errors are printed: `cargo test -p autograd-core --test numerics network --
//! --nocapture`.

use autograd_core::{
    AttentionOptions, Conv, ConvTranspose, DType, Interpolate, InterpolateMode, LpPool, Recurrence, Result, Tensor,
    grad_with, seeded,
};

type Function = fn(&[&Tensor]) -> Result<Tensor>;

/// An operation: its name, the terms of its longest plain sum (those of norms and probabilities keep more digits), the
/// shapes of its operands, what it computes.
struct Operation(&'static str, usize, &'static [&'static [usize]], Function);

const OPERATIONS: &[Operation] = &[
    Operation("linear", 1024, &[&[256, 784], &[1024, 784], &[1024]], |x| x[0].linear(x[1], Some(x[2]))),
    Operation("bmm", 256, &[&[8, 256, 64], &[8, 64, 256]], |x| x[0].bmm(x[1])),
    Operation("einsum", 512, &[&[16, 32, 64], &[64, 48]], |x| Tensor::einsum("bij,jk->bik", x)),
    Operation("conv2d 3 × 3, 64 channels", 2048, &[&[2, 64, 32, 32], &[64, 64, 3, 3], &[64]], |x| {
        x[0].conv2d(x[1], Some(x[2]), Conv::new().padding(1))
    }),
    Operation("conv2d 3 × 3, 256 channels", 2304, &[&[4, 256, 8, 8], &[256, 256, 3, 3]], |x| {
        x[0].conv2d(x[1], None, Conv::new().padding(1))
    }),
    Operation("conv2d 3 × 3, stride 2", 1152, &[&[4, 64, 16, 16], &[128, 64, 3, 3]], |x| {
        x[0].conv2d(x[1], None, Conv::new().padding(1).stride(2))
    }),
    Operation("conv2d 5 × 5", 4608, &[&[8, 6, 28, 28], &[16, 6, 5, 5]], |x| x[0].conv2d(x[1], None, Conv::new())),
    Operation("conv2d 1 × 1", 2048, &[&[2, 64, 32, 32], &[64, 64, 1, 1]], |x| x[0].conv2d(x[1], None, Conv::new())),
    Operation("conv2d depthwise", 2048, &[&[2, 64, 32, 32], &[64, 1, 3, 3]], |x| {
        x[0].conv2d(x[1], None, Conv::new().padding(1).groups(64))
    }),
    Operation("conv1d", 4096, &[&[8, 32, 512], &[64, 32, 5]], |x| x[0].conv1d(x[1], None, Conv::new().padding(2))),
    Operation("conv3d", 4096, &[&[2, 16, 8, 16, 16], &[16, 16, 3, 3, 3]], |x| {
        x[0].conv3d(x[1], None, Conv::new().padding(1))
    }),
    Operation("conv_transpose2d", 2048, &[&[4, 32, 16, 16], &[32, 16, 4, 4]], |x| {
        x[0].conv_transpose2d(x[1], None, ConvTranspose::new().stride(2).padding(1))
    }),
    Operation("lp_pool2d", 9, &[&[4, 16, 32, 32]], |x| x[0].square().add_scalar(0.1).lp_pool2d(LpPool::new(2.0, 3))),
    Operation("interpolate", 9, &[&[2, 8, 32, 32]], |x| {
        x[0].interpolate(Interpolate::size([48, 20]).mode(InterpolateMode::Bicubic).antialias(true))
    }),
    Operation("batch_norm", 9, &[&[16, 64, 32, 32], &[64], &[64]], |x| {
        Ok(x[0].batch_norm(Some(x[1]), Some(x[2]), 1e-5)?.0)
    }),
    Operation("layer_norm", 9, &[&[1024, 768], &[768], &[768]], |x| {
        x[0].layer_norm(&[768], Some(x[1]), Some(x[2]), 1e-5)
    }),
    Operation("rms_norm", 9, &[&[1024, 768], &[768]], |x| x[0].rms_norm(&[768], Some(x[1]), Some(1e-6))),
    Operation("group_norm", 9, &[&[8, 32, 32, 32], &[32], &[32]], |x| x[0].group_norm(8, Some(x[1]), Some(x[2]), 1e-5)),
    Operation("softmax", 9, &[&[256, 1000]], |x| x[0].mul_scalar(4.0).softmax(-1)),
    Operation("log_softmax", 9, &[&[256, 1000]], |x| x[0].mul_scalar(4.0).log_softmax(-1)),
    Operation("cross_entropy", 9, &[&[256, 1000]], |x| {
        x[0].cross_entropy(&Tensor::from_vec((0..256).map(|i| i * 37 % 1000).collect::<Vec<i64>>(), &[256])?)
    }),
    Operation("attention", 1024, &[&[4, 512, 64], &[4, 512, 64], &[4, 512, 64]], |x| {
        x[0].scaled_dot_product_attention(x[1], x[2], AttentionOptions::new())
    }),
    Operation("causal attention", 1024, &[&[4, 512, 64], &[4, 512, 64], &[4, 512, 64]], |x| {
        x[0].scaled_dot_product_attention(x[1], x[2], AttentionOptions::new().is_causal(true))
    }),
    Operation("rnn_tanh", 2048, &[&[64, 16, 64], &[128, 64], &[128, 128]], |x| {
        Ok(x[0].rnn_tanh(&x[1].mul_scalar(0.08), &x[2].mul_scalar(0.08), Recurrence::new())?.0)
    }),
    Operation("gru", 2048, &[&[64, 16, 64], &[384, 64], &[384, 128]], |x| {
        Ok(x[0].gru(&x[1].mul_scalar(0.08), &x[2].mul_scalar(0.08), Recurrence::new())?.0)
    }),
    Operation("lstm", 2048, &[&[64, 16, 64], &[512, 64], &[512, 128]], |x| {
        Ok(x[0].lstm(&x[1].mul_scalar(0.08), &x[2].mul_scalar(0.08), Recurrence::new())?.0)
    }),
];

/// The value, and the gradients along a fixed direction.
fn computed(function: Function, inputs: &[Tensor], dtype: DType) -> Result<Vec<Vec<f64>>> {
    let leaves: Vec<Tensor> = inputs.iter().map(|x| x.to_dtype(dtype).requires_grad()).collect();
    let leaves: Vec<&Tensor> = leaves.iter().collect();
    let y = function(&leaves)?;
    let along = Tensor::randn(y.shape(), DType::F32, &mut seeded(3))?.to_dtype(dtype);
    let gradients = grad_with(&[(&y, &along)], &leaves[..])?;
    let all = std::iter::once(&y).chain(gradients.iter().map(|g| g.as_ref().expect("it takes part")));
    Ok(all.map(Tensor::to_f64s).collect())
}

fn length(x: impl Iterator<Item = f64>) -> f64 {
    x.map(|x| x * x).sum::<f64>().sqrt()
}

#[test]
fn network_operations_lose_what_their_sums_lose_and_no_more() -> Result<()> {
    let unit = f64::from(f32::EPSILON) / 2.0;
    let mut too_far = Vec::new();
    for Operation(name, terms, shapes, function) in OPERATIONS {
        let mut rng = seeded(11);
        let inputs =
            shapes.iter().map(|shape| Tensor::randn(shape, DType::F32, &mut rng)).collect::<Result<Vec<_>>>()?;
        let (single, double) = (computed(*function, &inputs, DType::F32)?, computed(*function, &inputs, DType::F64)?);
        // The roundings of a sum go both ways: √n of them are left of n, each of a part of the sum.
        let allowed = 3.0 + 0.4 * (*terms as f64).sqrt();
        // Of many elements one lies several deviations out; and the sum of a whole row of gradients may go into one.
        let longest = shapes.iter().copied().flatten().fold(*terms, |longest, size| longest.max(*size));
        let far = 6.0 * (3.0 + 0.4 * (longest as f64).sqrt());
        let (mut errors, mut worst) = (Vec::new(), Vec::new());
        for (single, double) in single.iter().zip(&double) {
            let differences = || single.iter().zip(double).map(|(single, double)| single - double);
            let length_of_all = length(double.iter().copied());
            errors.push(length(differences()) / length_of_all / unit);
            // One element that is wrong would be lost in the length of all: each is held to its own size and the usual
            // one.
            let usual = length_of_all / (double.len() as f64).sqrt();
            let of_element =
                differences().zip(double).map(|(difference, x)| difference.abs() / (x.abs() + usual) / unit);
            worst.push(of_element.fold(0.0, f64::max));
        }
        let shown = |errors: &[f64]| errors.iter().map(|error| format!("{error:.2}")).collect::<Vec<_>>().join(", ");
        println!(
            "{name}: {} u of the length, {allowed:.0} allowed; {} u of an element, {:.0} allowed",
            shown(&errors),
            shown(&worst),
            far
        );
        let near = errors.iter().all(|error| *error <= allowed);
        if !near || !worst.iter().all(|error| *error <= far) {
            too_far.push(*name);
        }
    }
    assert!(too_far.is_empty(), "{too_far:?}");
    Ok(())
}

#[test]
fn long_sums_are_sums_of_short_ones() -> Result<()> {
    // As many as a second of audio has, and more.
    for n in [48_000, 1_000_000] {
        let x = Tensor::full(&[1, 1, n], 0.1, DType::F32)?;
        let area = Interpolate::size(1).mode(InterpolateMode::Area);
        for mean in [x.adaptive_avg_pool1d(1)?, x.interpolate(area)?] {
            assert!((mean.to_f64s()[0] - f64::from(0.1f32)).abs() < 3e-8, "{n}: {mean}");
        }
        let w = Tensor::ones(&[2, 1, 3], DType::F32)?.requires_grad();
        let y = x.expand(&[1, 2, n as isize])?.conv1d(&w, None, Conv::new().groups(2))?;
        let gradient = grad_with(&[(&y, &y.detach().ones_like())], &[&w])?.remove(0).expect("tracked").to_f64s();
        let sum = f64::from(0.1f32) * (n - 2) as f64;
        assert!(gradient.iter().all(|g| (g / sum - 1.0).abs() < 1e-5), "{n}: {gradient:?} instead of {sum}");
    }
    Ok(())
}

#[test]
fn an_element_behind_a_weight_of_zero_has_no_part() -> Result<()> {
    const SIDE: usize = 16;
    const CHANNELS: usize = 64;
    /// Which taps of the kernel from one channel to another are kept, and which places of an image are changed.
    type Mask = (&'static str, fn([usize; 2], [usize; 2]) -> bool, fn([usize; 2]) -> bool);
    let masks: [Mask; 3] = [
        ("those in front, in reading order", |_, [r, c]| 3 * r + c < 5, |[r, c]| r > 7 || r == 7 && c > 4),
        ("all but the middle column", |_, [_, c]| c != 1, |[_, c]| c % 2 == 1),
        ("the middle of the same channel", |[o, i], [r, c]| o == i && (r, c) == (1, 1), |[r, c]| (r + c) % 2 == 1),
    ];
    let mut rng = seeded(5);
    let plane = |of: &dyn Fn([usize; 2]) -> bool| {
        let places: Vec<f32> = (0..SIDE * SIDE).map(|p| f32::from(u8::from(of([p / SIDE, p % SIDE])))).collect();
        Tensor::from_vec(places, &[1, 1, SIDE, SIDE])
    };
    for (name, kept, changed) in masks {
        let mask = (0..CHANNELS * CHANNELS * 9).map(|t| {
            let (kernel, tap) = (t / 9, t % 9);
            f32::from(u8::from(kept([kernel / CHANNELS, kernel % CHANNELS], [tap / 3, tap % 3])))
        });
        let mask = Tensor::from_vec(mask.collect::<Vec<f32>>(), &[CHANNELS, CHANNELS, 3, 3])?;
        let w = Tensor::randn(mask.shape(), DType::F32, &mut rng)?.try_mul(&mask)?;
        let x = Tensor::randn(&[2, CHANNELS, SIDE, SIDE], DType::F32, &mut rng)?.requires_grad();
        let other = x.try_mul(&plane(&changed)?.mul_scalar(1e6).add_scalar(1.0))?;
        // Outputs none of whose taps, of any channels, reaches a changed place.
        let sees = |[r, c]: [usize; 2]| {
            let taps = (0..9).filter(|tap| (0..CHANNELS).any(|i| kept([0, i], [tap / 3, tap % 3])));
            taps.into_iter().any(|tap| {
                let at = [(r + tap / 3).wrapping_sub(1), (c + tap % 3).wrapping_sub(1)];
                at.iter().all(|at| *at < SIDE) && changed(at)
            })
        };
        let blind = plane(&|at| !sees(at))?;
        let [y, far] = [&x, &other].map(|x| x.conv2d(&w, None, Conv::new().padding(1)));
        let (y, far) = (y?, far?);
        let [seen, far] = [&y, &far].map(|y| y.try_mul(&blind)?.to_vec::<f32>());
        assert_eq!(seen?, far?, "{name}");
        let gradient = grad_with(&[(&y, &blind.try_mul(&y.detach().ones_like())?)], &[&x])?.remove(0).expect("tracked");
        let behind = gradient.try_mul(&plane(&changed)?)?;
        assert!(blind.sum().item::<f32>()? > 60.0 && behind.to_f64s().iter().all(|g| *g == 0.0), "{name}");
    }
    Ok(())
}
