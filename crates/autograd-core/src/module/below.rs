//! Changes of all leaves below a place.

use super::leaves::Touch;
use super::{ItemMut, near};
use crate::error::{Error, ErrorKind, Result};

pub(super) fn set_mode(touch: Touch<'_>, training: bool) {
    touch(&mut |_, item| {
        if let ItemMut::Mode(mode) = item {
            mode.set(training);
        }
    });
}

pub(super) fn set_held(touch: Touch<'_>, op: &str, prefix: &str, held: bool) -> Result<usize> {
    change_below(touch, op, "layer with a mode", prefix, &mut |item| {
        let ItemMut::Mode(mode) = item else { return None };
        Some(Box::new(move || mode.hold(held)))
    })
}

pub(super) fn set_trainable(touch: Touch<'_>, op: &str, prefix: &str, trainable: bool) -> Result<usize> {
    change_below(touch, op, "parameter", prefix, &mut |item| {
        let (ItemMut::Param(param) | ItemMut::Tied(param)) = item else { return None };
        Some(Box::new(move || param.set_trainable(trainable)))
    })
}

/// What is to be done with an item, if it is of the kind that is meant.
type Change<'a> = &'a mut dyn for<'m> FnMut(ItemMut<'m>) -> Option<Box<dyn FnOnce() + 'm>>;

/// Changes all items of one kind that are called `prefix` or lie below it. Returns how many there are; none is an error
/// unless all are meant.
fn change_below(touch: Touch<'_>, op: &str, what: &str, prefix: &str, change: Change<'_>) -> Result<usize> {
    let (mut found, mut known) = (0, Vec::new());
    touch(&mut |path, item| {
        let Some(change) = change(item) else { return };
        let name = path.to_string();
        if is_below(&name, prefix) {
            change();
            found += 1;
        }
        known.push(name);
    });
    if found == 0 && !prefix.is_empty() {
        let text = format!("{op}: no {what} is called {prefix:?} or lies below it; {}", near::instead(prefix, &known));
        return Err(Error::new(ErrorKind::Argument, text));
    }
    Ok(found)
}

/// Whether the name of a parameter is `prefix` or lies below it. In a prefix, `?` stands for any letter of a name, `*`
/// for any letters, and `**` for any names; the empty one is above all.
///
/// # Examples
/// ```
/// use autograd_core::module::is_below;
/// assert!(is_below("encoder.0.bias", "encoder") && is_below("encoder.0.bias", "encoder.*.bias"));
/// assert!(is_below("encoder.0.bias", "**.bias") && !is_below("encoder.0.bias", "enc"));
/// ```
pub fn is_below(name: &str, prefix: &str) -> bool {
    if prefix.contains(['*', '?']) {
        let (names, patterns): (Vec<&str>, Vec<&str>) = (name.split('.').collect(), prefix.split('.').collect());
        return begins_like(&names, &patterns);
    }
    name.strip_prefix(prefix).is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with('.'))
}

/// Whether a path begins with names that the patterns stand for.
fn begins_like(names: &[&str], patterns: &[&str]) -> bool {
    // After which names the patterns so far may have ended.
    let mut ends = vec![true];
    ends.resize(names.len() + 1, false);
    for pattern in patterns {
        let mut next = vec![false; names.len() + 1];
        for at in 0..=names.len() {
            next[at] = match *pattern {
                "**" => ends[..=at].contains(&true),
                one => at > 0 && ends[at - 1] && is_like(names[at - 1], one),
            };
        }
        ends = next;
    }
    ends.contains(&true)
}

/// Whether a pattern stands for a name: `?` for any letter, `*` for any letters.
fn is_like(name: &str, pattern: &str) -> bool {
    let letters: Vec<char> = name.chars().collect();
    let mut ends = vec![true];
    ends.resize(letters.len() + 1, false);
    for sign in pattern.chars() {
        let mut next = vec![false; letters.len() + 1];
        for at in 0..=letters.len() {
            next[at] = match sign {
                '*' => ends[..=at].contains(&true),
                one => at > 0 && ends[at - 1] && (one == '?' || one == letters[at - 1]),
            };
        }
        ends = next;
    }
    ends[letters.len()]
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn patterns_stand_for_names_and_prefixes_for_all_below() {
        let cases = [
            ("encoder.0.weight", "", true),
            ("encoder.0.weight", "encoder", true),
            ("encoder.0.weight", "enc", false),
            ("encoder.0.weight", "encoder.0.weight", true),
            ("encoder.0.weight", "enc*", true),
            ("encoder.0.weight", "*coder", true),
            ("encoder.0.weight", "*.0", true),
            ("encoder.0.weight", "*.1", false),
            ("encoder.0.weight", "encoder.*.weight", true),
            ("encoder.0.weight", "encoder.?.w*t", true),
            ("encoder.10.weight", "encoder.?.weight", false),
            ("encoder.10.weight", "encoder.??.weight", true),
            ("encoder.0.inner.weight", "encoder.*.weight", false),
            ("encoder.0.inner.weight", "encoder.**.weight", true),
            ("encoder.weight", "encoder.**.weight", true),
            ("encoder.0.inner.weight", "**.weight", true),
            ("weight", "**.weight", true),
            ("weight", "**", true),
            ("weight", "*.**", true),
            ("encoder.0.bias", "**.weight", false),
            ("encoder.0.weight", "encoder.0.weight.*", false),
            ("aab", "*ab", true),
            ("ab", "a*b*", true),
            ("ba", "a*b*", false),
        ];
        for (name, prefix, below) in cases {
            assert_eq!(is_below(name, prefix), below, "{name} {prefix}");
        }
    }
}
