//! Texts as they are shown: without what cannot be shown, and with the columns they take.

/// The text with a replacement sign for each character that cannot be shown, and that no XML document can hold.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_no_character(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The last two code points of each plane, and a row in the first.
fn is_no_character(c: char) -> bool {
    u32::from(c) & 0xfffe == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&c)
}

/// The columns of a terminal that a text takes: two for an East Asian character or an emoji, none for a mark on the
/// character before.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn columns(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x610..=0x61a | 0x64b..=0x65f => 0,
        0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x200b..=0x200f | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115f | 0x2e80..=0x303e | 0x3041..=0x33ff | 0x3400..=0x4dbf | 0x4e00..=0xa4cf => 2,
        0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 => 2,
        0x1f300..=0x1f64f | 0x1f680..=0x1f6ff | 0x1f900..=0x1f9ff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The text behind as many spaces as fill `columns`.
pub(crate) fn right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::{printable, right, width};

    #[test]
    fn columns_are_neither_bytes_nor_characters() {
        for (text, columns) in
            [("", 0), ("loss", 4), ("größe", 5), ("gro\u{308}ße", 5), ("精度", 4), ("fit 🚀", 6), ("ε²", 2)]
        {
            assert_eq!(width(text), columns, "{text}");
        }
        assert_eq!((right("精度", 6), right("loss", 2)), ("  精度".into(), "loss".into()));
    }

    #[test]
    fn what_cannot_be_shown_is_replaced() {
        assert_eq!(printable("a\nb\u{1}\u{7f}c\u{fffe}ü"), "a\u{fffd}b\u{fffd}\u{fffd}c\u{fffd}ü");
    }
}
