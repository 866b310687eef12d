//! Golden cases from other frameworks, run against this library.
//!
//! Each case is one call with inputs, arguments and the values and gradients that PyTorch, scikit-learn, Keras or optax
//! computed for it in 64-bit floats. The cases of one family are in one file, `<family>.jsonl`, one per line.
//! [`case`] is the format, [`operations`] the register of what the library has, [`family`] runs each kind of case.
//!
//! A case *passes* if everything compared is as wanted; a case that must be refused passes if any error is reported. It
//! is *unsupported* if its name has no entry in the register, or an argument has a value without an equivalent: names
//! and arguments decide, never results. Otherwise it *failed*. Cases run in F64 and, where they are meant for it, in
//! F32 as well, with the wider tolerance; both must be right.
#![forbid(unsafe_code)]

pub mod call;
pub mod case;
pub mod compare;
pub mod family;
pub mod folder;
pub mod isolate;
pub mod operations;
pub mod report;
pub mod stop;
pub mod verdict;
