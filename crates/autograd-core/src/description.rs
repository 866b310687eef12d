//! Kinds and options as text, for telling whether two things are the same.

use std::fmt::Debug;

/// The kind of a thing and its options: `Adam` with `lr` 0.1 and `eps` 1e-8. What a run is made of (its loss, its
/// schedule) describes itself by one, and a checkpoint refuses a run that is made of something else.
///
/// ```
/// use autograd_core::Description;
///
/// #[derive(Debug)]
/// struct Huber { delta: f64 }
///
/// let description = Description::from_debug(&Huber { delta: 0.5 });
/// assert_eq!(description, Description::new("Huber").option("delta", 0.5));
/// assert_eq!(description.to_string(), "Huber { delta: 0.5 }");
/// assert_eq!((description.kind(), description.options().next()), ("Huber", Some(("delta", "0.5"))));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    kind: String,
    options: Vec<(String, String)>,
}

impl Description {
    /// A thing of this kind, without options.
    pub fn new(kind: impl Into<String>) -> Description {
        Description { kind: kind.into(), options: Vec::new() }
    }

    /// The name of a type, and no options: what can be said of a type that says nothing itself. A closure is called
    /// after the function that it stands in; what it has captured is not seen.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Description;
    /// assert_eq!(Description::of::<f64>(), Description::new("f64"));
    /// ```
    pub fn of<T: ?Sized>() -> Description {
        Description::new(std::any::type_name::<T>())
    }

    /// The kind and the fields that a derived `Debug` shows. Any other text is the kind as a whole.
    pub fn from_debug(value: &dyn Debug) -> Description {
        let text = format!("{value:?}");
        let named = |text: &str| -> Option<Description> {
            let (kind, fields) = text.strip_suffix(" }")?.split_once(" { ")?;
            let options = split(fields)?.into_iter().map(|field| {
                let (name, value) = field.split_once(": ")?;
                Some((name.to_string(), value.to_string()))
            });
            Some(Description { kind: kind.into(), options: options.collect::<Option<_>>()? })
        };
        named(&text).unwrap_or_else(|| Description::new(text))
    }

    /// The same with one more option, as its `Debug` shows it, in place of one of that name. A tensor should be given as
    /// numbers: its `Debug` is cut short.
    #[must_use]
    pub fn option(mut self, name: impl Into<String>, value: impl Debug) -> Description {
        let (name, value) = (name.into(), format!("{value:?}"));
        match self.options.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.options.push((name, value)),
        }
        self
    }

    /// The kind.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The options with their values, in order.
    pub fn options(&self) -> impl Iterator<Item = (&str, &str)> {
        self.options.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl std::fmt::Display for Description {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.kind)?;
        for (i, (name, value)) in self.options().enumerate() {
            write!(f, "{}{name}: {value}", if i == 0 { " { " } else { ", " })?;
        }
        if self.options.is_empty() { Ok(()) } else { f.write_str(" }") }
    }
}

/// The parts between commas that stand outside of brackets and strings; none if brackets do not match.
fn split(fields: &str) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    let mut characters = fields.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.checked_sub(1)?,
            '"' => {
                while let Some((_, inside)) = characters.next() {
                    match inside {
                        '\\' => drop(characters.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            ',' if depth == 0 => {
                parts.push(fields[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(fields[start..].trim());
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::Description;
    use std::fmt::Debug;

    #[derive(Debug)]
    #[allow(dead_code, reason = "shown by Debug")]
    enum Any {
        Unit,
        Tuple(f64, &'static str),
        Named { text: &'static str, list: Vec<f64>, inner: Option<Box<Any>> },
    }

    #[test]
    fn fields_of_derived_debug_are_options() {
        let inner = Some(Box::new(Any::Named { text: "}", list: Vec::new(), inner: None }));
        let named = Any::Named { text: "a, \"b: {", list: vec![0.9, 0.999], inner };
        let cases: [(&dyn Debug, Description); 4] = [
            (&Any::Unit, Description::new("Unit")),
            (&Any::Tuple(0.5, "x"), Description::new("Tuple(0.5, \"x\")")),
            (&"text, { more }", Description::new("\"text, { more }\"")),
            (
                &named,
                Description::new("Named")
                    .option("text", "a, \"b: {")
                    .option("list", [0.9, 0.999])
                    .option("inner", Some(Any::Named { text: "}", list: Vec::new(), inner: None })),
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(Description::from_debug(value), expected);
        }
        assert!(Description::of::<Any>().kind().ends_with("::Any"));
    }
}
