//! Names that are near one that does not exist, for errors.

/// The part of an error that says which names were meant, of the known ones and the modules above them.
pub(super) fn instead(wrong: &str, known: &[String]) -> String {
    let mut all: Vec<&str> = Vec::new();
    for name in known {
        let ends = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
        all.extend(ends.map(|end| &name[..end]));
    }
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|name| seen.insert(*name));
    let mut near: Vec<(usize, &str)> = all.iter().map(|name| (distance(wrong, name), *name)).collect();
    near.retain(|(distance, _)| *distance <= 1 + wrong.chars().count() / 5);
    near.sort_by_key(|(distance, _)| *distance);
    let (what, names): (_, Vec<&str>) = match near.len() {
        0 => ("there are", all),
        _ => ("near it are", near.into_iter().map(|(_, name)| name).collect()),
    };
    let shown: Vec<String> = names.iter().take(5).map(|name| format!("{name:?}")).collect();
    match (shown.len(), names.len()) {
        (0, _) => "there are none".into(),
        (shown_count, count) if shown_count < count => format!("{what} {}, ..", shown.join(", ")),
        _ => format!("{what} {}", shown.join(", ")),
    }
}

/// How many letters must be changed, left out or put in to make one name of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, instead};

    #[test]
    fn distances_are_counts_of_letters() {
        for (a, b, n) in [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("weight", "wieght", 2)] {
            assert_eq!((distance(a, b), distance(b, a)), (n, n), "{a} {b}");
        }
    }

    #[test]
    fn what_is_near_comes_first_and_else_all_there_is() {
        let known = ["encoder.weight", "encoder.bias", "head.weight"].map(String::from);
        assert_eq!(instead("encodr", &known), r#"near it are "encoder""#);
        assert_eq!(
            instead("zzz", &known),
            r#"there are "encoder", "encoder.weight", "encoder.bias", "head", "head.weight""#
        );
        assert_eq!(instead("zzz", &[]), "there are none");
    }
}
