//! Masks: their logic, and the choice by them.

mod masks;
mod where_cond;
