//! Operations that leave their input as it is: their results are values of their own all the same.

use autograd_core::{Backward, Result, Tensor, keep, no_grad};

type Call = fn(&Tensor) -> Result<Tensor>;

/// Calls that return the elements of a tensor `[2, 1, 3]` unchanged.
fn calls() -> Vec<(&'static str, Call)> {
    vec![
        ("reshape", |x| x.reshape(&[2, 1, 3])),
        ("flatten", |x| x.flatten(1, 1)),
        ("squeeze of a size above 1", |x| x.squeeze(&[0])),
        ("permute", |x| x.permute(&[0, 1, 2])),
        ("transpose", |x| x.transpose(1, 1)),
        ("expand", |x| x.expand(&[2, -1, 3])),
        ("narrow", |x| x.narrow(0, 0, 2)),
        ("slice", |x| x.slice(0, None, None, 1)),
        ("contiguous", |x| Ok(x.contiguous())),
        ("contiguous of a view", |x| Ok(x.permute(&[2, 1, 0])?.contiguous().permute(&[2, 1, 0])?.contiguous())),
        ("to_dtype", |x| Ok(x.to_dtype(x.dtype()))),
        ("dropout of nothing", |x| x.dropout_seeded(0.0, 1)),
        ("sum_dim", |x| x.sum_dim(keep(1))),
        ("mean_dim", |x| x.mean_dim(keep(1))),
        ("amax", |x| x.amax(keep(1))),
        ("prod_dim", |x| x.prod_dim(keep(1))),
        ("logsumexp", |x| x.logsumexp(keep(1))),
        ("powf", |x| Ok(x.powf(1.0))),
        ("add_scalar", |x| Ok(x.add_scalar(0.0))),
        ("mul_scalar", |x| Ok(x.mul_scalar(1.0))),
        ("div_scalar", |x| Ok(x.div_scalar(1.0))),
        ("clamp", |x| x.clamp(f64::NEG_INFINITY, f64::INFINITY)),
        ("clamp_tensor", |x| x.clamp_tensor(None, Some(&Tensor::from(f64::INFINITY)))),
        ("cat", |x| Tensor::cat(&[x], 0)),
        ("cat with nothing", |x| Tensor::cat(&[x, &x.narrow(0, 0, 0)?], 0)),
        ("index_select", |x| x.index_select(0, &Tensor::from([0, 1]))),
        ("relu of positive numbers", |x| Ok(x.relu())),
    ]
}

#[test]
fn what_changes_nothing_still_makes_a_value() {
    for (name, call) in calls() {
        let x = Tensor::from([[[1.0, 2.0, 3.0]], [[4.0, 5.0, 6.0]]]).requires_grad();
        let y = call(&x).expect(name);
        assert_eq!((y.shape(), y.to_f64s()), (x.shape(), x.to_f64s()), "{name}");
        assert!(y.is_tracked() && y.node_id() != x.node_id(), "{name}: the result is the input");
        assert!(!no_grad(|| call(&x)).expect(name).is_tracked(), "{name}: tracked under no_grad");
        assert!(!call(&x.detach()).expect(name).is_tracked(), "{name}: tracked without a reason");
        // 2 y + x: the result has a gradient of 2, its input one of 3.
        let z = y.mul_scalar(2.0).try_add(&x).expect("of one shape").sum();
        let grads = Backward::from(&z).also(&y).run().expect(name);
        assert_eq!(grads.get(&y).map(Tensor::to_f64s), Some(vec![2.0; 6]), "{name}: gradient of the result");
        assert_eq!(grads.get(&x).map(Tensor::to_f64s), Some(vec![3.0; 6]), "{name}: gradient of the input");
    }
}

#[test]
fn so_it_is_with_what_carries_no_gradient() {
    let x = Tensor::from([1, 2]);
    for y in [x.contiguous(), x.to_dtype(x.dtype()), x.requires_grad(), x.detach()] {
        assert!(!y.is_tracked() && y.to_f64s() == [1.0, 2.0]);
    }
}
