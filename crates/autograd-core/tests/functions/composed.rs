//! Derivatives of derivatives: what the functions return has a history where something tracked takes part.

use autograd_core::{
    DType, LinearMap, Result, Tensor, custom, enable_grad, ggnvp, grad, gradcheck, hessian, hvp, jacobian, jvp,
    linearize, no_grad, seeded, value_and_grad, vhp, vjp,
};

fn draw(shape: &[usize], seed: u64) -> Tensor {
    Tensor::randn(shape, DType::F64, &mut seeded(seed)).expect("small")
}

fn near(got: &Tensor, want: &Tensor) {
    assert_eq!(got.shape(), want.shape());
    assert!(got.to_f64s().iter().zip(want.to_f64s()).all(|(a, b)| (a - b).abs() < 1e-11), "{got} {want}");
}

/// A function of x that has captured a matrix.
fn f(c: &Tensor, x: &Tensor) -> Result<Tensor> {
    c.matmul(x)?.sin().try_mul(x)
}

/// A number of x, likewise.
fn g(c: &Tensor, x: &Tensor) -> Result<Tensor> {
    Ok(f(c, x)?.exp().sum())
}

type Derivative = fn(&Tensor, &Tensor, &Tensor) -> Result<Vec<Tensor>>;

/// Every function, of something captured, an input, and a tangent or a cotangent.
const ALL: [(&str, Derivative); 9] = [
    ("value_and_grad", |c, x, _| value_and_grad(|x| g(c, &x[0]), [x]).map(|(y, [dx])| vec![y, dx])),
    ("vjp", |c, x, v| vjp(|x| f(c, &x[0]), [x], v).map(|(y, [dx])| vec![y, dx])),
    ("jvp", |c, x, v| jvp(|x| f(c, &x[0]), [x], [v]).map(|(y, dy)| vec![y, dy])),
    ("jacobian", |c, x, _| jacobian(|x| f(c, &x[0]), [x]).map(Vec::from)),
    ("hessian", |c, x, _| hessian(|x| g(c, &x[0]), [x]).map(|[h]| Vec::from(h))),
    ("hvp", |c, x, v| hvp(|x| g(c, &x[0]), [x], [v]).map(Vec::from)),
    ("vhp", |c, x, v| vhp(|x| g(c, &x[0]), [x], [v]).map(|(y, [hx])| vec![y, hx])),
    ("ggnvp", |c, x, v| {
        ggnvp(|x| f(c, &x[0]), |z| Ok(z.try_mul(&c.select(0, 0)?)?.exp().sum()), [x], [v]).map(Vec::from)
    }),
    ("linearize", |c, x, v| {
        let map: LinearMap<[&Tensor; 1]> = linearize(|x| f(c, &x[0]), [x])?;
        let [dx] = map.vjp(v)?;
        Ok(vec![map.value(), map.jvp([v])?, dx])
    }),
];

#[test]
fn results_have_the_gradients_of_all_that_takes_part() {
    let at = [draw(&[2, 2], 1), draw(&[2], 2), draw(&[2], 3)];
    for (name, derivative) in ALL {
        let number = |t: &[Tensor]| {
            let parts = derivative(&t[0], &t[1], &t[2])?;
            parts.iter().try_fold(Tensor::scalar(0.0f64), |sum, part| sum.try_add(&part.sin().sum()))
        };
        gradcheck(number, &at).unwrap_or_else(|error| panic!("{name}: {error}"));
        // Of one of them at a time.
        for one in 0..3 {
            let alone = |t: &[Tensor]| {
                let mut all = at.clone();
                all[one] = t[0].clone();
                number(&all)
            };
            gradcheck(alone, &at[one..=one]).unwrap_or_else(|error| panic!("{name}, {one}: {error}"));
        }
    }
}

#[test]
fn results_are_values_where_nothing_is_tracked_or_recorded() {
    let at = [draw(&[2, 2], 1), draw(&[2], 2), draw(&[2], 3)];
    let tracked = at.each_ref().map(|x| x.clone().requires_grad());
    for (name, derivative) in ALL {
        let plain = derivative(&at[0], &at[1], &at[2]).expect(name);
        let off = no_grad(|| derivative(&tracked[0], &tracked[1], &tracked[2])).expect(name);
        let on = derivative(&tracked[0], &tracked[1], &tracked[2]).expect(name);
        assert!(plain.iter().chain(&off).all(|x| !x.is_tracked()) && on.iter().all(Tensor::is_tracked), "{name}");
        plain.iter().zip(&off).for_each(|(x, off)| assert_eq!(x.to_f64s(), off.to_f64s(), "{name}"));
        plain.iter().zip(&on).for_each(|(x, on)| near(on, x));
    }
}

#[test]
fn one_inside_another_gives_the_next_derivative() {
    let (c, x) = (draw(&[2, 2], 1), draw(&[2], 2));
    let [[want]] = hessian(|x| g(&c, &x[0]), [&x]).expect("smooth");
    let of_gradient = |x: &[Tensor]| value_and_grad(|x| g(&c, &x[0]), [&x[0]]).map(|(_, [dx])| dx);
    near(&jacobian(of_gradient, [&x]).expect("smooth")[0], &want);
    let of_jacobian = |x: &[Tensor]| jacobian(|x| g(&c, &x[0]), [&x[0]]).map(|[j]| j);
    near(&jacobian(of_jacobian, [&x]).expect("smooth")[0], &want);
    let one = draw(&[2], 5);
    let [along] = hvp(|x| g(&c, &x[0]), [&x], [&one]).expect("smooth");
    near(&jvp(of_gradient, [&x], [&one]).expect("smooth").1, &along);
    // The same tensor as an input and captured are two.
    let t = Tensor::scalar(3.0f64).requires_grad();
    let (_, [slope]) = value_and_grad(|x| x[0].square().try_mul(&t), [&t]).expect("a number");
    assert_eq!((slope.to_f64s(), grad(&slope, [&t]).expect("2 t²")[0].to_f64s()), (vec![18.0], vec![12.0]));
}

#[test]
fn a_walk_of_results_has_gradients_of_leaves_of_the_caller_alone() {
    let (c, x, v) = (draw(&[2, 2], 1).requires_grad(), draw(&[2], 2), draw(&[2], 3));
    for (name, derivative) in ALL {
        let parts = derivative(&c, &x, &v).expect(name);
        let sum = parts.iter().filter(|part| part.is_tracked()).map(|part| part.sin().sum());
        let sum = sum.reduce(|a, b| a.try_add(&b).expect("scalars")).expect(name);
        let gradients = sum.backward().expect(name);
        assert_eq!(gradients.len(), 1, "{name}");
        assert!(gradients.get(&c).is_some(), "{name}");
    }
}

#[test]
fn a_map_made_without_recording_is_recorded_along_what_is_tracked() {
    let (x, v) = (draw(&[2], 2), draw(&[2], 3).requires_grad());
    let map: LinearMap<[&Tensor; 1]> = no_grad(|| linearize(|x| Ok(x[0].sin()), [&x])).expect("smooth");
    let along = map.jvp([&v]).expect("it fits");
    near(&grad(&along.sum(), [&v]).expect("tracked")[0], &x.cos());
    let [back] = map.vjp(&v).expect("it fits");
    near(&grad(&back.sum(), [&v]).expect("tracked")[0], &x.cos());
    assert!(!map.value().is_tracked() && !no_grad(|| map.jvp([&v])).expect("it fits").is_tracked());
    let (y, _) = vjp(|x| Ok(x[0].sin()), [&x], &v).expect("it fits");
    assert!(!y.is_tracked());
}

/// sin x, whose pull-back takes the derivative along gy by another function, through an operation that may refuse one.
#[test]
fn they_stand_in_pull_backs_and_hooks_of_walks_that_are_recorded() {
    let x = draw(&[3], 4).requires_grad();
    let sine = |x: &Tensor| {
        let pull = |gy: &Tensor, x: &[Tensor], _: &Tensor| Ok(vec![Some(gy.try_mul(&x[0].cos())?)]);
        custom("inner", &[x], |x| Ok(x[0].sin()), pull)
    };
    let pull = move |gy: &Tensor, x: &[Tensor], _: &Tensor| {
        enable_grad(|| Ok(vec![Some(jvp(|z| sine(&z[0]), [&x[0]], [gy])?.1)]))
    };
    let y = custom("outer", &[&x], |x| Ok(x[0].sin()), pull).expect("forward is fine");
    // Of what is not tracked there is nothing to miss.
    let constant = draw(&[3], 5);
    let _hook =
        y.register_hook("looks", move |_| jacobian(|z| Ok(z[0].exp()), [&constant]).map(|_| None)).expect("tracked");
    let [slope] = grad(&y.sum(), [&x]).expect("recorded");
    near(&slope, &x.cos().detach());
    near(&grad(&slope.sum(), [&x]).expect("second order")[0], &x.sin().neg().detach());
}
