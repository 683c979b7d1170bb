//! The standard library: modules written in dbm, embedded in the binary. Read by resolve when a program imports `std.…`.

/// The modules of `std` that are written in dbm: name and text.
pub const MODULES: &[(&str, &str)] = &[
    ("graph", include_str!("../../stdlib/graph.dbm")),
    ("readers.cargo_metadata", include_str!("../../stdlib/readers/cargo_metadata.dbm")),
    ("readers.n8n", include_str!("../../stdlib/readers/n8n.dbm")),
    ("readers.node_link", include_str!("../../stdlib/readers/node_link.dbm")),
];

/// The text of a module of `std`.
pub fn find(name: &str) -> Option<&'static str> {
    MODULES.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}
