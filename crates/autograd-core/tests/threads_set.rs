//! The number of threads, set once. A test of its own: the threads belong to the process.

use autograd_core::{DType, Tensor, num_threads, set_num_threads};

#[test]
fn the_number_of_threads_is_set_once() {
    let refused = |n| set_num_threads(n).expect_err("refused").to_string();
    assert_eq!(refused(0), "set_num_threads: n is 0, it must be from 1 to 256");
    set_num_threads(3).expect("nothing runs yet");
    assert_eq!(num_threads(), 3);
    let x = Tensor::ones(&[1 << 18], DType::F32).expect("small");
    assert_eq!(x.exp().numel(), 1 << 18);
    let text = "set_num_threads: 3 threads run already, not 2; call it before anything else that uses threads";
    assert_eq!(refused(2), text);
    set_num_threads(3).expect("it is so already");
    assert_eq!(num_threads(), 3);
}
