//! A source of randomness that belongs to a layer.

use super::{Item, ItemMut, Module, Path};
use crate::kernels::random::bits_at;
use rand::{Rng, RngExt};
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
    drawn: AtomicU64,
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
        Stream { seed, drawn: AtomicU64::new(drawn) }
    }

    /// The next seed.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::Stream;
    /// assert_eq!(Stream::at(7, 0).draw(), Stream::at(7, 0).draw());
    /// ```
    pub fn draw(&self) -> u64 {
        bits_at(self.seed, self.drawn.fetch_add(1, Ordering::Relaxed))
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
}

impl Clone for Stream {
    /// The clone goes on from the same position.
    fn clone(&self) -> Self {
        let (seed, drawn) = self.position();
        Stream::at(seed, drawn)
    }
}

impl Module for Stream {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        f(path, Item::Stream(self));
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        f(path, ItemMut::Stream(self));
    }
}
