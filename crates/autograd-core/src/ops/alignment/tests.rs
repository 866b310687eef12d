//! The sum over alignments against all paths one by one, and against its twin.

use super::twin::ctc;
use crate::{DType, RngExt, Tensor, grad_with, seeded};

/// The loss of a target by all that can be said in as many times as there are rows, one by one.
pub(super) fn by_paths(x: &[Vec<f64>], target: &[usize], blank: usize) -> f64 {
    let classes = x.first().map_or(1, Vec::len);
    let mut total = 0.0;
    for path in 0..classes.pow(x.len() as u32) {
        let said: Vec<usize> = (0..x.len()).map(|t| path / classes.pow(t as u32) % classes).collect();
        let mut heard = said.clone();
        heard.dedup();
        heard.retain(|symbol| *symbol != blank);
        if heard == target {
            total += said.iter().zip(x).map(|(symbol, x)| x[*symbol]).sum::<f64>().exp();
        }
    }
    -total.ln()
}

/// A batch with everything drawn at random.
struct Random {
    x: Tensor,
    targets: Tensor,
    times: Tensor,
    sizes: Tensor,
    blank: usize,
}

impl Random {
    /// With times and symbols up to these. Some numbers are −∞, some targets longer than the times, some times 0.
    fn new(seed: u64, [times, symbols]: [usize; 2]) -> Random {
        let mut rng = seeded(seed);
        let [times, symbols] = [rng.random_range(0..=times), rng.random_range(0..=symbols)];
        let [samples, classes] = [rng.random_range(1..4), rng.random_range(2..6)];
        let blank = rng.random_range(0..classes);
        let x = Tensor::randn(&[times, samples, classes], DType::F64, &mut rng).expect("small").mul_scalar(3.0);
        let never = (0..x.numel()).map(|_| rng.random_bool(0.02)).collect::<Vec<bool>>();
        let never = Tensor::from_vec(never, x.shape()).expect("as many");
        let x = x.log_softmax(2).and_then(|x| x.masked_fill(&never, f64::NEG_INFINITY)).expect("they fit");
        let mut numbers =
            |n: usize, below: usize| (0..n).map(|_| rng.random_range(0..below as i64)).collect::<Vec<_>>();
        let mut targets = numbers(samples * symbols, classes - 1);
        targets.iter_mut().for_each(|symbol| *symbol += i64::from(*symbol >= blank as i64));
        let ends = numbers(samples, times + 1).into_iter().map(|less| times as i64 - less / 2).collect::<Vec<_>>();
        let sizes = numbers(samples, symbols + 1);
        let of = |numbers, shape: &[usize]| Tensor::from_vec(numbers, shape).expect("as many");
        Random {
            x,
            targets: of(targets, &[samples, symbols]),
            times: of(ends, &[samples]),
            sizes: of(sizes, &[samples]),
            blank,
        }
    }

    fn fused(&self, x: &Tensor) -> Tensor {
        x.ctc_loss(&self.targets, &self.times, &self.sizes, self.blank).expect("it fits")
    }

    fn composed(&self, x: &Tensor) -> Tensor {
        ctc(x, &self.targets, [&self.times, &self.sizes], self.blank).expect("it fits")
    }

    /// Where a number is behind the times of its sample.
    fn behind(&self) -> Tensor {
        let time = Tensor::arange(0.0, self.x.shape()[0] as f64, 1.0, DType::I64).expect("few");
        let time = time.unsqueeze(1).and_then(|time| time.ge(&self.times)).expect("they broadcast");
        time.unsqueeze(2).expect("a dim")
    }
}

fn near(what: &str, seed: u64, got: &Tensor, want: &Tensor, tolerance: f64) {
    assert_eq!(got.shape(), want.shape(), "{what}, seed {seed}");
    let (got, want) = (got.to_f64s(), want.to_f64s());
    let near = got.iter().zip(&want).all(|(a, b)| a == b || (a - b).abs() < tolerance * b.abs().max(1.0));
    assert!(near, "{what}, seed {seed}: {got:?} instead of {want:?}");
}

/// The gradients of a plain and of a recorded walk, and that of the latter's squares.
fn derivatives(y: &Tensor, x: &Tensor) -> [Tensor; 3] {
    let gy = Tensor::randn(y.shape(), DType::F64, &mut seeded(3)).expect("small");
    let gradient =
        |y: &Tensor, gy: &Tensor| grad_with(&[(y, gy)], &[x]).expect("tracked").pop().flatten().expect("it is used");
    let first = gradient(y, &gy);
    let squares = first.square().sum();
    let second = if squares.is_tracked() { gradient(&squares, &squares.detach().ones_like()) } else { x.zeros_like() };
    // It frees what it has passed.
    let plain = y.backward_with(&gy).expect("tracked").get(x).expect("it is used").clone();
    [plain, first.detach(), second.detach()]
}

#[test]
fn fused_is_composed_in_value_and_both_derivatives() {
    for seed in 0..300 {
        let random = Random::new(seed, if seed % 3 == 0 { [40, 20] } else { [8, 4] });
        let x = random.x.requires_grad();
        let twin = random.x.requires_grad();
        let (y, composed) = (random.fused(&x), random.composed(&twin));
        near("value", seed, &y, &composed, 1e-13);
        let (got, want) = (derivatives(&y, &x), derivatives(&composed, &twin));
        for (what, got, want) in [
            ("plain gradient", &got[0], &want[1]),
            ("recorded gradient", &got[1], &want[1]),
            ("second derivative", &got[2], &want[2]),
        ] {
            near(what, seed, got, want, 1e-11);
        }
        // What is behind a sample's times is not looked at.
        let spoiled = random.x.masked_fill(&random.behind(), f64::NAN).expect("they broadcast").requires_grad();
        let again = random.fused(&spoiled);
        near("value beside NaN", seed, &again, &y, 0.0);
        for (again, got) in derivatives(&again, &spoiled).iter().zip(&got) {
            near("derivative beside NaN", seed, again, got, 0.0);
        }
    }
}

#[test]
fn the_gradient_of_a_time_sums_up_to_one() {
    for seed in 0..50 {
        let random = Random::new(seed, [60, 10]);
        let x = random.x.requires_grad();
        let y = random.fused(&x);
        let gradient = y.sum().backward().expect("tracked").get(&x).expect("it is used").sum_dim(2).expect("a dim");
        let said = y.detach().lt(&y.full_like(f64::INFINITY)).expect("of one shape").to_dtype(DType::F64);
        let spoken = random.behind().logical_not().and_then(|x| x.squeeze(&[2])).expect("a dim of one");
        let want = spoken.to_dtype(DType::F64).neg().try_mul(&said).expect("they broadcast");
        near("sum", seed, &gradient, &want, 1e-14);
    }
}

#[test]
fn long_sequences_keep_their_digits_in_f32() {
    let (times, symbols) = (3000, 60);
    let x = Tensor::randn(&[times, 1, 40], DType::F64, &mut seeded(1)).expect("small");
    let targets = Tensor::arange(0.0, symbols as f64, 1.0, DType::I64).and_then(|x| x.unsqueeze(0)).expect("few");
    let targets = targets.remainder(&Tensor::from(39)).expect("integers").add_scalar(1.0);
    let x = x.to_dtype(DType::F32).log_softmax(2).expect("has classes");
    let run = |dtype| {
        let x = x.to_dtype(dtype).requires_grad();
        let y = x.ctc_loss(&targets, &Tensor::from([times as i64]), &Tensor::from([symbols as i64]), 0);
        let y = y.expect("it fits");
        let gradient = y.sum().backward().expect("tracked").get(&x).expect("it is used").to_f64s();
        (y.to_f64s()[0], gradient)
    };
    let ((single, of_single), (double, of_double)) = (run(DType::F32), run(DType::F64));
    assert!((single / double - 1.0).abs() < 2e-7, "{single} instead of {double}");
    // Where the target is said, α is some 100 below its largest: each time adds half of a last place of that, 4e-6, to
    // the logarithm, and √3000 times that is what they come to.
    let error = of_single.iter().zip(&of_double).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(error < 2e-4, "off by {error}");
}

#[test]
fn what_is_not_a_number_is_not_passed_over() {
    let x = Tensor::zeros(&[3, 1, 2], DType::F64).and_then(|x| x.log_softmax(2)).expect("small");
    for at in 0..6 {
        let mut numbers = x.to_f64s();
        numbers[at] = f64::NAN;
        let x = Tensor::from_slice(&numbers, &[3, 1, 2]).expect("as many").requires_grad();
        let one = Tensor::from([1]);
        let y = x.ctc_loss(&Tensor::from([[1]]), &Tensor::from([3]), &one, 0).expect("it fits");
        assert!(y.to_f64s()[0].is_nan(), "{at}");
        let gradient = y.sum().backward().expect("tracked").get(&x).expect("it is used").to_f64s();
        assert!(gradient.iter().any(|x| x.is_nan()), "{at}: {gradient:?}");
    }
}

#[test]
fn nothing_flows_from_an_infinite_loss_whatever_is_made_of_it() {
    let x = Tensor::zeros(&[1, 1, 3], DType::F64).expect("small").requires_grad();
    let one = Tensor::from([1]);
    let y = x.ctc_loss(&Tensor::from([[1, 1]]), &one, &Tensor::from([2]), 0).expect("it fits");
    assert_eq!(y.to_f64s(), [f64::INFINITY]);
    let fused = y.square().sum().backward().expect("tracked");
    assert_eq!(fused.get(&x).expect("it is used").to_f64s(), [0.0; 3]);
}
