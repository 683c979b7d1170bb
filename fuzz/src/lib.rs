//! What the fuzz targets do with their bytes. The ordinary tests of dbm run the same bodies (`tests/it/fuzz.rs`).
pub mod bodies;
