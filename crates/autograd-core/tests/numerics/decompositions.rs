//! Decompositions where they are hard: equal eigenvalues, singular matrices, one large matrix on several threads.

use autograd_core::{
    Backward, Capture, DType, ErrorKind, Gradients, MatrixNorm, QrMode, RankOptions, Result, SvdMode, Tensor, Triangle,
    grad, jvp, seeded,
};

pub fn matrix<const N: usize>(rows: [[f64; N]; N]) -> Tensor {
    Tensor::from_slice(rows.as_flattened(), &[N, N]).expect("a small matrix")
}

pub fn close(x: &Tensor, want: &[f64], within: f64) {
    let x = x.to_f64s();
    assert_eq!(x.len(), want.len());
    assert!(x.iter().zip(want).all(|(x, want)| (x - want).abs() <= within), "{x:?} instead of {want:?}");
}

fn of<'g>(grads: &'g Gradients, x: &Tensor) -> &'g Tensor {
    grads.get(x).expect("a gradient")
}

/// An orthogonal matrix.
fn turn(n: usize, seed: u64) -> Tensor {
    let x = Tensor::randn(&[n, n], DType::F64, &mut seeded(seed)).expect("small");
    x.qr(QrMode::Reduced).expect("a matrix").0
}

#[test]
fn the_space_of_equal_eigenvalues_has_its_gradient() -> Result<()> {
    // Two eigenvalues of 1 and one of 4: the projector P on the first two depends on no choice of vectors, and
    // dP = Σ (P_a dA P_b + P_b dA P_a) / (w_a − w_b) over the pair of spaces.
    let q = turn(3, 1);
    let a = q.try_mul(&Tensor::from_slice(&[1.0, 1.0, 4.0], &[3])?)?.matmul(&q.t()?)?.requires_grad();
    let (w, v) = a.eigh(Triangle::Lower)?;
    let first = v.narrow(-1, 0, 2)?;
    let projector = first.matmul(&first.t()?)?;
    let c = Tensor::randn(&[3, 3], DType::F64, &mut seeded(2))?;
    let c = c.try_add(&c.t()?)?;
    let grads = projector.try_mul(&c)?.sum().backward_keep()?;
    let two = projector.detach();
    let one = Tensor::eye(3, DType::F64)?.try_sub(&two)?;
    let between = two.matmul(&c)?.matmul(&one)?;
    let want = between.try_add(&between.t()?)?.mul_scalar(-1.0 / 3.0);
    let got = of(&grads, &a);
    // What is antisymmetric of a gradient by a symmetric matrix has no meaning.
    close(&got.try_add(&got.t()?)?.mul_scalar(0.5), &want.to_f64s(), 1e-12);
    // A sum of functions of all eigenvalues: Σ w³ is the trace of A³.
    let grads = w.powf(3.0).sum().backward()?;
    close(of(&grads, &a), &a.detach().matmul(&a.detach())?.mul_scalar(3.0).to_f64s(), 1e-11);
    Ok(())
}

#[test]
fn equal_singular_values_have_the_gradient_of_the_polar_factor() -> Result<()> {
    // At an orthogonal A all singular values are 1; U Vᵀ is the nearest orthogonal matrix, whose derivative there is
    // half of what is antisymmetric: dA − A dAᵀ A, halved.
    let a = turn(4, 3).detach().requires_grad();
    let (u, s, vt) = a.svd(SvdMode::Reduced)?;
    let c = Tensor::randn(&[4, 4], DType::F64, &mut seeded(4))?;
    let grads = u.matmul(&vt)?.try_mul(&c)?.sum().backward()?;
    let back = a.detach().matmul(&c.t()?)?.matmul(&a.detach())?;
    close(of(&grads, &a), &c.try_sub(&back)?.mul_scalar(0.5).to_f64s(), 1e-12);
    close(&s, &[1.0; 4], 1e-12);
    Ok(())
}

#[test]
fn the_nuclear_norm_of_a_singular_matrix_has_a_subgradient() -> Result<()> {
    let a = Tensor::from_slice(&[2.0, 4.0, 1.0, 2.0], &[2, 2])?.requires_grad();
    let grads = a.matrix_norm(MatrixNorm::Nuclear, ..)?.backward()?;
    // u vᵀ of the pair that counts, and a matrix of norm 1 at most beside it.
    let got = of(&grads, &a);
    let singular = got.svdvals()?.to_f64s();
    assert!(singular.iter().all(|s| *s <= 1.0 + 1e-12), "{singular:?}");
    let along = got.try_mul(&a.detach())?.sum().to_f64s()[0];
    assert!((along - 5.0).abs() < 1e-12, "⟨g, A⟩ is the norm: {along}");
    Ok(())
}

#[test]
fn what_has_no_derivative_says_so() -> Result<()> {
    let tall = Tensor::randn(&[3, 2], DType::F64, &mut seeded(5))?.requires_grad();
    let (q, r) = tall.qr(QrMode::Complete)?;
    close(&q.detach().matmul(&r.detach())?, &tall.to_f64s(), 1e-13);
    close(&q.detach().t()?.matmul(&q.detach())?, &Tensor::eye(3, DType::F64)?.to_f64s(), 1e-13);
    let error = q.sum().backward().expect_err("Q is not determined");
    assert_eq!(error.kind(), ErrorKind::NoDerivative);
    assert_eq!(error.to_string(), "qr: has no derivative in the mode Complete with 3 rows and 2 columns");

    let singular = matrix([[1.0, 2.0], [2.0, 4.0]]).requires_grad();
    let (sign, logarithm) = singular.slogdet()?;
    assert_eq!((sign.to_f64s()[0], logarithm.to_f64s()[0]), (0.0, f64::NEG_INFINITY));
    let error = logarithm.backward().expect_err("its gradient is infinite");
    assert_eq!(error.to_string(), "slogdet: the matrix is singular");
    assert!(matrix([[0.0, 1.0], [1.0, 0.0]]).logdet()?.to_f64s()[0].is_nan());
    assert_eq!(singular.cond(MatrixNorm::Columns)?.to_f64s()[0], f64::INFINITY);
    assert!(singular.cond(MatrixNorm::Spectral)?.to_f64s()[0] > 1e15);
    Ok(())
}

#[test]
fn full_bases_are_orthogonal_and_values_are_exact() -> Result<()> {
    for (m, n) in [(5, 3), (3, 5), (1, 4), (4, 1), (60, 40), (30, 70)] {
        let a = Tensor::randn(&[2, m, n], DType::F64, &mut seeded(6))?;
        let (u, s, vt) = a.svd(SvdMode::Full)?;
        assert_eq!((u.shape(), vt.shape()), (&[2, m, m][..], &[2, n, n][..]));
        let k = m.min(n);
        let back = u.narrow(-1, 0, k)?.try_mul(&s.unsqueeze(-2)?)?.matmul(&vt.narrow(-2, 0, k)?)?;
        close(&back, &a.to_f64s(), 1e-12);
        for (q, size) in [(&u, m), (&vt, n)] {
            let product = q.matmul(&q.transpose(-1, -2)?)?;
            close(&product.select(0, 1)?, &Tensor::eye(size, DType::F64)?.to_f64s(), 1e-12);
        }
        let (q, r) = a.qr(QrMode::Complete)?;
        close(&q.matmul(&r)?, &a.to_f64s(), 1e-12);
        close(
            &a.pinv(RankOptions::new())?.matmul(&a)?.matmul(&a.pinv(RankOptions::new())?)?,
            &a.pinv(RankOptions::new())?.to_f64s(),
            1e-11,
        );
    }
    Ok(())
}

/// Every decomposition of one matrix, and its gradient.
fn everything(n: usize, dtype: DType) -> Result<Vec<Tensor>> {
    let x = Tensor::randn(&[n, n], dtype, &mut seeded(7))?;
    let positive = x.matmul(&x.t()?)?.mul_scalar(1.0 / n as f64).try_add(&Tensor::eye(n, dtype)?)?;
    let (a, b) = (positive.requires_grad(), x.requires_grad());
    let (w, v) = a.eigh(Triangle::Lower)?;
    let (u, s, vt) = a.svd(SvdMode::Reduced)?;
    let (q, r) = a.qr(QrMode::Reduced)?;
    let (_, l, upper) = b.lu()?;
    let all = [
        a.solve(&b)?,
        a.inv()?,
        a.cholesky(Triangle::Upper)?,
        w,
        v,
        u,
        s,
        vt,
        q,
        r,
        l,
        upper,
        a.slogdet()?.1,
        a.det()?,
    ];
    let mut out = Vec::new();
    for y in all {
        let grads = Backward::new().root(&y, &y.detach().ones_like()).keep().run()?;
        out.extend([&a, &b].into_iter().filter_map(|x| grads.get(x).cloned()));
        out.push(y.detach());
    }
    out.push(a.detach().matrix_exp()?);
    Ok(out)
}

#[test]
fn one_large_matrix_has_the_same_bits_on_any_number_of_threads() {
    let bits = |threads: usize, n: usize, dtype: DType| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let all = pool.install(|| everything(n, dtype)).expect("a regular matrix");
        all.iter().map(|x| x.to_f64s().into_iter().map(f64::to_bits).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    for (n, dtype) in [(150, DType::F32), (130, DType::F64), (190, DType::F64), (420, DType::F32)] {
        let one = bits(1, n, dtype);
        assert!([2, 3].into_iter().all(|threads| bits(threads, n, dtype) == one), "{n} {dtype}");
    }
}

#[test]
fn large_matrices_keep_their_digits() -> Result<()> {
    // From 41 rows on by halves, of more than 128 in several parts.
    for n in [41, 120, 200] {
        let x = Tensor::randn(&[n, n], DType::F64, &mut seeded(8))?;
        let eye = Tensor::eye(n, DType::F64)?;
        close(&x.matmul(&x.inv()?)?, &eye.to_f64s(), 1e-9);
        close(&x.matmul(&x.solve(&eye)?)?, &eye.to_f64s(), 1e-9);
        close(&x.solve_left(&eye)?.matmul(&x)?, &eye.to_f64s(), 1e-9);
        let a = x.matmul(&x.t()?)?.try_add(&eye)?;
        let l = a.cholesky(Triangle::Lower)?;
        close(&l.matmul(&l.t()?)?, &a.to_f64s(), 1e-10);
        let (w, v) = a.eigh(Triangle::Upper)?;
        close(&v.try_mul(&w)?.matmul(&v.t()?)?, &a.to_f64s(), 1e-10);
        close(&a.eigvalsh(Triangle::Lower)?, &w.to_f64s(), 1e-10);
        let (u, s, vt) = x.svd(SvdMode::Reduced)?;
        close(&u.try_mul(&s)?.matmul(&vt)?, &x.to_f64s(), 1e-10);
        let (p, lower, upper) = x.lu()?;
        close(&p.matmul(&lower)?.matmul(&upper)?, &x.to_f64s(), 1e-11);
    }
    Ok(())
}

#[test]
fn a_captured_system_refuses_a_singular_matrix() -> Result<()> {
    let mut capture = Capture::new(|_: &bool, [a, b]: [&Tensor; 2]| a.solve(b));
    let (regular, b) = (matrix([[2.0, 0.0], [0.0, 4.0]]), Tensor::from_slice(&[1.0, 2.0], &[2])?);
    for _ in 0..3 {
        close(capture.run(&true, [&regular, &b])?, &[0.5, 0.5], 0.0);
    }
    let error = capture.run(&true, [&regular.mul_scalar(0.0), &b]).map(|_| ()).expect_err("singular");
    assert_eq!(error.to_string(), "solve: the matrix is singular");
    Ok(())
}

/// A function V g(w) Vᵀ of symmetric matrices, and one U g(s) Vᵀ.
fn function_of(x: &Tensor, g: fn(&Tensor) -> Tensor) -> Result<Tensor> {
    let (w, v) = x.eigh(Triangle::Lower)?;
    v.try_mul(&g(&w).unsqueeze(-2)?)?.matmul(&v.t()?)
}

fn function_by_svd(x: &Tensor, g: fn(&Tensor) -> Tensor) -> Result<Tensor> {
    let (u, s, vt) = x.svd(SvdMode::Reduced)?;
    u.try_mul(&g(&s).unsqueeze(-2)?)?.matmul(&vt)
}

#[test]
fn what_equal_values_do_not_tell_is_refused() -> Result<()> {
    let refused = |outcome: Result<Vec<Tensor>>, what: &str| {
        let error = outcome.expect_err(what);
        assert_eq!(error.kind(), ErrorKind::NoDerivative, "{what}: {error}");
        assert!(error.to_string().contains("values are equal"), "{error}");
    };
    let eye = || Tensor::eye(2, DType::F64).expect("small").requires_grad();
    let weights = matrix([[0.0, 1.0], [1.0, 0.0]]);
    for of in [function_of, function_by_svd] {
        // The gradient of Σ weights · X² at I is twice the weights, and V and w tell nothing of the 2.
        let x = eye();
        refused(grad(&of(&x, Tensor::square)?.try_mul(&weights)?.sum(), &[&x]), "a function of equal values");
        // Where values differ it is known.
        let x = matrix([[2.0, 0.0], [0.0, 1.0]]).requires_grad();
        let ga = grad(&of(&x, Tensor::square)?.try_mul(&weights)?.sum(), &[&x])?.remove(0);
        close(&ga.try_add(&ga.t()?)?, &[0.0, 6.0, 6.0, 0.0], 1e-13);
        // So is that of A / tr A, where weights of equal values are equal and their gradients 0.
        let x = eye();
        let share: fn(&Tensor) -> Tensor = |w| w.softmax(-1).expect("a vector");
        refused(grad(&of(&x, share)?.try_mul(&weights)?.sum(), &[&x]), "a function of all values");
        // And that of log at I, where the vectors have no gradient.
        let x = eye();
        let generic = matrix([[1.0, 2.0], [2.0, 3.0]]);
        refused(grad(&of(&x, Tensor::log)?.try_mul(&generic)?.sum(), &[&x]), "a logarithm at I");
        // The trace tells all of it.
        let x = eye();
        close(&grad(&of(&x, Tensor::square)?.trace()?, &[&x])?[0], &[2.0, 0.0, 0.0, 2.0], 1e-13);
    }
    // Second derivatives of sums of functions: the slope of the first ones is needed, except of a sum itself.
    let sums: [fn(&Tensor) -> Result<Tensor>; 2] = [|x| x.eigvalsh(Triangle::Lower), |x| x.svdvals()];
    for values in sums {
        for direction in [&weights, &matrix([[1.0, 2.0], [2.0, -1.0]])] {
            let second = |g: fn(&Tensor) -> Tensor| {
                let x = eye();
                let first = grad(&g(&values(&x)?).sum(), &[&x])?.remove(0);
                grad(&first.try_mul(direction)?.sum(), &[&x])
            };
            refused(second(Tensor::square), "a second derivative");
        }
    }
    Ok(())
}

#[test]
fn what_equal_values_do_not_tell_is_refused_in_every_direction() -> Result<()> {
    let function = |x: &[Tensor]| function_of(&x[0], Tensor::square);
    let weights = matrix([[0.0, 2.0], [2.0, 0.0]]);
    let error = jvp(function, [&Tensor::eye(2, DType::F64)?], [&weights]).expect_err("a slope is not known");
    assert_eq!(error.kind(), ErrorKind::NoDerivative, "{error}");
    let apart = matrix([[2.0, 0.0], [0.0, 1.0]]);
    close(&jvp(function, [&apart], [&weights])?.1, &[0.0, 6.0, 6.0, 0.0], 1e-13);
    // The vector of the largest value alone: its second derivative divides by gaps to the equal ones.
    let x = matrix([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).requires_grad();
    let top = x.eigh(Triangle::Lower)?.1.narrow(1, 2, 1)?;
    let weights = matrix([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]);
    let first = grad(&top.t()?.matmul(&weights)?.matmul(&top)?.sum(), &[&x])?.remove(0);
    let direction = matrix([[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]);
    let second = grad(&first.try_mul(&direction)?.sum(), &[&x]);
    assert_eq!(second.expect_err("the slope of a gap").kind(), ErrorKind::NoDerivative);
    Ok(())
}

#[test]
fn what_equal_values_do_tell_is_not_refused() -> Result<()> {
    // Whitening of a matrix of rank 1: the function is constant where the values are 0.
    let x = matrix([[1.0, 2.0, 2.0], [2.0, 4.0, 4.0], [2.0, 4.0, 4.0]]);
    let whiten = |x: &Tensor| function_of(x, |w| w.clamp(1e-2, 1e9).expect("bounds").sqrt().reciprocal());
    let weights = matrix([[1.0, -0.5, 2.0], [-0.5, 3.0, 0.25], [2.0, 0.25, -1.0]]);
    let value = |x: &Tensor| whiten(x)?.try_mul(&weights)?.sum().item::<f64>();
    let leaf = x.requires_grad();
    let ga = grad(&whiten(&leaf)?.try_mul(&weights)?.sum(), &[&leaf])?.remove(0);
    for direction in [
        matrix([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
        matrix([[0.0, 1.0, 0.0], [1.0, 0.0, 0.5], [0.0, 0.5, -1.0]]),
    ] {
        let step = direction.mul_scalar(1e-5);
        let slope = (value(&x.try_add(&step)?)? - value(&x.try_sub(&step)?)?) / 2e-5;
        let got = ga.try_mul(&direction)?.sum().item::<f64>()?;
        assert!((got - slope).abs() < 1e-6 * (1.0 + slope.abs()), "{got} instead of {slope}");
    }
    // The largest value and its vector, of a matrix whose other values are 0.
    let leaf = x.requires_grad();
    let (w, v) = leaf.eigh(Triangle::Lower)?;
    let top = v.narrow(1, 2, 1)?;
    let ga = grad(&w.narrow(0, 2, 1)?.sum().try_add(&top.t()?.matmul(&weights)?.matmul(&top)?.sum())?, &[&leaf])?;
    assert!(ga[0].to_f64s().iter().all(|g| g.is_finite()));
    // All values and the first vector of a matrix whose other values are equal: its inverse, and what moves the vector.
    let spiked = matrix([[1.01, 2.0, 2.0], [2.0, 4.01, 4.0], [2.0, 4.0, 4.01]]).requires_grad();
    let (w, v) = spiked.eigh(Triangle::Lower)?;
    let top = v.narrow(1, 2, 1)?;
    let both = w.log().sum().try_add(&top.t()?.matmul(&weights)?.matmul(&top)?.sum())?;
    assert!((grad(&both, &[&spiked])?[0].trace()?.item::<f64>()? - 200.0 - 1.0 / 9.01).abs() < 1e-6);
    // The second derivative of the sum of all values is 0, whatever is equal.
    let x = Tensor::eye(2, DType::F64)?.requires_grad();
    let first = grad(&x.eigvalsh(Triangle::Lower)?.sum(), &[&x])?.remove(0);
    close(&grad(&first.try_mul(&matrix([[1.0, 2.0], [2.0, 3.0]]))?.sum(), &[&x])?[0], &[0.0; 4], 1e-13);
    Ok(())
}

#[test]
fn added_vectors_have_no_silent_gradient() -> Result<()> {
    for (shape, wide) in [([2, 1], false), ([1, 2], true)] {
        let a = Tensor::from_slice(&[3.0, 4.0], &shape)?.requires_grad();
        let (u, _, vt) = a.svd(SvdMode::Full)?;
        let added = if wide { vt.narrow(0, 1, 1)? } else { u.narrow(1, 1, 1)?.t()? };
        let error = grad(&added.t()?.matmul(&added)?.narrow(0, 0, 1)?.sum(), &[&a]).expect_err("a projector");
        assert_eq!(error.kind(), ErrorKind::NoDerivative, "{error}");
        let first = if wide { vt.narrow(0, 0, 1)? } else { u.narrow(1, 0, 1)?.t()? };
        grad(&first.t()?.matmul(&first)?.narrow(0, 0, 1)?.sum(), &[&a])?;
    }
    Ok(())
}

#[test]
fn directions_that_are_few_are_counted() -> Result<()> {
    // Equal singular values, and as many that are 0: the pseudo-inverse is a quarter of the transpose.
    let a = Tensor::eye(32, DType::F64)?.repeat(&[2, 2])?;
    assert_eq!(a.matrix_rank(RankOptions::new())?.to_f64s(), [32.0]);
    close(&a.pinv(RankOptions::new())?, &a.mul_scalar(0.25).to_f64s(), 1e-14);
    // A tall matrix whose columns are near each other has all its directions.
    let rows: Vec<f32> =
        (0..1000).flat_map(|i| [1.0, if i % 2 == 0 { 1.001 } else { 0.999 }, (i % 3) as f32]).collect();
    let a = Tensor::from_slice(&rows, &[1000, 3])?.requires_grad();
    assert_eq!(a.detach().matrix_rank(RankOptions::new())?.to_f64s(), [3.0]);
    let r = a.qr(QrMode::Reduced)?.1;
    // Σ R² = Σ A²
    let got = of(&r.square().sum().backward()?, &a).to_f64s();
    let off = got.iter().zip(&rows).map(|(g, x)| (g - 2.0 * f64::from(*x)).abs());
    assert!(off.max_by(f64::total_cmp).expect("some") < 2e-2, "{:?}", &got[..9]);
    // Eigenvalues that are followed are those that are not.
    let a = Tensor::randn(&[60, 60], DType::F32, &mut seeded(9))?.mul_scalar(64.0);
    let a = a.try_add(&a.t()?)?;
    let (alone, followed) = (a.eigvalsh(Triangle::Lower)?, a.clone().requires_grad().eigvalsh(Triangle::Lower)?);
    close(&followed, &alone.to_f64s(), 2e-3);
    Ok(())
}
