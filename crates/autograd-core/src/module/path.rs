//! The path of a leaf: `encoder.2.weight`.

use std::fmt;

/// The names from the root of a module tree to one of its parts. It lives on the stack while the tree is walked and
/// costs nothing until it is printed.
///
/// # Examples
/// ```
/// use autograd_core::module::Path;
/// assert_eq!(Path::root().child("encoder").index(2).child("weight").to_string(), "encoder.2.weight");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    segment: Segment<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Segment<'a> {
    Root,
    Name(&'a str),
    Index(usize),
}

impl Path<'_> {
    /// The root of a tree.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::Path;
    /// assert_eq!(Path::root().to_string(), "");
    /// ```
    pub fn root() -> Path<'static> {
        Path { parent: None, segment: Segment::Root }
    }

    /// The part called `name` below this one.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::Path;
    /// assert_eq!(Path::root().child("encoder").child("weight").to_string(), "encoder.weight");
    /// ```
    pub fn child<'b>(&'b self, name: &'b str) -> Path<'b> {
        Path { parent: Some(self), segment: Segment::Name(name) }
    }

    /// Element number `index` below this one.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::Path;
    /// assert_eq!(Path::root().child("layers").index(2).to_string(), "layers.2");
    /// ```
    pub fn index(&self, index: usize) -> Path<'_> {
        Path { parent: Some(self), segment: Segment::Index(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if !matches!(parent.segment, Segment::Root) {
                f.write_str(".")?;
            }
        }
        match self.segment {
            Segment::Root => Ok(()),
            Segment::Name(name) => f.write_str(name),
            Segment::Index(index) => write!(f, "{index}"),
        }
    }
}
