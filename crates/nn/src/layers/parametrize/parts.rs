//! The parameter of a layer that is computed, by its name.

use autograd_core::module::{Item, ItemMut, Mode, Module, Param, Path, ties};
use autograd_core::{Error, ErrorKind, Result, Tensor};

/// The parameter of a name, which is in one place of the layer.
pub(super) fn find<'l>(op: &str, layer: &'l impl Module, name: &str) -> Result<&'l Param> {
    let (mut found, mut known) = (None, Vec::new());
    layer.visit(&Path::root(), &mut |path, item| {
        if let Item::Param(param) | Item::Tied(param) = item {
            let own = path.to_string();
            if own == name {
                found = Some(param);
            }
            known.push(format!("{own:?}"));
        }
    });
    let refuse = |text: String| Error::new(ErrorKind::Argument, format!("{op}: {text}"));
    let Some(param) = found else {
        let known = if known.is_empty() { "none".into() } else { known.join(", ") };
        return Err(refuse(format!("no parameter of the {} is called {name:?}; there are {known}", layer.kind())));
    };
    match ties(layer).into_iter().find(|(tied, original)| tied == name || original == name) {
        Some((tied, original)) => {
            let text = format!("{tied:?} is tied to {original:?} in the {}", layer.kind());
            Err(refuse(format!("{text}, and one of two places cannot be computed alone")))
        }
        None => Ok(param),
    }
}

/// Replaces the value of the parameter of a name.
pub(super) fn change(layer: &mut impl Module, name: &str, value: Tensor) -> Result<()> {
    let (mut outcome, mut value) = (Ok(()), Some(value));
    layer.visit_mut(&Path::root(), &mut |path, item| {
        if let ItemMut::Param(param) | ItemMut::Tied(param) = item
            && path.to_string() == name
            && let Some(value) = value.take()
        {
            outcome = param.set(value);
        }
    });
    outcome
}

/// The mode of the layer, next to the parameter of a name; the nearest of several, by their paths. One of a part beside
/// it that is held in evaluation says nothing.
pub(super) fn mode(layer: &impl Module, name: &str) -> Option<Mode> {
    let shared = |place: &str| name.split('.').zip(place.split('.')).take_while(|(a, b)| a == b).count();
    let mut nearest: Option<(usize, Mode)> = None;
    layer.visit(&Path::root(), &mut |path, item| {
        let Item::Mode(mode) = item else { return };
        let place = path.to_string();
        let (near, of_layer) = (shared(&place), !place.contains('.'));
        if (near > 0 || of_layer || !mode.is_held()) && nearest.is_none_or(|(most, _)| near > most) {
            nearest = Some((near, *mode));
        }
    });
    nearest.map(|(_, mode)| mode)
}
