//! Roots and fixed points: their derivatives against closed forms, finite differences and unrolled iterations.

use autograd_core::gradcheck::GradCheck;
use autograd_core::{
    Capture, DType, Implicit, Result, Tensor, checkpoint, custom_root, fixed_point, grad, no_grad, seeded,
};

fn draw(shape: &[usize], seed: u64) -> Tensor {
    Tensor::randn(shape, DType::F64, &mut seeded(seed)).expect("small")
}

fn near(got: &Tensor, want: &Tensor, by: f64) {
    let (a, b) = (got.to_f64s(), want.to_f64s());
    let off = a.iter().zip(&b).map(|(a, b)| ((a - b) / (1.0 + b.abs())).abs()).max_by(f64::total_cmp).unwrap_or(0.0);
    assert!(a.len() == b.len() && off <= by, "off by {off}: {got} and {want}");
}

/// A matrix near 4: its inverse is a series.
fn matrix(n: usize, seed: u64) -> Tensor {
    let eye = Tensor::eye(n, DType::F64).expect("small").mul_scalar(4.0);
    draw(&[n, n], seed).mul_scalar(0.5).try_add(&eye).expect("alike")
}

/// x with A x = b, by Richardson's iteration.
fn solved(t: &[Tensor]) -> Result<Tensor> {
    let mut x = t[1].zeros_like();
    for _ in 0..400 {
        x = x.try_add(&t[1].try_sub(&t[0].matmul(&x)?)?.mul_scalar(0.2))?;
    }
    Ok(x)
}

fn linear(t: &[Tensor]) -> Result<Tensor> {
    custom_root(|x, t| t[0].matmul(x)?.try_sub(&t[1]), solved, t)
}

#[test]
fn a_linear_system_has_the_gradients_of_the_inverse() {
    let (a, b) = (matrix(4, 1).requires_grad(), draw(&[4], 2).requires_grad());
    let x = linear(&[a.clone(), b.clone()]).expect("regular");
    let w = draw(&[4], 3);
    let [ga, gb] = grad(&x.try_mul(&w).expect("alike").sum(), [&a, &b]).expect("tracked");
    // gb = A⁻ᵀ w, gA = −gb xᵀ
    let want = no_grad(|| solved(&[a.t().expect("a matrix"), w.clone()])).expect("regular");
    near(&gb, &want, 1e-9);
    let outer = want.unsqueeze(1).and_then(|g| g.matmul(&x.detach().unsqueeze(0)?)).expect("they fit").neg();
    near(&ga, &outer, 1e-9);
}

#[test]
fn derivatives_of_both_orders_agree_with_finite_differences() {
    let check = |f: &dyn Fn(&[Tensor]) -> Result<Tensor>, x: &[Tensor]| {
        let x: Vec<Tensor> = x.iter().map(Tensor::detach).collect();
        GradCheck::default().check(f, &x).unwrap_or_else(|e| panic!("{e}"));
    };
    check(&linear, &[matrix(3, 4), draw(&[3], 5)]);
    // x⁵ + x = t, by Newton's iteration
    let quintic = |x: &Tensor, t: &[Tensor]| x.powf(5.0).try_add(x)?.try_sub(&t[0]);
    let newton = move |t: &[Tensor]| {
        let mut x = t[0].zeros_like();
        for _ in 0..60 {
            x = x.try_sub(&quintic(&x, t)?.try_div(&x.powf(4.0).mul_scalar(5.0).add_scalar(1.0))?)?;
        }
        Ok(x)
    };
    check(&move |t| custom_root(quintic, newton, t), &[draw(&[2, 2], 6)]);
    let layer = |x: &Tensor, t: &[Tensor]| Ok(t[0].matmul(x)?.mul_scalar(0.1).try_add(&t[1])?.tanh());
    check(
        &move |t| Implicit::new().tolerance(1e-14).fixed_point(layer, &t[1].zeros_like(), t),
        &[draw(&[3, 3], 7), draw(&[3], 8)],
    );
}

#[test]
fn third_derivatives_are_those_of_the_closed_form() {
    let t = Tensor::from_vec(vec![2.0, 5.0], &[2]).expect("as many").requires_grad();
    let x = custom_root(|x, t| x.square().try_sub(&t[0]), |t| Ok(t[0].sqrt()), [&t]).expect("regular");
    let (mut got, mut want) = (x.sum(), t.sqrt().sum());
    for order in 1..=3 {
        let ([g], [w]) = (grad(&got, [&t]).expect("tracked"), grad(&want, [&t]).expect("tracked"));
        near(&g, &w, 1e-8);
        assert!(g.is_tracked(), "order {order}");
        (got, want) = (g.sum(), w.sum());
    }
}

#[test]
fn what_is_captured_has_gradients_like_the_inputs() {
    let (w, b) = (draw(&[3, 3], 9).requires_grad(), draw(&[3], 10).requires_grad());
    let hidden = w.mul_scalar(0.1);
    let captured = hidden.clone();
    let deep = fixed_point(
        move |x, b| Ok(captured.matmul(x)?.try_add(&b[0])?.tanh()),
        &Tensor::zeros(&[3], DType::F64).expect("small"),
        [&b],
    );
    let deep = deep.expect("a contraction").square().sum();
    let mut x = Tensor::zeros(&[3], DType::F64).expect("small");
    for _ in 0..60 {
        x = hidden.matmul(&x).and_then(|y| Ok(y.try_add(&b)?.tanh())).expect("they fit");
    }
    let unrolled = x.square().sum();
    let (got, want) = (grad(&deep, [&w, &b]).expect("tracked"), grad(&unrolled, [&w, &b]).expect("tracked"));
    let plain = deep.backward_keep().expect("tracked");
    for ((g, want), leaf) in got.iter().zip(&want).zip([&w, &b]) {
        near(g, want, 1e-8);
        near(plain.get(leaf).expect("a leaf"), want, 1e-8);
    }
    let second = |g: &[Tensor; 2]| grad(&g[0].square().sum().try_add(&g[1].sum()).expect("numbers"), [&w, &b]);
    for (g, want) in second(&got).expect("tracked").iter().zip(second(&want).expect("tracked")) {
        near(g, &want, 1e-7);
    }
}

#[test]
fn it_may_stand_in_a_checkpoint_and_without_recording() {
    let t = Tensor::from_vec(vec![2.0, 5.0], &[2]).expect("as many").requires_grad();
    let root = |t: &[Tensor]| custom_root(|x, t| x.square().try_sub(&t[0]), |t| Ok(t[0].sqrt()), [&t[0].exp()]);
    let (plain, again) = (root(std::slice::from_ref(&t)).expect("regular"), checkpoint(root, [&t]).expect("regular"));
    let gradients = |y: &Tensor| {
        let [g] = grad(&y.sum(), [&t]).expect("tracked");
        grad(&g.square().sum(), [&t]).expect("tracked")[0].clone()
    };
    near(&gradients(&again), &gradients(&plain), 1e-10);
    assert!(!no_grad(|| root(std::slice::from_ref(&t))).expect("regular").is_tracked());
    assert!(!root(&[t.detach()]).expect("regular").is_tracked());
}

#[test]
fn every_solver_and_both_dtypes_agree() {
    for dtype in [DType::F64, DType::F32] {
        let a = matrix(5, 11).to_dtype(dtype);
        let a = a.matmul(&a.t().expect("a matrix")).expect("square").mul_scalar(0.25).requires_grad();
        let b = draw(&[5], 12).to_dtype(dtype).requires_grad();
        let slopes = |options: Implicit| {
            let x = options.root(|x, t| t[0].matmul(x)?.try_sub(&t[1]), solved, [&a, &b]).expect("regular");
            let [ga, gb] = grad(&x.sum(), [&a, &b]).expect("tracked");
            let [second] = grad(&ga.square().sum(), [&b]).expect("tracked");
            [ga, gb, second]
        };
        let own = |product: &dyn Fn(&Tensor) -> Result<Tensor>, b: &Tensor| {
            let mut x = b.zeros_like();
            for _ in 0..300 {
                x = x.try_add(&b.try_sub(&product(&x)?)?.mul_scalar(0.15))?;
            }
            Ok(x)
        };
        let want = slopes(Implicit::new());
        let by = if dtype == DType::F64 { 1e-8 } else { 1e-3 };
        for options in [Implicit::new().symmetric(), Implicit::default().solver(own)] {
            slopes(options).iter().zip(&want).for_each(|(got, want)| near(got, want, by));
        }
    }
}

#[test]
fn a_shift_has_its_exact_gradient() {
    let t = draw(&[65], 13).requires_grad();
    let shift = |x: &Tensor, t: &[Tensor]| x.roll(&[1], &[0])?.try_sub(&t[0]);
    let x = custom_root(shift, |t| t[0].roll(&[-1], &[0]), [&t]).expect("regular");
    let [slope] = grad(&x.narrow(0, 64, 1).expect("inside").sum(), [&t]).expect("tracked");
    assert_eq!(slope.to_f64s(), (0..65).map(|i| if i == 0 { 1.0 } else { 0.0 }).collect::<Vec<f64>>());
}

#[test]
fn digits_do_not_depend_on_the_size_of_numbers() {
    let a = matrix(5, 11);
    let a = a.matmul(&a.t().expect("a matrix")).expect("square").mul_scalar(0.25);
    let b = draw(&[5], 12).requires_grad();
    for options in [Implicit::new(), Implicit::new().symmetric()] {
        let slope = |scale: f64| {
            let x = options.clone().root(|x, t| t[0].matmul(x)?.try_sub(&t[1]), solved, [&a, &b]).expect("regular");
            let [slope] = grad(&x.sum().mul_scalar(scale), [&b]).expect("tracked");
            slope.mul_scalar(1.0 / scale)
        };
        let want = slope(1.0);
        assert!(want.to_f64s().iter().all(|g| *g != 0.0));
        [1e-200, 1e200].iter().for_each(|scale| near(&slope(*scale), &want, 1e-9));
    }
    // x = x / 2 + t is 2 t.
    let t = Tensor::from_vec(vec![1e200, -3e200], &[2]).expect("as many").requires_grad();
    let halved = |x: &Tensor, t: &[Tensor]| x.mul_scalar(0.5).try_add(&t[0]);
    let x = fixed_point(halved, &t.zeros_like(), [&t]).expect("a contraction");
    near(&x, &t.mul_scalar(2.0), 1e-9);
    near(&grad(&x.sum(), [&t]).expect("tracked")[0], &t.full_like(2.0), 1e-9);
}

#[test]
fn digits_that_single_precision_lacks_are_missed() {
    // Hilbert's matrix: its inverse has elements of millions.
    let hilbert: Vec<f32> = (0..36).map(|i| 1.0 / (i / 6 + i % 6 + 1) as f32).collect();
    let a = Tensor::from_vec(hilbert, &[6, 6]).expect("as many");
    let weights = Tensor::from([1.0, -1.0, 1.0, -1.0, 1.0, -1.0]);
    let b = weights.zeros_like().requires_grad();
    for options in [Implicit::new(), Implicit::new().symmetric()] {
        let start = |t: &[Tensor]| Ok(t[1].zeros_like());
        let x = options.root(|x, t| t[0].matmul(x)?.try_sub(&t[1]), start, [&a, &b]).expect("a root");
        match grad(&x.try_mul(&weights).expect("alike").sum(), [&b]) {
            Err(error) => assert!(error.to_string().contains("linear equations are not solved after "), "{error}"),
            Ok([u]) => {
                let wide = |x: &Tensor| x.to_dtype(DType::F64);
                near(&wide(&a).matmul(&wide(&u)).expect("they fit"), &wide(&weights), 1e-4);
            }
        }
    }
}

#[test]
fn what_has_no_derivative_is_refused() {
    let t = Tensor::from_vec(vec![2.0, 5.0], &[2]).expect("as many").requires_grad();
    let start = |t: &[Tensor]| Ok(t[0].clone());
    let text = |x: Result<Tensor>| x.expect_err("refused").to_string();
    let shape = custom_root(|x, _| Ok(x.sum()), start, [&t]);
    assert_eq!(text(shape), "custom_root: x is F64 [2], and the function gives F64 []");
    assert_eq!(
        text(custom_root(|x, _| x.dropout(0.5, &mut seeded(1)), start, [&t])),
        "custom_root: the function draws random numbers, so it has no root; draw before and pass them"
    );
    let whole = custom_root(|x, _| Ok(x.clone()), |_| Ok(Tensor::from([1, 2])), [&t]);
    assert_eq!(text(whole), "custom_root: dtype is I64, expected F32 or F64; to_dtype converts");
    let options = Implicit::new().tolerance(0.0);
    assert_eq!(
        text(options.root(|x, _| Ok(x.clone()), start, [&t])),
        "custom_root: tolerance is 0.0, it must be above 0 and finite"
    );
    let options = Implicit::new().max_iterations(0);
    assert_eq!(
        text(options.fixed_point(|x, _| Ok(x.clone()), &t, [&t])),
        "fixed_point: max_iterations is 0, it must be at least 1"
    );
    let grows = |x: &Tensor, t: &[Tensor]| x.try_mul(&t[0]);
    let grows = Implicit::new().max_iterations(3).fixed_point(grows, &t.detach(), [&t]);
    assert!(text(grows).starts_with("fixed_point: after 3 iterations x still changes by "));
    let cut = fixed_point(|x, _| x.narrow(0, 0, 1), &t, [&t]);
    assert_eq!(text(cut), "fixed_point: x is F64 [2], and the function gives F64 [1]");
    // The derivative of (x − t)² is 0 at its root, and that of what does not depend on x is, too.
    let double = custom_root(|x, t| Ok(x.try_sub(&t[0])?.square()), start, [&t]).expect("a root");
    let singular = double.sum().backward().expect_err("singular").to_string();
    assert!(singular.starts_with("custom_root: the derivative's linear equations are not solved after "), "{singular}");
    let constant = custom_root(|_, t| t[0].try_sub(&t[0]), start, [&t]).expect("a root");
    assert!(constant.sum().backward().is_err());
    // The solver looks at numbers.
    let mut step = Capture::new(|_: &(), [t]: [&Tensor; 1]| {
        let t = t.requires_grad();
        let x = custom_root(|x, t| x.square().try_sub(&t[0]), |t| Ok(t[0].sqrt()), [&t])?;
        Ok(x.sum().backward()?.get(&t).cloned().expect("it takes part"))
    });
    let refused = step.run(&(), [&t.detach()]).expect_err("refused").to_string();
    assert!(refused.starts_with("capture: ") && refused.contains("looks at numbers"), "{refused}");
}

#[test]
fn a_function_that_walks_by_itself_has_its_roots_differentiated() -> Result<()> {
    // x² = a, with a factor of 2a/2a that is computed by a walk.
    let f = |x: &Tensor, all: &[Tensor]| {
        let z = all[0].detach().requires_grad();
        let slope = z.square().sum().backward()?.take(&z).expect("used");
        x.square().try_sub(&all[0])?.try_mul(&slope)
    };
    let a = Tensor::scalar(4.0f64).requires_grad();
    let root = custom_root(f, |_| Ok(Tensor::scalar(2.0f64)), [&a])?;
    assert!((grad(&root, &[&a])?[0].to_f64s()[0] - 0.25).abs() < 1e-6);
    Ok(())
}
