//! Fourier transforms against PyTorch 2, and what they are used for.

use autograd_core::FftNorm::{Forward, Ortho};
use autograd_core::{DType, Fft, FftN, Result, Tensor, seeded};

fn pair(y: Result<(Tensor, Tensor)>) -> Result<Tensor> {
    let (re, im) = y?;
    Tensor::cat(&[&re.flatten(0, -1)?, &im.flatten(0, -1)?], 0)
}

/// `sin(1.7 i + 0.3 i² + seed)`
fn numbers(shape: &[usize], seed: f64) -> Tensor {
    let number = |i: usize| (1.7 * i as f64 + 0.3 * (i * i) as f64 + seed).sin();
    Tensor::from_vec((0..shape.iter().product()).map(number).collect(), shape).expect("as many")
}

/// Three numbers, of which every wrong element changes one.
fn digest(x: &[f64]) -> [f64; 3] {
    let turned = x.iter().enumerate().map(|(i, x)| x * (i as f64).cos()).sum();
    [x.iter().sum(), turned, x.iter().map(|x| x * x).sum()]
}

/// A call of so many tensors of one shape, and the digests of its result (real parts, then imaginary ones) and of the
/// gradients of its product with other numbers.
type Golden = (&'static str, &'static [usize], usize, fn(&[Tensor]) -> Result<Tensor>, [f64; 3], [f64; 3]);

#[rustfmt::skip]
const GOLDEN: &[Golden] = &[
    ("rfft", &[2, 5], 1, |x| pair(x[0].rfft(-1)), [-2.1546212287914464, -2.765198054129047, 23.834298035460776], [-2.3772427416987307, -0.45606162613501566, 17.93435683483795]),
    ("rfft n=4 ortho dim 0", &[3, 2], 1, |x| pair(x[0].rfft(Fft::new(0).n(4).norm(Ortho))), [0.8061540135510652, -0.9611730202183553, 2.547555865118978], [0.4511238595996803, 0.25704226397132723, 2.3978500385374537]),
    ("rfft n=3 forward", &[2, 6], 1, |x| pair(x[0].rfft(Fft::new(-1).n(3).norm(Forward))), [0.32043129749805427, -0.5191602958489692, 1.1851408672551245], [1.2712803000982522, 0.35771620239804136, 0.7278630162688494]),
    ("irfft", &[2, 4], 2, |x| x[0].irfft(&x[1], -1), [-0.8228285949687089, 1.0737401804625228, 1.7572091579849993], [0.95482827575214, -0.6031899666775111, 1.8683971134010835]),
    ("irfft n=5 ortho", &[2, 4], 2, |x| x[0].irfft(&x[1], Fft::new(-1).n(5).norm(Ortho)), [-1.8399006721806748, 3.041793770893743, 8.556847909115593], [3.8988369826899287, -0.5110899482274995, 11.217339627221353]),
    ("irfft n=7 forward dim 0", &[3, 2], 2, |x| x[0].irfft(&x[1], Fft::new(0).n(7).norm(Forward)), [6.365081987779771, -10.691108531510793, 67.53457315195583], [-7.757930326701519, -5.200729265809371, 101.31545992326531]),
    ("fft n=3", &[2, 4], 2, |x| pair(x[0].fft(&x[1], Fft::new(-1).n(3))), [0.15679631118097337, 1.1261882618218189, 15.978453991454678], [-7.37700236673337, -2.3310526874337496, 24.55018091099368]),
    ("ifft n=6 forward", &[2, 4], 2, |x| pair(x[0].ifft(&x[1], Fft::new(-1).n(6).norm(Forward))), [0.3135926223619432, 3.1238153795770494, 48.267199794302726], [-2.3997260740293243, -6.5326417821414395, 47.68299560549428]),
    ("rfftn", &[2, 3, 3], 1, |x| pair(x[0].rfftn(..)), [-10.14139867373633, 19.90265172785854, 125.90906866922833], [7.418132734351617, -12.482604321589823, 142.58723408851853]),
    ("rfftn s=(3,2) dim=(2,0) ortho", &[2, 2, 4], 1, |x| pair(x[0].rfftn(FftN::new([2, 0]).s([3, 2]).norm(Ortho))), [-2.015510203444547, -0.8050415287469943, 6.531607296517031], [-1.164606342379361, -2.2661745598451524, 5.5895057265954815]),
    ("irfftn s=(2,3)", &[2, 3, 3], 2, |x| x[0].irfftn(&x[1], FftN::new(..).s([2, 3])), [0.9460125826269102, 0.636234256049945, 1.5281167927582198], [0.5233745377302849, -1.0843564967280481, 2.30764218052147]),
    ("irfft2", &[3, 3], 2, |x| x[0].irfft2(&x[1]), [0.0, -0.28759439113338703, 0.8546632672193006], [0.46833007172635677, -0.5928496778836659, 1.031678795735579]),
    ("fftn s=(4,) forward", &[2, 3], 2, |x| pair(x[0].fftn(&x[1], FftN::new(..).s([4]).norm(Forward))), [2.424931523074264, 0.9960635562293045, 1.4913243156117124], [0.7520661802078119, -1.0562462430615553, 1.9332218935296148]),
    ("ifft2", &[2, 3], 2, |x| pair(x[0].ifft2(&x[1])), [0.8414709848078966, -0.19721587345546343, 0.9942162104078083], [-0.5759131388511052, -1.2892470518588648, 1.3638989394996486]),
];

#[test]
fn values_and_gradients_are_those_of_pytorch() {
    for (name, shape, count, call, value, gradient) in GOLDEN {
        let x: Vec<Tensor> = (0..*count).map(|seed| numbers(shape, seed as f64).requires_grad()).collect();
        let y = call(&x).unwrap_or_else(|e| panic!("{name}: {e}")).flatten(0, -1).expect("one dim");
        let w = numbers(y.shape(), 9.0);
        let grads = y.backward_with(&w).unwrap_or_else(|e| panic!("{name}: {e}"));
        let g: Vec<f64> = x.iter().flat_map(|x| grads.get(x).expect("a leaf").to_f64s()).collect();
        for (what, got, want) in [("value", digest(&y.to_f64s()), value), ("gradient", digest(&g), gradient)] {
            let near = got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-11 * (1.0 + want.abs()));
            assert!(near, "{name}: the {what} has digest {got:?}, not {want:?}");
        }
    }
}

#[test]
fn a_product_of_transforms_is_a_circular_convolution() -> Result<()> {
    for n in [1, 2, 7, 16, 101] {
        let (x, k) = (numbers(&[n], 1.0), numbers(&[n], 2.0));
        let ((a, b), (c, d)) = (x.rfft(0)?, k.rfft(0)?);
        let re = a.try_mul(&c)?.try_sub(&b.try_mul(&d)?)?;
        let im = a.try_mul(&d)?.try_add(&b.try_mul(&c)?)?;
        let y = re.irfft(&im, Fft::new(0).n(n))?.to_f64s();
        let (x, k) = (x.to_f64s(), k.to_f64s());
        for (i, y) in y.iter().enumerate() {
            let want: f64 = (0..n).map(|j| x[j] * k[(i + n - j) % n]).sum();
            assert!((y - want).abs() < 1e-12 * n as f64, "n = {n}: {y}, not {want}");
        }
    }
    Ok(())
}

#[test]
fn an_orthonormal_transform_keeps_the_sum_of_squares() -> Result<()> {
    for n in [1, 6, 35, 1 << 14] {
        let (re, im) = (numbers(&[n], 1.0), numbers(&[n], 2.0));
        let (y_re, y_im) = re.fft(&im, Fft::new(0).norm(Ortho))?;
        let square = |re: &Tensor, im: &Tensor| re.square().sum().try_add(&im.square().sum())?.to_f64();
        let (before, after) = (square(&re, &im)?, square(&y_re, &y_im)?);
        assert!((before - after).abs() < 1e-12 * before, "n = {n}: {after}, not {before}");
    }
    Ok(())
}

#[test]
fn single_precision_keeps_its_digits_in_long_transforms() -> Result<()> {
    let x = Tensor::randn(&[2, 12_000], DType::F32, &mut seeded(1))?;
    let (exact, _) = x.to_dtype(DType::F64).rfft(1)?;
    let (re, _) = x.rfft(1)?;
    let size = exact.square().mean()?.to_f64()?.sqrt();
    let off = re.to_dtype(DType::F64).try_sub(&exact)?.square().mean()?.to_f64()?.sqrt();
    assert!(off < 4e-7 * size, "{off} of {size}");
    Ok(())
}

#[test]
fn lengths_that_come_again_and_again_have_the_same_bits() -> Result<()> {
    // More lengths than are remembered.
    let all =
        || -> Result<Vec<Vec<f64>>> { (1..40).map(|n| Ok(pair(numbers(&[3, n], 1.0).rfft(1))?.to_f64s())).collect() };
    let (first, again) = (all()?, all()?);
    let elsewhere = std::thread::scope(|scope| scope.spawn(|| all().expect("floats")).join().expect("no panic"));
    assert!(first == again && first == elsewhere);
    Ok(())
}

#[test]
fn many_rows_and_columns_have_the_same_bits_on_any_number_of_threads() -> Result<()> {
    let x = Tensor::randn(&[300, 257], DType::F32, &mut seeded(2))?.requires_grad();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| -> Result<Vec<Vec<f64>>> {
            let (re, im) = x.rfftn(..)?;
            let y = re.irfftn(&im, FftN::new(..).s([300, 256]))?;
            let grads = y.square().sum().backward()?;
            Ok(vec![re.to_f64s(), im.to_f64s(), y.to_f64s(), grads.get(&x).expect("a leaf").to_f64s()])
        })
    };
    assert!(run(1)? == run(3)?);
    Ok(())
}
