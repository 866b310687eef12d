//! The errors of the core for bad input, with their exact text. Those of operations stand in their cases.

use autograd_core::check::Check;
use autograd_core::gradcheck::GradCheck;
use autograd_core::{
    AvgPool, DType, ErrorKind, Interpolate, InterpolateMode, LpPool, MaxPool, Result, Tensor, grad, grad_with,
    gradcheck, hessian, hvp, jacobian, jvp, vjp,
};

fn zeros(shape: &[usize]) -> Tensor {
    Tensor::zeros(shape, DType::F32).expect("small")
}

fn says<T: std::fmt::Debug>(result: Result<T>, text: &str) {
    assert_eq!(result.expect_err("refused").to_string(), text);
}

#[test]
fn creation() {
    says(Tensor::from_vec(vec![1.0f32; 5], &[2, 3]), "from_vec: shape [2, 3] needs 6 elements, got 5");
    let limits = "is too large (at most 64 dimensions, and no more bytes than memory holds)";
    says(
        Tensor::zeros(&[1 << 40, 1 << 40], DType::F32),
        &format!("zeros: shape [1099511627776, 1099511627776] {limits}"),
    );
    assert!(Tensor::zeros(&[1; 65], DType::F32).is_err());
    let must = "finite, not 0, and lead from start towards end";
    says(Tensor::arange(0.0, 1.0, -0.5, DType::F32), &format!("arange: step is -0.5, it must be {must}"));
}

#[test]
fn shapes_that_operands_ask_for_together() {
    let wide = Tensor::from([[1.0f32]]).expand(&[1, 1 << 40]).expect("a view");
    let tall = wide.transpose(0, 1).expect("a view");
    let limits = "is too large (at most 64 dimensions, and no more bytes than memory holds)";
    let shape = "[1099511627776, 1099511627776]";
    says(tall.try_add(&wide), &format!("add: shape {shape} {limits}"));
    says(tall.matmul(&wide), &format!("matmul: shape {shape} {limits}"));
    says(tall.linear(&tall, None), &format!("linear: shape {shape} {limits}"));
}

#[test]
fn conversion() {
    let x = zeros(&[2]);
    says(x.to_vec::<f64>(), "to_vec: dtype is F32, expected F64; to_dtype converts");
    says(x.item::<f32>(), "item: shape is [2], expected a single element");
}

#[test]
fn gradient_checks() {
    let x = zeros(&[2]);
    says(gradcheck(|x| Ok(x[0].exp()), &[x]), "gradcheck: dtype is F32, expected F64; to_dtype converts");
}

#[test]
fn backward() {
    let x = Tensor::from([1.0, 2.0]).requires_grad();
    let untracked = "the F32 tensor of shape [] is not tracked: nothing it was computed from requires gradients, or \
                     recording was off, as in no_grad and in pull-backs (enable_grad switches it on)";
    says(x.detach().sum().backward(), &format!("backward: {untracked}"));
    says(
        x.exp().backward(),
        "backward: the value has shape [2], so it needs a gradient of that shape: use backward_with",
    );
    says(x.exp().backward_with(&zeros(&[3])), "backward: the seed has shape [3], expected [2], that of the value");

    says(grad(&x.exp(), [&x]), "grad: the value has shape [2], so it needs a gradient of that shape: use grad_with");
    says(grad(&x.detach().sum(), [&x]), &format!("grad: {untracked}"));
    says(grad_with(&[(&x.exp(), &zeros(&[3]))], [&x]), "grad_with: a seed has shape [3], expected [2]");
    says(grad_with(&[(&x.detach().sum(), &zeros(&[]))], [&x]), &format!("grad_with: {untracked}"));
    let mut gradients = x.sum().backward().expect("a number");
    let mut others = x.sum().backward().expect("a number");
    others.insert(&x, zeros(&[2, 2])).expect("tracked");
    let text = "accumulate: a gradient has shape [2, 2], expected [2], that of the other";
    says(gradients.accumulate(others), text);
    assert_eq!(gradients.get(&x).expect("kept").to_f64s(), [1.0, 1.0]);

    let loss = x.exp().sum();
    let first = loss.backward().expect("the first walk");
    let freed =
        "backward: the saved values of sum were freed by an earlier backward; the first one must be backward_keep";
    says(loss.backward(), freed);
    assert_eq!(first.get(&x).expect("a leaf").to_f64s().len(), 2);

    let kept = x.exp().sum();
    assert_eq!(kept.backward_keep().expect("kept").len(), 1);
    assert_eq!(kept.backward().expect("still there").len(), 1);

    let (y, other) = (x.square().sum(), Tensor::from(1.0).requires_grad());
    says(autograd_core::grad(&y, &[&other]), "grad: input 0 of shape [] takes no part in the result");
}

#[test]
fn derivatives_as_functions() {
    let (x, y) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]));
    let product = |v: &[Tensor]| v[0].try_mul(&v[1]);
    let both = [&x, &y];
    says(jvp(product, both, [&x]), "jvp: there are 1 tangents for 2 inputs");
    says(hvp(|v| Ok(product(v)?.sum()), both, [&x]), "hvp: there are 1 tangents for 2 inputs");
    let one = Tensor::from([1.0]);
    says(jvp(|v| Ok(v[0].detach()), [&x], [&one]), "jvp: a tangent has shape [1], expected [2]");
    says(hvp(|v| Ok(v[0].sum()), [&x], [&one]), "hvp: a tangent has shape [1], expected [2]");
    let integers = Tensor::from([1, 2]);
    let text = |op: &str| format!("{op}: dtype is I64, expected F32 or F64; to_dtype converts");
    says(jacobian(|v| Ok(v[0].exp()), &[&integers]), &text("jacobian"));
    says(jvp(|v| Ok(v[0].exp()), [&integers], [&integers]), &text("jvp"));
    says(vjp(|v| Ok(v[0].exp()), &[&integers], &x).map(|_| ()), &text("vjp"));
}

type Function = fn(&[Tensor]) -> Result<Tensor>;

/// Every derivative as a function, of `f(inputs)`, with these vectors.
type Derivative = fn(Function, &[&Tensor], &[&Tensor]) -> Result<()>;

const DERIVATIVES: [(&str, Derivative); 5] = [
    ("jvp", |f, inputs, vectors| jvp(f, inputs, vectors).map(|_| ())),
    ("hvp", |f, inputs, vectors| hvp(f, inputs, vectors).map(|_| ())),
    ("vjp", |f, inputs, vectors| vjp(f, inputs, vectors[0]).map(|_| ())),
    ("jacobian", |f, inputs, _| jacobian(f, inputs).map(|_| ())),
    ("hessian", |f, inputs, _| hessian(f, inputs).map(|_| ())),
];

#[test]
fn every_vector_must_fit_whatever_the_function_does_with_its_input() {
    let (x, y) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0]));
    let functions: [Function; 3] = [|v| Ok(v[0].square().sum()), |v| Ok(v[0].sum()), |v| Ok(v[0].detach().sum())];
    let doubles = |x: &Tensor| x.to_dtype(DType::F64);
    for f in functions {
        for (name, derivative) in &DERIVATIVES[..2] {
            let fails =
                |vectors: &[&Tensor], text: &str| says(derivative(f, &[&x, &y], vectors), &format!("{name}: {text}"));
            fails(&[&x], "there are 1 tangents for 2 inputs");
            fails(&[&x, &y, &y], "there are 3 tangents for 2 inputs");
            fails(&[], "there are 0 tangents for 2 inputs");
            fails(&[&y, &y], "a tangent has shape [1], expected [2]");
            fails(&[&x, &x], "a tangent has shape [2], expected [1]");
            fails(&[&x, &doubles(&y)], "dtypes F32 and F64 do not mix; convert one with to_dtype");
            fails(&[&Tensor::from([1, 2]), &y], "dtypes F32 and I64 do not mix; convert one with to_dtype");
            derivative(f, &[&x, &y], &[&x, &y]).expect("they fit");
        }
        let cotangent = |w: &Tensor, text: &str| says(vjp(f, [&x, &y], w), text);
        cotangent(&y, "vjp: w has shape [1], expected []");
        cotangent(&Tensor::scalar(1.0f64), "vjp: dtypes F32 and F64 do not mix; convert one with to_dtype");
        let _fits = vjp(f, [&x, &y], &Tensor::from(1.0)).expect("it fits");
    }
    let vectors: [&Tensor; 2] = [&x, &y];
    for (name, derivative) in DERIVATIVES {
        let integers: Function = |v| Ok(v[0].to_dtype(DType::I64).sum());
        let float = format!("{name}: dtype is I64, expected F32 or F64; to_dtype converts");
        says(derivative(integers, &vectors, &vectors), &float);
        if ["hvp", "hessian"].contains(&name) {
            for f in [(|v| Ok(v[0].exp())) as Function, |v| Ok(v[0].detach())] {
                let number = format!("{name}: the value has shape [2], expected a single number");
                says(derivative(f, &vectors, &vectors), &number);
            }
        }
    }
    let seed = Tensor::from([1.0, 1.0, 1.0]);
    let tracked = x.requires_grad();
    says(grad_with(&[(&tracked.exp(), &seed)], [&tracked]), "grad_with: a seed has shape [3], expected [2]");
    says(
        grad(&tracked.sum(), [&x]).map(|_| ()),
        "grad: the F32 tensor of shape [2] is not tracked: nothing it was computed from requires gradients, or recording was off, as in no_grad and in pull-backs (enable_grad switches it on)",
    );
}

#[test]
fn arrays_give_arrays_and_lists_give_lists() -> Result<()> {
    let (x, y) = (Tensor::from([1.0, 2.0]).requires_grad(), Tensor::from([3.0, 4.0]).requires_grad());
    let z = x.try_mul(&y)?.sum();
    let [dx, dy] = grad(&z, [&x, &y])?;
    assert_eq!((dx.to_f64s(), dy.to_f64s()), (y.to_f64s(), x.to_f64s()));
    let list: Vec<Tensor> = vec![x.clone(), y.clone()];
    for found in [grad(&z, &list)?, grad(&z, &list[..])?, grad(&z, list.clone())?, grad(&z, &[&x, &y])?] {
        assert_eq!([found[0].to_f64s(), found[1].to_f64s()], [dx.to_f64s(), dy.to_f64s()]);
    }
    let [[xx, xy], [yx, yy]] = hessian(|v| Ok(v[0].try_mul(&v[1])?.sum()), [&x, &y])?;
    let eye = [1.0, 0.0, 0.0, 1.0];
    assert_eq!([xx, xy, yx, yy].map(|h| h.to_f64s()), [vec![0.0; 4], eye.into(), eye.into(), vec![0.0; 4]]);
    let [hx, _] = hvp(|v| Ok(v[0].try_mul(&v[1])?.sum()), [&x, &y], [&x, &y])?;
    assert_eq!(hx.to_f64s(), y.to_f64s());
    let (_, [wx, _]) = vjp(|v| v[0].try_mul(&v[1]), [&x, &y], &x)?;
    assert_eq!(wx.to_f64s(), [3.0, 8.0]);
    let empty: [&Tensor; 0] = [];
    let [] = jacobian(|_| Ok(Tensor::from(1.0)), empty)?;
    Ok(())
}

#[test]
fn options_of_a_gradient_check() {
    let x = Tensor::from([0.3]).to_dtype(DType::F64);
    let check = |options: GradCheck| options.check(|x| Ok(x[0].exp()), std::slice::from_ref(&x));
    says(check(GradCheck::new().rtol(f64::NAN)), "gradcheck: rtol is NaN, it must be finite and at least 0");
    says(check(GradCheck::new().atol(-1.0)), "gradcheck: atol is -1.0, it must be finite and at least 0");
    assert!(check(GradCheck::new().rtol(0.0).atol(1e-6).second_order(false)).is_ok());
}

#[test]
fn writing_into_a_text_and_into_a_file_fails_with_the_one_error() {
    use std::fmt::Write as _;
    struct Refuses;
    impl std::fmt::Display for Refuses {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            Err(std::fmt::Error)
        }
    }
    let text = |value: &dyn std::fmt::Display| -> Result<String> {
        let mut text = String::new();
        writeln!(text, "{value}")?;
        Ok(text)
    };
    assert_eq!(text(&1.5).expect("a number"), "1.5\n");
    says(text(&Refuses), &std::fmt::Error.to_string());
    let file = || -> Result<()> {
        std::io::Write::write_all(&mut &mut [0u8; 1][..], b"two")?;
        Ok(())
    };
    says(file(), "failed to write whole buffer");
}

#[test]
fn sums_of_more_terms_than_memory_holds() {
    // Nothing, of 2⁴⁴ elements along a line.
    let line = zeros(&[0, 1, 1]).expand(&[-1, -1, 1 << 44]).expect("a view");
    let text = |op: &str, terms: u64| format!("{op}: sums of {terms} terms are more than memory holds");
    let area = Interpolate::size(1).mode(InterpolateMode::Area);
    says(line.interpolate(area), &text("interpolate", 1 << 44));
    says(line.adaptive_avg_pool1d(1), &text("adaptive_avg_pool1d", 1 << 44));
    says(line.adaptive_max_pool1d(1), &text("adaptive_max_pool1d", 1 << 44));
    says(line.avg_pool1d(AvgPool::new(2)), &text("avg_pool1d", 1 << 44));
    says(line.max_pool1d(MaxPool::new(2)), &text("max_pool1d", 1 << 44));
    says(line.lp_pool1d(LpPool::new(2.0, 2)), &text("lp_pool1d", 1 << 44));
    let many = zeros(&[1]).expand(&[1 << 44]).expect("a view");
    says(many.mvlgamma(2), &text("mvlgamma", 1 << 45));
    // Of a long window there is no list.
    let ones = Tensor::ones(&[1, 1, 1 << 15], DType::F32).expect("small");
    let means = ones.avg_pool1d(AvgPool::new(1 << 11).stride(1)).expect("as many sums");
    assert_eq!(means.sum().item::<f32>().expect("one"), ((1 << 15) - (1 << 11) + 1) as f32);
}

/// There is room for one number a row, and not for all that is kept of a row.
#[test]
fn rows_of_which_more_is_kept_than_there_is_memory_for() {
    let room = |rows: usize| Check("rows").room(&[rows], DType::F64).is_ok();
    let rows = (20..62).rev().map(|power| 1 << power).find(|rows| room(*rows)).expect("some memory");
    let nothing = Tensor::zeros(&[rows, 0], DType::F64).expect("no elements");
    for y in [nothing.var_dim(1, 1.0), nothing.std_dim(1, 1.0), nothing.logsumexp(1)] {
        assert_eq!(y.map(drop).expect_err("too many rows").kind(), ErrorKind::TooLarge);
    }
}
