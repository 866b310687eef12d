//! Kinds and options as text, for telling whether two things are the same.

use std::fmt::{Debug, Display};

/// The kind of a thing and its options: `Adam` with `lr` 0.1 and `eps` 1e-8. What a run is made of (its model, its
/// loss, its schedule) describes itself by one, and a checkpoint refuses a run that is made of something else.
///
/// A thing with parts has their kinds and options under their names:
///
/// ```
/// use autograd_core::Description;
///
/// let part = Description::new("Dropout").option("p", 0.2);
/// let whole = Description::new("Block").option("groups", 4).part("drop", &part);
/// assert_eq!(whole.to_string(), "Block { groups: 4, drop: Dropout, drop.p: 0.2 }");
/// ```
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
    form: Form,
}

/// The sorts of what is described, which differ where they are parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Thing,
    /// A number, a text: a list of them is one text.
    Value,
    /// A leaf of a module, of which there is nothing to say but its value.
    Leaf,
}

impl Description {
    /// A thing of this kind, without options.
    pub fn new(kind: impl Into<String>) -> Description {
        Description { kind: kind.into(), options: Vec::new(), form: Form::Thing }
    }

    /// A plain value, as its `Debug` shows it.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Description;
    /// assert_eq!(Description::value(0.5).to_string(), "0.5");
    /// ```
    pub fn value(value: impl Debug) -> Description {
        Description { form: Form::Value, ..Description::new(format!("{value:?}")) }
    }

    pub(crate) fn leaf(kind: &str) -> Description {
        Description { form: Form::Leaf, ..Description::new(kind) }
    }

    /// What is there or not.
    pub(crate) fn optional(inner: Option<Description>) -> Description {
        match inner {
            None => Description::value(None::<()>),
            Some(inner) if inner.form == Form::Value => Description::value(format_args!("Some({})", inner.kind)),
            Some(inner) => inner,
        }
    }

    /// Parts by position. A list of plain values is one value, in these brackets.
    pub(crate) fn list(brackets: [&str; 2], parts: impl Iterator<Item = Description>) -> Description {
        let parts: Vec<Description> = parts.collect();
        if parts.iter().all(|part| part.form == Form::Value) {
            let values: Vec<&str> = parts.iter().map(|part| part.kind.as_str()).collect();
            return Description::value(format_args!("{}{}{}", brackets[0], values.join(", "), brackets[1]));
        }
        let count = if parts.len() == 1 { "1 part".into() } else { format!("{} parts", parts.len()) };
        parts.iter().enumerate().fold(Description::new(count), |list, (position, part)| list.part(position, part))
    }

    /// A type by its name and the path of its module, which the derive of `Module` knows. The library's layers go by
    /// their names alone.
    #[doc(hidden)]
    pub fn in_module(module: &str, name: &str) -> Description {
        match module.split("::").next() {
            Some("wengert_nn") => Description::new(name),
            _ => Description::new(format!("{module}::{name}")),
        }
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
            Some(Description { options: options.collect::<Option<_>>()?, ..Description::new(kind) })
        };
        named(&text).unwrap_or_else(|| Description::new(text))
    }

    /// The same with one more option, as its `Debug` shows it, in place of one of that name. A tensor should be given
    /// as numbers: its `Debug` is cut short.
    #[must_use]
    pub fn option(mut self, name: impl Into<String>, value: impl Debug) -> Description {
        let (name, value) = (name.into(), format!("{value:?}"));
        match self.options.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.options.push((name, value)),
        }
        self
    }

    /// An option of this type, for the derive of `Module`: an error points at the type.
    #[doc(hidden)]
    #[must_use]
    pub fn field<T: Debug>(self, name: &str, value: &T) -> Description {
        self.option(name, value)
    }

    /// The same with a part: its kind under `name`, its options under `name.option`. Of a parameter or another leaf
    /// of a module there is nothing to say.
    #[must_use]
    pub fn part(mut self, name: impl Display, part: &Description) -> Description {
        if part.form != Form::Leaf {
            self.add(name.to_string(), &part.kind);
        }
        part.options().for_each(|(option, value)| self.add(format!("{name}.{option}"), value));
        self
    }

    /// The same with a part that adds no name of its own: its options stand among these.
    ///
    /// ```
    /// # use autograd_core::Description;
    /// let whole = Description::new("Frozen").flat(&Description::new("Dropout").option("p", 0.2));
    /// assert_eq!(whole.to_string(), "Frozen of Dropout { p: 0.2 }");
    /// ```
    #[must_use]
    pub fn flat(mut self, part: &Description) -> Description {
        if part.form != Form::Leaf {
            self.kind = format!("{} of {}", self.kind, part.kind);
        }
        part.options().for_each(|(option, value)| self.add(option.into(), value));
        self
    }

    /// Nothing is lost where two parts have one name.
    fn add(&mut self, name: String, value: &str) {
        match self.options.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = format!("{old}, {value}"),
            None => self.options.push((name, value.into())),
        }
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
    #[expect(dead_code, reason = "shown by Debug")]
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

    #[test]
    fn parts_stand_under_their_names() {
        let value = |x: f64| Description::value(x);
        let tanh = || Description::new("Tanh");
        let list = |parts: Vec<Description>| Description::list(["[", "]"], parts.into_iter());
        let cases = [
            (list(vec![]), "[]"),
            (list(vec![value(1.0), value(0.5)]), "[1.0, 0.5]"),
            (list(vec![list(vec![]), list(vec![value(1.0)])]), "[[], [1.0]]"),
            (list(vec![Description::leaf("Param")]), "1 part"),
            (
                list(vec![tanh(), Description::optional(None), tanh().option("a", "x")]),
                "3 parts { 0: Tanh, 1: None, 2: Tanh, 2.a: \"x\" }",
            ),
            (Description::optional(Some(Description::optional(None))), "Some(None)"),
            (Description::optional(Some(Description::optional(Some(value(1.0))))), "Some(Some(1.0))"),
            (Description::optional(Some(tanh())), "Tanh"),
            (tanh().part("w", &Description::leaf("Param")).flat(&Description::leaf("Param")), "Tanh"),
            (tanh().flat(&tanh().option("a", 1)).flat(&tanh().option("a", 2)), "Tanh of Tanh of Tanh { a: 1, 2 }"),
            (tanh().part("x", &tanh().part("y", &value(1.0))), "Tanh { x: Tanh, x.y: 1.0 }"),
            (Description::in_module("wengert_nn::layers", "Linear"), "Linear"),
            (Description::in_module("mine", "Linear"), "mine::Linear"),
        ];
        for (description, text) in cases {
            assert_eq!(description.to_string(), text);
        }
    }
}
