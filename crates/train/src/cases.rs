//! The tests that rows make: one macro and one report for all families.

/// Gives a family its `cases!`, the test of a member: rows of the family's `Case`, through its suite. It takes `$` and
/// the family, because a macro cannot write a macro with repetitions otherwise.
// rustfmt moves a macro in a macro further to the right each time.
#[rustfmt::skip]
macro_rules! family {
    ($d:tt $family:ident) => {
        /// The test of a member of the family: rows of its `Case`.
        macro_rules! cases {
            ($d($d case:expr),* $d(,)?) => {
                #[test]
                fn cases() {
                    #[allow(unused_imports, reason = "a file may have functions that make its rows")]
                    use crate::$family::cases::Case;
                    crate::$family::cases::run(vec![$d($d case),*]);
                }
            };
        }
    };
}

/// Fails with everything that is wrong: the title of a case, and what it is.
pub(crate) fn report<'w>(wrong: impl IntoIterator<Item = (&'w str, &'w String)>) {
    let wrong: Vec<String> = wrong.into_iter().map(|(title, wrong)| format!("{title}: {wrong}")).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
