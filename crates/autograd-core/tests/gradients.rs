//! The gradients that a walk hands out, and values made on one thread and dropped on another.

use autograd_core::{Backward, DType, Tensor, detect_anomaly, grad, memory};

#[test]
fn gradients_of_a_plain_walk_hang_on_nothing() {
    let x = Tensor::from([1.0, 2.0]).requires_grad();
    let seed = Tensor::from([5.0, 6.0]).requires_grad();
    let y = &x + 1.0;
    let once = Backward::new().root(&y, &seed).keep().run().expect("tracked");
    let twice = Backward::new().root(&y, &seed).root(&y, &seed).run().expect("tracked");
    for (grads, expected) in [(once, [5.0, 6.0]), (twice, [10.0, 12.0])] {
        let gx = grads.get(&x).expect("a leaf");
        assert_eq!((gx.to_f64s(), gx.is_tracked()), (expected.to_vec(), false));
    }
    assert_eq!(seed.to_f64s(), [5.0, 6.0]);
}

#[test]
fn leaves_of_any_order_have_their_gradients() {
    let leaves: Vec<Tensor> = (0..300).map(|i| Tensor::from(f64::from(i)).requires_grad()).collect();
    for stride in [1, 7, 299] {
        let mut y = Tensor::from(0.0);
        for i in 0..600 {
            y = &y + &leaves[i * stride % 300].square();
        }
        let grads = y.backward().expect("tracked");
        assert_eq!(grads.len(), 300);
        for (i, leaf) in leaves.iter().enumerate() {
            assert_eq!(grads.get(leaf).map(Tensor::to_f64s), Some(vec![4.0 * i as f64]), "stride {stride}, leaf {i}");
        }
    }
}

#[test]
fn a_thread_that_drops_what_another_makes_still_caches_its_own() {
    let (send, receive) = std::sync::mpsc::sync_channel::<Tensor>(1);
    let make = move || (0..50).all(|_| send.send(Tensor::zeros(&[1 << 12], DType::F32).expect("small")).is_ok());
    let maker = std::thread::spawn(make);
    receive.into_iter().for_each(drop);
    assert!(maker.join().expect("no panic"));
    drop(Tensor::zeros(&[1 << 14], DType::F32).expect("small"));
    let cached = memory::stats().cached;
    assert!(cached >= 4 << 14, "a freed tensor is not kept: {cached} bytes cached");
}

#[test]
fn the_side_that_a_formula_does_not_select_is_no_anomaly() {
    let (a, b) = (Tensor::from([0.0, 2.0]).requires_grad(), Tensor::from([2.0, 2.0]).requires_grad());
    // The gradient by the exponent takes ln a, and does not select it where a is 0.
    let found = detect_anomaly(|| grad(&a.pow(&b)?.sum(), &[&a, &b])).expect("all derivatives are finite");
    assert!(found.iter().all(|g| g.to_f64s().iter().all(|x| x.is_finite())));
    assert!(detect_anomaly(|| grad(&a.log().sum(), &[&a])).is_err());
}
