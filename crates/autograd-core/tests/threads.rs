//! The memory of threads that end. This file has one test: others would count in the statistics it compares.

use autograd_core::{DType, Tensor, memory};
use std::cell::RefCell;
use std::sync::mpsc::{Sender, channel};

/// Drops a tensor, and makes another, when its thread ends.
struct AtTheEnd(Option<Tensor>, Sender<Tensor>);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        drop(self.0.take());
        let late = Tensor::ones(&[100], DType::F32).expect("small");
        assert_eq!(late.square().sum().to_f64s(), [100.0]);
        // The other end may be gone.
        let _ = self.1.send(late);
    }
}

thread_local! {
    static BEFORE: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
    static AFTER: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
}

#[test]
fn what_threads_leave_behind_is_counted_to_the_byte() {
    let (send, late) = channel();
    let before = memory::stats();
    assert_eq!(before.in_use, 0);
    let kept: Vec<Tensor> = (0..3000)
        .map(|i| {
            let (first, second) = (send.clone(), send.clone());
            let run = move || {
                // One of the two is dropped after the memory that the thread keeps, whatever the order.
                BEFORE.with_borrow_mut(|end| *end = Some(AtTheEnd(None, first)));
                let x = Tensor::ones(&[1 + i % 300], DType::F64).expect("small");
                BEFORE.with_borrow_mut(|end| end.as_mut().map(|end| end.0 = Some(x.exp())));
                AFTER.with_borrow_mut(|end| *end = Some(AtTheEnd(Some(x.sum()), second)));
                x
            };
            std::thread::spawn(run).join().expect("no panic")
        })
        .collect();
    drop(send);
    let late: Vec<Tensor> = late.into_iter().collect();
    assert_eq!((kept.len(), late.len()), (3000, 6000));
    let bytes = |x: &Tensor| (x.numel() * x.dtype().size()).next_multiple_of(64);
    let held: usize = kept.iter().chain(&late).map(bytes).sum();
    let stats = memory::stats();
    assert!(stats.in_use >= held && stats.in_use < held + held / 4, "{stats:?}, and {held} bytes are held");
    drop((kept, late));
    memory::trim();
    let after = memory::stats();
    assert_eq!((after.in_use, after.cached), (0, 0), "{after:?}");
}
