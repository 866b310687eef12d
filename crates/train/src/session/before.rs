//! The part of a model that a forward pass changes: its modes, its sources of randomness, its buffers.

use autograd_core::Tensor;
use autograd_core::module::{Item, ItemMut, Mode, Module, Path, Stream};

/// A model as it was before the run, parameters apart: those only a step changes.
pub(super) struct Before(Vec<Saved>);

enum Saved {
    Mode(Mode),
    Stream(u64, u64),
    Buffer(Tensor),
}

impl Before {
    pub(super) fn of(model: &dyn Module) -> Before {
        let mut saved = Vec::new();
        model.visit(&Path::root(), &mut |_, item| match item {
            Item::Mode(mode) => saved.push(Saved::Mode(*mode)),
            Item::Stream(stream) => {
                let (seed, drawn) = stream.position();
                saved.push(Saved::Stream(seed, drawn));
            }
            Item::Buffer(buffer) => saved.push(Saved::Buffer(buffer.get())),
            Item::Param(_) | Item::Tied(_) => {}
        });
        Before(saved)
    }

    pub(super) fn restore(self, model: &mut dyn Module) {
        let mut saved = self.0.into_iter();
        model.visit_mut(&Path::root(), &mut |_, item| {
            if matches!(item, ItemMut::Param(_) | ItemMut::Tied(_)) {
                return;
            }
            match (item, saved.next()) {
                (ItemMut::Mode(mode), Some(Saved::Mode(old))) => *mode = old,
                (ItemMut::Stream(stream), Some(Saved::Stream(seed, drawn))) => *stream = Stream::at(seed, drawn),
                (ItemMut::Buffer(buffer), Some(Saved::Buffer(old))) => buffer.set(old),
                _ => {}
            }
        });
    }
}
