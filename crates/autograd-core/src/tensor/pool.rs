//! Buffers, and the pool that keeps freed ones for the next request of their size.
//!
//! Fresh memory from the system costs more than computing on it: every page is zeroed and faulted in on first touch. So
//! a freed buffer goes on a list of its size class, and the next tensor of that class takes it. Each thread has its own
//! lists: no locks. What waits is the whole value, layout and all, so reuse costs no allocation at all.
//!
//! A thread caches at most as many bytes as it ever had in use at once. When the cache is full, the class that has not
//! been used for longest makes room, so a program that goes on to tensors of other sizes finds its buffers cached
//! again.
//!
//! What a buffer held before must never show in a result. Debug builds fill every buffer that is handed out with
//! numbers that no computation makes ([`unwritten`]), and the tests look for them.

use super::unwritten::Unwritten;
use super::value::{Memory, Value};
use super::watch::now;
use super::{DType, for_any};
use crate::shape::{FixedDims, Layout, checked_numel};
use crate::storage::block::{Block, give_back};
use crate::storage::piece::{Piece, class_bytes, class_of};
use crate::storage::recycle::RECYCLES;
use crate::storage::shared::{Recycle, Recycled, Shared};
use std::cell::RefCell;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts of one thread. Only that thread writes, so a load and a store do in place of a locked addition; a buffer
/// freed by another thread than it came from makes one count negative and the sum still right.
#[derive(Default)]
struct Counts {
    in_use: AtomicI64,
    peak: AtomicI64,
    cached: AtomicI64,
    requests: AtomicI64,
    taken: AtomicI64,
}

fn bump(counter: &AtomicI64, by: i64) -> i64 {
    let value = counter.load(Ordering::Relaxed) + by;
    counter.store(value, Ordering::Relaxed);
    value
}

/// The counts of a thread, or the sums of several: in use, peak, cached, requests, taken.
type Sums = [i64; 5];

impl Counts {
    fn read(&self) -> Sums {
        [&self.in_use, &self.peak, &self.cached, &self.requests, &self.taken].map(|count| count.load(Ordering::Relaxed))
    }
}

/// The counts of the threads that run, and the sums of what those that have ended counted.
struct Registry {
    running: Vec<Arc<Counts>>,
    ended: Sums,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry { running: Vec::new(), ended: [0; 5] });

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registry {
    fn add(&mut self, counts: Sums) {
        self.ended.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }

    /// Adds up what a thread that ends has counted, and forgets the thread.
    fn end(&mut self, counts: &Arc<Counts>) {
        self.add(counts.read());
        self.running.retain(|other| !Arc::ptr_eq(other, counts));
    }
}

/// Memory held by tensors.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, memory};
/// let before: memory::Stats = memory::stats();
/// let x = Tensor::zeros(&[1000], DType::F64)?;
/// assert!(memory::stats().taken >= before.taken + 8000 && x.numel() == 1000);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Bytes of buffers that some tensor holds.
    pub in_use: usize,
    /// The most `in_use` has been. With several threads it is the sum of each thread's most, counting what a thread has
    /// made and others have dropped: an upper bound.
    pub peak: usize,
    /// Bytes of freed buffers kept for reuse.
    pub cached: usize,
    /// How many buffers the system has been asked for so far.
    pub requests: usize,
    /// Bytes of all buffers handed out so far, from the system or from the cache: the memory traffic of computing,
    /// where `peak` is what it needed at once.
    pub taken: usize,
}

/// Memory held by the tensors of all threads.
///
/// # Examples
/// ```
/// # use autograd_core::{DType, Tensor, memory};
/// let x = Tensor::zeros(&[1000], DType::F64)?;
/// assert!(memory::stats().in_use >= 8000 && x.numel() == 1000);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn stats() -> Stats {
    let registry = registry();
    let mut sums = registry.ended;
    for counts in &registry.running {
        sums.iter_mut().zip(counts.read()).for_each(|(sum, count)| *sum += count);
    }
    let [in_use, peak, cached, requests, taken] = sums.map(|sum| sum.max(0) as usize);
    Stats { in_use, peak, cached, requests, taken }
}

/// Gives the memory cached by the calling thread back to the system: freed buffers, and the room in which it packs the
/// operands of matrix products.
///
/// # Examples
/// ```
/// # use autograd_core::{DType, Tensor, memory};
/// drop(Tensor::zeros(&[100_000], DType::F64)?);
/// memory::trim();
/// assert!(memory::stats().cached < 800_000);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn trim() {
    crate::kernels::gemm::forget();
    crate::kernels::conv::forget();
    empty();
}

/// Gives the freed buffers of the calling thread back to the system, and not the rooms of kernels.
pub(crate) fn empty() {
    let freed = POOL.try_with(|pool| pool.borrow_mut().empty());
    drop(freed);
    give_back();
}

/// The piece of a value that waits here, which is never a view.
fn piece(value: &Value) -> Option<&Piece> {
    match &value.memory {
        Memory::Own(piece) => Some(piece),
        Memory::Of(_) => None,
    }
}

fn bytes_of(value: &Value) -> i64 {
    piece(value).map_or(0, |piece| piece.block.bytes() as i64)
}

/// The freed buffers of one size class.
#[derive(Default)]
struct Class {
    free: Vec<Shared<Value>>,
    /// The time when one was last taken or given, by the pool's clock.
    used: u64,
}

struct Pool {
    classes: Vec<Class>,
    clock: u64,
    /// Bytes that this thread has taken and not given back, and the most that has been: what limits the cache. Not
    /// below zero, as `in_use` is on a thread that drops what others make.
    held: i64,
    most: i64,
    counts: Arc<Counts>,
}

impl Default for Pool {
    fn default() -> Self {
        let counts = Arc::new(Counts::default());
        registry().running.push(Arc::clone(&counts));
        Pool { classes: Vec::new(), clock: 0, held: 0, most: 0, counts }
    }
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

impl Pool {
    fn used(&mut self, bytes: i64) {
        self.held += bytes;
        self.most = self.most.max(self.held);
        let counts = &self.counts;
        bump(&counts.taken, bytes);
        let now = bump(&counts.in_use, bytes);
        if now > counts.peak.load(Ordering::Relaxed) {
            counts.peak.store(now, Ordering::Relaxed);
        }
    }

    fn take(&mut self, class: usize) -> Option<Shared<Value>> {
        self.clock += 1;
        let class = self.classes.get_mut(class)?;
        class.used = self.clock;
        let value = class.free.pop()?;
        let bytes = bytes_of(&value);
        bump(&self.counts.cached, -bytes);
        self.used(bytes);
        Some(value)
    }

    /// Keeps a freed value, and returns what has to go for it; or returns the value itself.
    #[inline]
    fn give(&mut self, value: Shared<Value>) -> Vec<Shared<Value>> {
        let Some(Piece { block, class }) = piece(&value) else { return vec![value] };
        let (bytes, class) = (block.bytes() as i64, *class);
        bump(&self.counts.in_use, -bytes);
        self.held = (self.held - bytes).max(0);
        let room = self.most - bytes;
        if room < 0 || !RECYCLES {
            return vec![value];
        }
        let cached = self.counts.cached.load(Ordering::Relaxed);
        let evicted = if cached > room { self.evict(cached - room) } else { Vec::new() };
        bump(&self.counts.cached, bytes);
        if self.classes.len() <= class {
            self.classes.resize_with(class + 1, Class::default);
        }
        self.clock += 1;
        let class = &mut self.classes[class];
        class.used = self.clock;
        class.free.push(value);
        evicted
    }

    /// Takes at least `bytes` bytes off the lists, from those that have not been used for longest.
    #[cold]
    fn evict(&mut self, mut bytes: i64) -> Vec<Shared<Value>> {
        let mut evicted = Vec::new();
        while bytes > 0 {
            let stale = self.classes.iter_mut().filter(|class| !class.free.is_empty()).min_by_key(|class| class.used);
            let Some(old) = stale.and_then(|class| class.free.pop()) else { break };
            bytes -= bytes_of(&old);
            bump(&self.counts.cached, -bytes_of(&old));
            evicted.push(old);
        }
        evicted
    }

    fn empty(&mut self) -> Vec<Class> {
        let bytes: i64 = self.classes.iter().flat_map(|class| &class.free).map(|value| bytes_of(value)).sum();
        bump(&self.counts.cached, -bytes);
        std::mem::take(&mut self.classes)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        drop(self.empty());
        registry().end(&self.counts);
    }
}

/// A contiguous value of any elements, which no other owner can see; `None` if the shape is none that a tensor can have
/// or the system does not have that much memory.
pub(super) fn take(dtype: DType, shape: &[usize]) -> Option<Recycled<Value>> {
    let dims = FixedDims::new(shape);
    if !dims.is_small() {
        checked_numel(shape, dtype.size())?;
    }
    let (strides, numel) = dims.row_major();
    let class = class_of(numel * dtype.size());
    let mut cached = POOL.try_with(|pool| pool.borrow_mut().take(class)).ok().flatten();
    let mut value = if let Some(value) = cached.as_mut().and_then(Shared::get_mut) {
        value.layout.become_contiguous(dims, strides, numel);
        value.dtype = dtype;
        value.born = now();
        cached.map(Recycled::new)?
    } else {
        let block = Block::zeroed(class_bytes(class)?)?;
        let taken = block.bytes() as i64;
        let counted = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            pool.used(taken);
            bump(&pool.counts.requests, 1);
        });
        if counted.is_err() {
            // The thread is ending, and its pool is gone.
            registry().add([taken, 0, 0, 1, taken]);
        }
        let memory = Memory::Own(Piece { block, class });
        Recycled::new(Shared::new(Value { memory, layout: Layout::contiguous(shape), dtype, born: now() }))
    };
    if cfg!(debug_assertions) {
        for_any!(dtype, T => {
            let fresh = Value::slice_mut::<T>(&mut value).unwrap_or_else(|| unreachable!("it has one owner"));
            fresh.fill(T::UNWRITTEN);
        });
    }
    Some(value)
}

/// Takes back a value that has no owner any more.
#[inline]
fn give(last: Shared<Value>) {
    let bytes = bytes_of(&last);
    // Outside the pool's borrow: what it does not keep is freed here.
    let evicted = POOL.try_with(|pool| pool.borrow_mut().give(last));
    if evicted.is_err() {
        // The thread is ending, and its pool is gone.
        registry().add([-bytes, 0, 0, 0, 0]);
    }
}

impl Recycle for Value {
    #[inline]
    fn recycle(last: Shared<Value>) {
        match last.memory {
            Memory::Own(_) => give(last),
            Memory::Of(_) => drop(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_has_ended_is_forgotten() {
        let threads = (0..2000).map(|_| {
            let touch = || {
                drop(take(DType::F32, &[3]).expect("memory"));
                POOL.with(|pool| Arc::downgrade(&pool.borrow().counts))
            };
            std::thread::spawn(touch).join().expect("no panic")
        });
        assert!(threads.into_iter().all(|counts| counts.upgrade().is_none()));
    }

    #[test]
    fn classes_hold_what_they_are_asked_for_and_waste_little() {
        for bytes in (1..5000).chain([1 << 20, (1 << 20) + 1, 3_000_001, 1 << 33]) {
            let class = class_of(bytes);
            let size = class_bytes(class).expect("a size");
            assert!(size >= bytes, "{bytes} in class {class} of {size}");
            assert!(bytes <= 256 || size as f64 <= bytes as f64 * 1.25 + 64.0, "{bytes} wastes {size}");
            assert_eq!(class_of(size), class, "{bytes}");
        }
    }

    #[cfg(not(no_recycling))]
    #[test]
    fn freed_buffers_are_reused_and_counted() {
        std::thread::spawn(|| {
            let own = || POOL.with(|p| Arc::clone(&p.borrow().counts));
            let bytes = |n: usize| take(DType::Bool, &[n]).expect("memory");
            let first = bytes(10_000);
            let address = std::ptr::from_ref(&*first);
            drop(first);
            assert!(own().cached.load(Ordering::Relaxed) >= 10_000);
            let second = bytes(9_900);
            assert_eq!((std::ptr::from_ref(&*second), second.layout.shape()), (address, &[9_900][..]));
            drop(second);
            trim();
            assert_eq!(own().cached.load(Ordering::Relaxed), 0);
            assert_eq!(own().in_use.load(Ordering::Relaxed), 0);
        })
        .join()
        .expect("no panic");
    }
}
