//! Readers of files, one module for each format.
//!
//! A reader trusts no size in a file until the bytes are there: it checks sizes before it allocates memory for them.
//! Bytes after the promised end are an error, like missing ones.

pub mod idx;
