//! The requests of training to the allocator: in a steady loop no tensor buffer, a bounded number of small pieces, and
//! nothing that is not given back.
//!
//! The test's own allocator counts what watched threads ask for. Everything runs in pools of watched threads, so the
//! test harness's own threads do not disturb the counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use wengert::core::module::Module;
use wengert::core::{DType, Tensor, custom, grad, memory, seeded};
use wengert::nn::{Layer, Linear, ReLU, Sequential, Tanh, cross_entropy, mse_loss, sequential};
use wengert::optim::{Optimizer, Sgd};

/// A request of this many bytes is large: a page, and the smallest buffer that is worth keeping.
const LARGE: usize = 4096;

struct Counting;

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}
static LIVE: AtomicIsize = AtomicIsize::new(0);
static SMALL_REQUESTS: AtomicUsize = AtomicUsize::new(0);
static LARGE_REQUESTS: AtomicUsize = AtomicUsize::new(0);
static LARGE_SIZES: [AtomicUsize; 4096] = [const { AtomicUsize::new(0) }; 4096];

fn count(requested: usize, freed: usize) {
    // A thread that is ending is watched no more.
    if !WATCHED.try_with(Cell::get).unwrap_or(false) {
        return;
    }
    LIVE.fetch_add(requested as isize - freed as isize, Relaxed);
    if requested >= LARGE {
        let at = LARGE_REQUESTS.fetch_add(1, Relaxed);
        LARGE_SIZES[at % LARGE_SIZES.len()].store(requested, Relaxed);
    } else if requested > 0 {
        SMALL_REQUESTS.fetch_add(1, Relaxed);
    }
}

// SAFETY: every request goes to the system's allocator unchanged; counting neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promises about `layout` are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: `block` came from `System` with this layout.
        unsafe { System.dealloc(block, layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: `block` came from `System` with this layout, and the caller promises that `size` is valid.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs `f` on a pool of watched threads, one test at a time. The threads have ended when it returns, and what they had
/// cached is freed.
fn watched<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut running = Vec::new();
    let spawn = |thread: rayon::ThreadBuilder| {
        running.push(std::thread::Builder::new().spawn(|| {
            WATCHED.set(true);
            thread.run();
        })?);
        Ok(())
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).spawn_handler(spawn).build().expect("a pool");
    let result = pool.install(f);
    drop(pool);
    running.into_iter().for_each(|thread| thread.join().expect("no panic"));
    result
}

/// Sizes of the large requests that `f` makes, in order of size.
fn large_requests(mut f: impl FnMut()) -> Vec<usize> {
    LARGE_REQUESTS.store(0, Relaxed);
    f();
    let count = LARGE_REQUESTS.load(Relaxed);
    assert!(count <= LARGE_SIZES.len(), "more large requests than there is room to note");
    let mut sizes: Vec<usize> = LARGE_SIZES[..count].iter().map(|size| size.load(Relaxed)).collect();
    sizes.sort_unstable();
    sizes
}

/// The number of small requests that `f` makes.
fn small_requests(f: impl FnOnce()) -> usize {
    let before = SMALL_REQUESTS.load(Relaxed);
    f();
    SMALL_REQUESTS.load(Relaxed) - before
}

/// A model, its data and its loss: a training step to repeat.
struct Training {
    model: Sequential,
    sgd: Sgd,
    x: Tensor,
    y: Tensor,
    loss: fn(&Tensor, &Tensor) -> wengert::nn::Result<Tensor>,
}

impl Training {
    fn step(&mut self) {
        let output = self.model.forward(&self.x).expect("shapes fit");
        let loss = (self.loss)(&output, &self.y).expect("shapes fit");
        let gradients = loss.backward().expect("tracked");
        self.sgd.step(&mut self.model, &gradients).expect("gradients fit");
    }

    fn new(
        model: Sequential,
        x: &[usize],
        y: Tensor,
        loss: fn(&Tensor, &Tensor) -> wengert::nn::Result<Tensor>,
    ) -> Training {
        let x = Tensor::randn(x, DType::F32, &mut seeded(1)).expect("fits");
        Training { model, sgd: Sgd::new(0.01), x, y, loss }
    }

    /// 784-256-10, batch 256, cross-entropy.
    fn fashion() -> Training {
        let classes: Vec<i64> = (0..256).map(|i| i % 10).collect();
        let model = sequential![linear(784, 256), ReLU, linear(256, 10)];
        Training::new(model, &[256, 784], Tensor::from_vec(classes, &[256]).expect("fits"), cross_entropy)
    }

    /// 2-16-16-1 with tanh, batch 32, mean squared error.
    fn tiny() -> Training {
        let model = sequential![linear(2, 16), Tanh, linear(16, 16), Tanh, linear(16, 1)];
        Training::new(model, &[32, 2], Tensor::ones(&[32, 1], DType::F32).expect("small"), mse_loss)
    }

    /// 2-2-1 with ReLU, one sample, ½ (y − t)².
    fn tiniest() -> Training {
        let model = sequential![linear(2, 2), ReLU, linear(2, 1)];
        let loss = |y: &Tensor, t: &Tensor| Ok(y.try_sub(t)?.square().mul_scalar(0.5).sum());
        Training::new(model, &[1, 2], Tensor::ones(&[1, 1], DType::F32).expect("small"), loss)
    }
}

fn linear(inputs: usize, outputs: usize) -> Linear {
    Linear::new(inputs, outputs, &mut seeded(7)).expect("sizes above 0")
}

#[test]
fn a_steady_step_asks_for_no_tensor_buffer() {
    type Make = fn() -> Training;
    let all: [(&str, Make); 3] =
        [("784-256-10", Training::fashion), ("2-16-16-1", Training::tiny), ("2-2-1", Training::tiniest)];
    for threads in [1, 2] {
        watched(threads, || {
            for (name, make) in all {
                // Which threads have a part in a step is up to the system: each must have what it needs for all parts.
                rayon::broadcast(|_| {
                    let mut own = make();
                    (0..3).for_each(|_| own.step());
                });
                let mut training = make();
                (0..10).for_each(|_| training.step());
                let buffers = memory::stats().requests;
                let asked = large_requests(|| (0..10).for_each(|_| training.step()));
                assert_eq!(memory::stats().requests, buffers, "{name}: buffers asked for after the first steps");
                assert!(asked.is_empty(), "{name}, {threads} threads: large requests of {asked:?} bytes, ten steps");
            }
        });
    }
}

#[test]
fn ten_thousand_steps_take_no_more_memory_than_the_first() {
    watched(1, || {
        for mut training in [Training::tiny(), Training::tiniest()] {
            (0..100).for_each(|_| training.step());
            let (live, start) = (LIVE.load(Relaxed), memory::stats());
            for _ in 0..10 {
                (0..1000).for_each(|_| training.step());
                let now = memory::stats();
                assert_eq!(LIVE.load(Relaxed), live, "bytes of the allocator");
                assert_eq!((now.in_use, now.cached), (start.in_use, start.cached), "bytes of buffers");
                assert!(now.cached <= now.peak, "cached {} above the peak {}", now.cached, now.peak);
            }
        }
    });
}

#[test]
fn small_requests_of_a_step_are_few() {
    watched(1, || {
        for (name, mut training, most) in [
            ("2-2-1", Training::tiniest(), 3),
            ("2-16-16-1", Training::tiny(), 8),
            ("784-256-10", Training::fashion(), 16),
        ] {
            (0..10).for_each(|_| training.step());
            let requests = small_requests(|| training.step());
            println!("{name}: {requests} small requests a step");
            assert!(requests <= most, "{name}: {requests} small requests a step, at most {most} expected");
            assert_eq!(small_requests(|| training.step()), requests, "{name}: another number in the next step");
        }
    });
}

#[test]
fn the_cache_never_exceeds_the_peak_and_is_given_back() {
    watched(1, || {
        memory::trim();
        let start = memory::stats();
        for size in [1usize, 100, 10_000, 1_000_000, 300, 77_777] {
            let tensors: Vec<Tensor> =
                (0..5).map(|i| Tensor::zeros(&[size + i * 10], DType::F32).expect("fits")).collect();
            assert!(memory::stats().in_use >= start.in_use + 20 * size);
            drop(tensors);
            let now = memory::stats();
            assert!(now.cached <= now.peak, "cached {} above the peak {}", now.cached, now.peak);
            assert_eq!(now.in_use, start.in_use);
        }
        assert!(memory::stats().cached >= 10_000_000, "freed buffers are not kept");
        memory::trim();
        assert_eq!(memory::stats().cached, start.cached);
    });
}

#[test]
fn what_is_dropped_is_freed() {
    watched(1, || {
        let everything = || {
            let mut training = Training::tiny();
            (0..5).for_each(|_| training.step());
            let copy = training.model.clone();
            assert_eq!(copy.num_parameters(), 2 * 16 + 16 + 16 * 16 + 16 + 16 + 1);
        };
        everything();
        memory::trim();
        let (live, in_use) = (LIVE.load(Relaxed), memory::stats().in_use);
        everything();
        memory::trim();
        assert_eq!(memory::stats().in_use, in_use);
        assert_eq!(LIVE.load(Relaxed), live);
    });
}

#[test]
fn no_graph_holds_itself() {
    type Graph = fn(&Tensor) -> wengert::core::Result<Tensor>;
    let graphs: [(&str, Graph); 9] = [
        ("exp and sqrt, which save their output, and tanh and sigmoid, which save their input", |x| {
            Ok(x.exp().tanh().sigmoid().sqrt())
        }),
        ("softmax and its logarithm", |x| x.softmax(1)?.log_softmax(1)),
        ("logsumexp, std, amax, prod", |x| {
            let row = x.logsumexp(0)?.try_add(&x.std_dim(0, 1.0)?)?;
            row.try_add(&x.amax(0)?)?.try_add(&x.prod_dim(0)?)
        }),
        ("an operation of the user's own that uses its output", |x| {
            custom("own", &[x], |x| Ok(x[0].exp()), |gy, _, y| Ok(vec![Some(gy.try_mul(y)?)]))
        }),
        ("the same tensor twice", |x| x.try_mul(x)?.maximum(x)),
        ("views", |x| x.t()?.reshape(&[2, -1])?.narrow(1, 1, 3)),
        ("a walk that frees", |x| {
            let y = x.exp().tanh();
            drop(y.sum().backward()?);
            Ok(y)
        }),
        ("a walk that keeps", |x| {
            let y = x.exp().tanh();
            drop(y.sum().backward_keep()?);
            Ok(y)
        }),
        ("derivatives of the third order", |x| {
            let first = grad(&x.tanh().softmax(1)?.square().sum(), &[x])?.remove(0);
            let second = grad(&first.square().sum(), &[x])?.remove(0);
            Ok(grad(&second.sum(), &[x])?.remove(0))
        }),
    ];
    watched(1, || {
        let run = |graph: Graph| {
            let x = Tensor::randn(&[4, 3], DType::F64, &mut seeded(1)).expect("small").abs().requires_grad();
            let y = graph(&x).expect("defined on these shapes");
            assert!(y.is_tracked());
        };
        for (name, graph) in graphs {
            run(graph);
            memory::trim();
            let (live, in_use) = (LIVE.load(Relaxed), memory::stats().in_use);
            run(graph);
            memory::trim();
            assert_eq!(memory::stats().in_use, in_use, "buffers left over: {name}");
            assert_eq!(LIVE.load(Relaxed), live, "memory left over: {name}");
        }
    });
}

#[test]
fn a_walk_frees_what_was_saved_as_it_passes() {
    watched(1, || {
        let x = Tensor::zeros(&[100_000], DType::F32).expect("fits").requires_grad();
        let before = memory::stats().in_use;
        let mut y = x.clone();
        for _ in 0..20 {
            y = y.relu();
        }
        let loss = y.sum();
        drop(y);
        let saved = memory::stats().in_use - before;
        assert!(saved >= 20 * 400_000, "twenty saved outputs take {saved} bytes");
        let gradients = loss.backward().expect("tracked");
        // The graph is still held by `loss`; what its operations had saved is gone.
        let left = memory::stats().in_use - before;
        assert!(left < 2 * 512_000, "{left} bytes left beside the gradient");
        drop(gradients);
    });
}

#[test]
fn buffers_of_one_size_do_not_keep_those_of_another_from_being_reused() {
    watched(1, || {
        let make = |size: usize| Tensor::zeros(&[size], DType::F32).expect("fits");
        // A phase of large tensors fills the cache; the next one works on smaller ones.
        drop((0..4).map(|_| make(100_000)).collect::<Vec<_>>());
        let step = || drop((0..4).map(|_| make(10_000)).collect::<Vec<_>>());
        (0..3).for_each(|_| step());
        let before = memory::stats().requests;
        (0..100).for_each(|_| step());
        assert_eq!(memory::stats().requests - before, 0, "buffers asked for in a hundred equal steps");
    });
}
