//! What the core says to bad input: one line a mistake, with the exact text, and nothing changed afterwards.

use autograd_core::{DType, Result, Tensor, gradcheck};

fn zeros(shape: &[usize]) -> Tensor {
    Tensor::zeros(shape, DType::F32).expect("small")
}

fn says<T: std::fmt::Debug>(result: Result<T>, text: &str) {
    assert_eq!(result.expect_err("refused").to_string(), text);
}

#[test]
fn shapes() {
    let (a, b) = (zeros(&[2, 3]), zeros(&[4, 5]));
    says(a.try_add(&b), "add: shapes [2, 3] and [4, 5] do not broadcast: 2 ≠ 4 in dimension −2 (counted from the end)");
    says(a.matmul(&b), "matmul: inner dimensions differ: [2, 3] × [4, 5] (3 ≠ 4)");
    says(a.linear(&b, None), "linear: inner dimensions differ: [2, 3] × [5, 4] (3 ≠ 5)");
    says(a.linear(&zeros(&[4, 3]), Some(&zeros(&[3]))), "linear: bias has shape [3], expected [4]");
    says(a.mm(&zeros(&[1, 3, 1])), "mm: the second operand has shape [1, 3, 1], expected 2 dimensions");
    says(a.reshape(&[4, -1]), "reshape: [2, 3] has 6 elements, [4, -1] asks for another number");
    says(
        a.expand(&[4, 3]),
        "expand: the tensor has shape [2, 3], expected one that expands to [4, 3] (sizes equal, or 1)",
    );
    says(Tensor::cat(&[&a, &b], 0), "cat: a tensor has shape [4, 5], expected [2, 3] but for axis 0");
    says(Tensor::stack(&[&a, &b], 0), "stack: a tensor has shape [4, 5], expected [2, 3], that of the first");
    says(Tensor::from_vec(vec![1.0f32; 5], &[2, 3]), "from_vec: shape [2, 3] needs 6 elements, got 5");
    let limits = "is too large (at most 64 dimensions, and no more bytes than memory holds)";
    says(
        Tensor::zeros(&[1 << 40, 1 << 40], DType::F32),
        &format!("full: shape [1099511627776, 1099511627776] {limits}"),
    );
    assert!(Tensor::zeros(&[1; 65], DType::F32).is_err());
    says(a.cross_entropy(&Tensor::from([0])), "cross_entropy: target has shape [1], expected [2]");
}

#[test]
fn axes() {
    let x = zeros(&[2, 3]);
    says(x.sum_dim(&[2], false), "sum: axis 2 is out of range for shape [2, 3] (−2 to 1)");
    says(x.sum_dim(&[0, -2], false), "sum: axis 0 is named twice in [0, -2] (shape [2, 3])");
    says(x.softmax(-3), "softmax: axis -3 is out of range for shape [2, 3] (−2 to 1)");
    says(x.transpose(0, 5), "transpose: axis 5 is out of range for shape [2, 3] (−2 to 1)");
    says(
        zeros(&[2, 0]).amax(&[1], false),
        "amax: axes [1] of shape [2, 0] have no elements, and amax of nothing is undefined",
    );
    says(zeros(&[]).flatten(1, 0), "flatten: axis 1 is out of range for shape [] (a scalar has axis 0 and −1 only)");
}

#[test]
fn dtypes() {
    let (single, double, index) = (zeros(&[2]), zeros(&[2]).to_dtype(DType::F64), Tensor::from([0, 1]));
    says(single.try_mul(&double), "mul: dtypes F32 and F64 do not mix; convert one with to_dtype");
    says(single.try_mul(&index), "mul: dtypes F32 and I64 do not mix; convert one with to_dtype");
    says(single.index_select(0, &single), "index_select: dtype is F32, expected I64; to_dtype converts");
    says(single.where_(&single, &single), "where: dtype is F32, expected Bool; to_dtype converts");
    says(index.mean(), "mean: dtype is I64, expected F32 or F64; to_dtype converts");
    says(single.to_vec::<f64>(), "to_vec: dtype is F32, expected F64; to_dtype converts");
    says(gradcheck(|x| Ok(x[0].exp()), &[single]), "gradcheck: dtype is F32, expected F64; to_dtype converts");
}

#[test]
fn indices() {
    let x = zeros(&[2, 3]);
    let text = "cross_entropy: index 3 at position 1 is out of range for axis 1 of shape [2, 3]";
    says(x.cross_entropy(&Tensor::from([0, 3])), text);
    says(
        x.index_select(0, &Tensor::from([2])),
        "index_select: index 2 at position 0 is out of range for axis 0 of shape [2, 3]",
    );
    says(
        x.gather(1, &Tensor::from([[0], [9]])),
        "gather: index 9 at position 1 is out of range for axis 1 of shape [2, 3]",
    );
    says(Tensor::from([3]).one_hot(Some(3)), "one_hot: index 3 at position 0 is out of range for axis 0 of shape [3]");
    assert!(x.narrow(1, 2, 2).is_err());
}

#[test]
fn arguments() {
    let x = zeros(&[2]);
    says(x.softplus(0.0, 20.0), "softplus: beta is 0.0, it must be finite and not 0");
    says(x.clamp(f64::NAN, 1.0), "clamp: min is NaN, it must be a number or an infinity");
    says(x.slice(0, None, None, 0), "slice: step is 0, it must be at least 1");
    let must = "finite, not 0, and lead from start towards end";
    says(Tensor::arange(0.0, 1.0, -0.5, DType::F32), &format!("arange: step is -0.5, it must be {must}"));
}

#[test]
fn backward() {
    let x = Tensor::from([1.0, 2.0]).requires_grad();
    let untracked = "the F32 tensor of shape [] is not tracked: nothing it was computed from requires gradients, or recording was off";
    says(x.detach().sum().backward(), &format!("backward: {untracked}"));
    says(
        x.exp().backward(),
        "backward: the value has shape [2], so it needs a gradient of that shape: use backward_with",
    );
    says(x.exp().backward_with(&zeros(&[3])), "backward: the seed has shape [3], expected [2], that of the value");

    let loss = x.exp().sum();
    let first = loss.backward().expect("the first walk");
    let freed =
        "backward: the saved values of sum were freed by an earlier backward; the first one must be backward_keep";
    says(loss.backward(), freed);
    assert_eq!(first.get(&x).expect("a leaf").to_f64s().len(), 2);

    let kept = x.exp().sum();
    kept.backward_keep().expect("kept");
    kept.backward().expect("still there");

    let (y, other) = (x.square().sum(), Tensor::from(1.0).requires_grad());
    says(autograd_core::grad(&y, &[&other]), "grad: input 0 of shape [] takes no part in the result");
}
