//! A source of randomness that belongs to a layer.

use super::{Item, ItemMut, Module, Path};
use crate::description::Description;
use crate::kernels::random::bits_at;
use crate::tensor::recall::seed;
use crate::tensor::watch::draws;
use rand::{Rng, RngExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// An endless row of random seeds, given by one seed and a position. Drawing goes through `&self`, so that a layer can
/// draw in `forward`; seed and position are part of a checkpoint, so a resumed run draws what the first would have
/// drawn.
///
/// # Examples
/// ```
/// use autograd_core::module::Stream;
/// let stream = Stream::at(7, 0);
/// let first = stream.draw();
/// assert_eq!((Stream::at(7, 0).draw(), stream.position()), (first, (7, 1)));
/// ```
#[derive(Debug)]
pub struct Stream {
    seed: u64,
    drawn: Arc<AtomicU64>,
}

impl Stream {
    /// A stream of its own, seeded from a generator.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{module::Stream, seeded};
    /// let stream = Stream::new(&mut seeded(7));
    /// assert_ne!(stream.draw(), stream.draw());
    /// ```
    pub fn new(rng: &mut dyn Rng) -> Stream {
        Stream::at(rng.random(), 0)
    }

    /// The stream of a seed, after `drawn` draws.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::Stream;
    /// let (stream, later) = (Stream::at(7, 0), Stream::at(7, 1));
    /// stream.draw();
    /// assert_eq!(stream.draw(), later.draw());
    /// ```
    pub fn at(seed: u64, drawn: u64) -> Stream {
        Stream { seed, drawn: Arc::new(AtomicU64::new(drawn)) }
    }

    /// The next seed.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::Stream;
    /// assert_eq!(Stream::at(7, 0).draw(), Stream::at(7, 0).draw());
    /// ```
    pub fn draw(&self) -> u64 {
        seed(|| {
            let seed = bits_at(self.seed, self.drawn.fetch_add(1, Ordering::Relaxed));
            draws(&*self.drawn, seed);
            seed
        })
    }

    /// Goes to the place after `drawn` draws: what was drawn since is drawn again.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::Stream;
    /// let stream = Stream::at(7, 0);
    /// let first = stream.draw();
    /// stream.seek(0);
    /// assert_eq!(stream.draw(), first);
    /// ```
    pub fn seek(&self, drawn: u64) {
        self.drawn.store(drawn, Ordering::Relaxed);
    }

    /// The seed, and the number of draws so far.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::Stream;
    /// let stream = Stream::at(7, 0);
    /// stream.draw();
    /// assert_eq!(stream.position(), (7, 1));
    /// ```
    pub fn position(&self) -> (u64, u64) {
        (self.seed, self.drawn.load(Ordering::Relaxed))
    }

    /// The same stream in another module: what draws from one moves both. See [`Module::stand_in`].
    pub(super) fn same(&self) -> Stream {
        Stream { seed: self.seed, drawn: Arc::clone(&self.drawn) }
    }

    /// Its place in memory, by which a watcher knows it.
    pub(crate) fn place(&self) -> usize {
        Arc::as_ptr(&self.drawn).addr()
    }
}

impl Clone for Stream {
    /// The clone goes on from the same position.
    fn clone(&self) -> Self {
        let (seed, drawn) = self.position();
        Stream::at(seed, drawn)
    }
}

impl Module for Stream {
    fn describe(&self) -> Description {
        Description::leaf("Stream")
    }
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        f(path, Item::Stream(self));
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        f(path, ItemMut::Stream(self));
    }
}

/// The name, seed and position of every stream, for resuming a run exactly.
///
/// # Examples
/// ```
/// # use autograd_core::module::{Stream, stream_positions};
/// let model = vec![Stream::at(7, 3)];
/// assert_eq!(stream_positions(&model), [("0".to_string(), 7, 3)]);
/// ```
pub fn stream_positions(module: &(impl Module + ?Sized)) -> Vec<(String, u64, u64)> {
    let mut all = Vec::new();
    module.visit(&Path::root(), &mut |path, item| {
        if let Item::Stream(stream) = item {
            let (seed, drawn) = stream.position();
            all.push((path.to_string(), seed, drawn));
        }
    });
    all
}

/// Puts streams back where [`stream_positions`] found them; returns the names that only the module or only `positions`
/// has.
///
/// # Examples
/// ```
/// # use autograd_core::module::{Stream, restore_streams, stream_positions};
/// let mut model = vec![Stream::at(7, 0)];
/// let (before, seed) = (stream_positions(&model), model[0].draw());
/// assert!(restore_streams(&mut model, &before).is_empty());
/// assert_eq!(model[0].draw(), seed);
/// ```
pub fn restore_streams(module: &mut (impl Module + ?Sized), positions: &[(String, u64, u64)]) -> Vec<String> {
    let mut open: Vec<&(String, u64, u64)> = positions.iter().collect();
    let mut strangers = Vec::new();
    module.visit_mut(&Path::root(), &mut |path, item| {
        if let ItemMut::Stream(stream) = item {
            let name = path.to_string();
            match open.iter().position(|(known, _, _)| *known == name) {
                Some(at) => {
                    // In order: of two with one name the first is put back first.
                    let (_, seed, drawn) = open.remove(at);
                    *stream = Stream::at(*seed, *drawn);
                }
                None => strangers.push(name),
            }
        }
    });
    strangers.extend(open.into_iter().map(|(name, _, _)| name.clone()));
    strangers
}
