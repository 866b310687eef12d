//! The identity of a run: everything that makes it this run and no other.

use crate::checksum::checksum;
use autograd_core::{Description, Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

/// Facts about a run by name, in a fixed order: `batch_size`, `optimizer.lr`, `train.content`,
/// `callbacks.EarlyStopping` and so on. A run goes on from a checkpoint only if all of them are the same; see
/// [`Trainer::allow`](crate::Trainer::allow).
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, seeded};
/// # use wengert_data::TensorDataset;
/// # use wengert_nn::{Linear, mse_loss};
/// # use wengert_optim::Sgd;
/// use wengert_train::{Identity, Snapshot, Trainer};
/// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
/// # let mut model = Linear::new(1, 1, &mut seeded(7))?;
/// let dir = std::env::temp_dir().join(format!("wengert-identity-{}", std::process::id()));
/// let trainer = Trainer::new(Sgd::new(0.1), mse_loss).batch_size(2).checkpoint(&*dir);
/// trainer.fit(&mut model, &set, None, &mut seeded(7))?;
/// let identity: Identity = Snapshot::load(&dir)?.identity;
/// assert_eq!(identity.get("batch_size"), Some("2"));
/// assert!(identity.iter().any(|(name, value)| (name, value) == ("optimizer.lr", "0.1")));
/// # std::fs::remove_dir_all(&dir).map_err(wengert_train::Error::user)?;
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity(Vec<(String, String)>);

impl Identity {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Adds a fact. Two of one name, as parts that are flattened into one place may have, are one fact.
    pub(crate) fn add(&mut self, name: impl Into<String>, value: impl fmt::Display) {
        let (name, value) = (name.into(), short(value.to_string()));
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = format!("{old}, {value}"),
            None => self.0.push((name, value)),
        }
    }

    /// Adds a kind under a name, and its options below.
    pub(crate) fn describe(&mut self, name: &str, description: &Description) {
        self.add(name, description.kind());
        for (option, value) in description.options() {
            self.add(format!("{name}.{option}"), value);
        }
    }

    /// Everything in which `now` differs, in the order of this one; then what only `now` has.
    fn differences(&self, now: &Identity) -> Vec<Difference> {
        let difference = |name: &str, saved: Option<&str>, now: Option<&str>| Difference {
            name: name.into(),
            saved: saved.map(str::to_string),
            now: now.map(str::to_string),
        };
        let mut all: Vec<Difference> = Vec::new();
        // What only one side has below a thing that differs goes without saying.
        let follows = |all: &[Difference], name: &str| all.iter().any(|other| is_below(name, &other.name));
        for (name, saved) in self.iter() {
            let now = now.get(name);
            if now != Some(saved) && !(now.is_none() && follows(&all, name)) {
                all.push(difference(name, Some(saved), now));
            }
        }
        for (name, now) in now.iter().filter(|(name, _)| self.get(name).is_none()) {
            if !follows(&all, name) {
                all.push(difference(name, None, Some(now)));
            }
        }
        let (saved, now) = (self.callbacks_also_in(now), now.callbacks_also_in(self));
        if saved != now {
            all.push(difference("callbacks", Some(&saved.join(", ")), Some(&now.join(", "))));
        }
        all
    }

    /// The callbacks that both have, in this one's order.
    fn callbacks_also_in(&self, other: &Identity) -> Vec<&str> {
        let keys = self.iter().filter_map(|(name, _)| Some((name, name.strip_prefix("callbacks.")?)));
        keys.filter(|(name, key)| !key.contains('.') && other.get(name).is_some()).map(|(_, key)| key).collect()
    }

    /// The allowed differences of a run `now` that goes on from this one; an error names all others.
    pub(crate) fn check(&self, now: &Identity, allowed: &[String], dir: &Path) -> Result<Vec<Difference>> {
        let names = || self.iter().chain(now.iter()).map(|(name, _)| name);
        if let Some(unknown) = allowed.iter().find(|allowed| !names().any(|name| is_meant(name, allowed))) {
            let mut heads: Vec<&str> = names().map(|name| name.split('.').next().unwrap_or(name)).collect();
            heads.sort_unstable();
            heads.dedup();
            let text = format!("fit: allow: a run has nothing called {unknown:?}; it has {}", heads.join(", "));
            return Err(Error::new(ErrorKind::Argument, text));
        }
        let is_allowed = |difference: &Difference| allowed.iter().any(|name| is_meant(&difference.name, name));
        let (allowed, differences): (Vec<_>, Vec<_>) = self.differences(now).into_iter().partition(is_allowed);
        if differences.is_empty() {
            return Ok(allowed);
        }
        let mismatch = IdentityMismatch { differences };
        Err(Error::new(ErrorKind::State, format!("{}: {mismatch}", dir.display())).with_source(mismatch))
    }
}

/// A long text cut short, with a checksum of the whole: one of a thousand numbers may differ.
fn short(value: String) -> String {
    const SHOWN: usize = 200;
    let count = value.chars().count();
    if count <= 2 * SHOWN {
        return value;
    }
    let start: String = value.chars().take(SHOWN).collect();
    format!("{start}.. ({count} characters, checksum {})", checksum(value.as_bytes()))
}

/// Whether the name stands below `owner`: `a.b.c` below `a.b` and `a`.
fn is_below(name: &str, owner: &str) -> bool {
    name.strip_prefix(owner).is_some_and(|rest| rest.starts_with('.'))
}

/// Whether `allowed` is the name, or whole words of it in a row: `patience` means `callbacks.EarlyStopping.patience`.
fn is_meant(name: &str, allowed: &str) -> bool {
    !allowed.is_empty() && format!(".{name}.").contains(&format!(".{allowed}."))
}

/// Everything in which a run differs from the one whose checkpoint it was to go on from.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, seeded};
/// # use wengert_data::TensorDataset;
/// # use wengert_nn::{Linear, mse_loss};
/// # use wengert_optim::Sgd;
/// use wengert_train::{Difference, IdentityMismatch, Trainer};
/// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
/// # let mut model = Linear::new(1, 1, &mut seeded(7))?;
/// let dir = std::env::temp_dir().join(format!("wengert-mismatch-{}", std::process::id()));
/// let trainer = |lr| Trainer::new(Sgd::new(lr), mse_loss).checkpoint(&*dir);
/// trainer(0.1).fit(&mut model, &set, None, &mut seeded(7))?;
/// let error = trainer(0.2).resume(true).fit(&mut model, &set, None, &mut seeded(7)).unwrap_err();
/// let Difference { name, saved, now } = &error.detail::<IdentityMismatch>().expect("another lr").differences[0];
/// assert_eq!((&**name, saved.as_deref(), now.as_deref()), ("optimizer.lr", Some("0.1"), Some("0.2")));
/// # std::fs::remove_dir_all(&dir).map_err(wengert_train::Error::user)?;
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityMismatch {
    /// The differences.
    pub differences: Vec<Difference>,
}

/// One difference between two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    pub name: String,
    /// In the checkpoint; none if it has no such thing.
    pub saved: Option<String>,
    /// In this run.
    pub now: Option<String>,
}

impl fmt::Display for IdentityMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the checkpoint is of another run, and nothing was loaded:")?;
        for Difference { name, saved, now } in &self.differences {
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".into());
            write!(f, "\n  {name}: {}, this run has {}", text(saved), text(now))?;
        }
        let first = self.differences.first().map_or("", |difference| &difference.name);
        write!(f, "\nallow(\"{first}\") lets a difference be that is meant")
    }
}

impl std::error::Error for IdentityMismatch {}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(facts: &[(&str, &str)]) -> Identity {
        Identity(facts.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect())
    }

    #[test]
    fn names_are_whole_words() {
        let name = "callbacks.EarlyStopping.patience";
        for meant in
            [name, "callbacks", "EarlyStopping", "patience", "callbacks.EarlyStopping", "EarlyStopping.patience"]
        {
            assert!(is_meant(name, meant), "{meant}");
        }
        for other in ["", "pat", "Stopping", ".", "callbacks.patience", "patience.x"] {
            assert!(!is_meant(name, other), "{other}");
        }
    }

    #[test]
    fn facts_of_one_name_are_one_and_long_ones_are_short() {
        let mut all = Identity::default();
        ["a", "b", "a"].iter().enumerate().for_each(|(i, name)| all.add(*name, i));
        assert_eq!(all, identity(&[("a", "0, 2"), ("b", "1")]));
        let text = |last: u64| {
            let mut numbers: Vec<u64> = (0..1000).collect();
            numbers.push(last);
            short(format!("{numbers:?}"))
        };
        assert!(text(0).starts_with("[0, 1, 2, ") && text(0).len() < 300, "{}", text(0));
        assert_ne!(text(0), text(1));
        assert_eq!(short("é".repeat(400)), "é".repeat(400));
    }

    #[test]
    fn one_report_names_every_difference() {
        let saved = identity(&[("epochs", "4"), ("schedule", "StepLR"), ("schedule.gamma", "0.1"), ("loss", "mse")]);
        let now =
            identity(&[("epochs", "1"), ("schedule", "none"), ("clip", "Value"), ("clip.max", "1"), ("loss", "mse")]);
        let dir = Path::new("DIR");
        assert_eq!(saved.check(&saved, &[], dir), Ok(Vec::new()));
        let text = saved.check(&now, &["epochs".into()], dir).expect_err("others differ").to_string();
        let expected = "DIR: the checkpoint is of another run, and nothing was loaded:\
                        \n  schedule: StepLR, this run has none\
                        \n  clip: none, this run has Value\
                        \nallow(\"schedule\") lets a difference be that is meant";
        assert_eq!(text, expected);
        let allowed = ["epochs", "schedule", "clip"].map(String::from);
        assert_eq!(saved.check(&now, &allowed, dir).map(|all| all.len()), Ok(3));
        let text = saved.check(&now, &["epoch".into()], dir).expect_err("unknown").to_string();
        assert_eq!(text, "fit: allow: a run has nothing called \"epoch\"; it has clip, epochs, loss, schedule");
    }
}
