//! Order and places.

use super::{List, indices};
use crate::workloads::Result;
use wengert::core::EmbeddingOptions;

pub fn add(list: &mut List) -> Result {
    list.add("sort_1024", &[&[1024, 1024]], |x| Ok(x[0].sort(1)?.0));
    list.add("topk8_1024", &[&[1024, 1024]], |x| Ok(x[0].topk(8, 1)?.0));
    list.add("median_1024", &[&[1024, 1024]], |x| Ok(x[0].median_dim(1)?.0));
    let places = indices(&[1024, 1024], 1024)?;
    list.add("gather_1024", &[&[1024, 1024]], move |x| x[0].gather(1, &places));
    let rows = indices(&[4096], 1024)?;
    list.add("index_add_4096", &[&[1024, 256], &[4096, 256]], move |x| x[0].index_add(0, &rows, &x[1], 1.0));
    let words = indices(&[64, 64], 50_000)?;
    list.add("embedding_50k", &[&[50_000, 64]], move |x| x[0].embedding(&words, EmbeddingOptions::new()));
    Ok(())
}
