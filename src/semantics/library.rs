//! The standard library: modules written in dbm, embedded in the binary. Read by resolve when a program imports `std.…`.

/// The modules of `std` that are written in dbm: name and text.
pub const MODULES: &[(&str, &str)] = &[
    ("agent", include_str!("../../stdlib/agent.dbm")),
    ("graph", include_str!("../../stdlib/graph.dbm")),
    ("readers.anthropic", include_str!("../../stdlib/readers/anthropic.dbm")),
    ("readers.cargo_metadata", include_str!("../../stdlib/readers/cargo_metadata.dbm")),
    ("readers.mcp", include_str!("../../stdlib/readers/mcp.dbm")),
    ("readers.n8n", include_str!("../../stdlib/readers/n8n.dbm")),
    ("readers.node_link", include_str!("../../stdlib/readers/node_link.dbm")),
    ("readers.openai", include_str!("../../stdlib/readers/openai.dbm")),
    ("readers.otel_genai", include_str!("../../stdlib/readers/otel_genai.dbm")),
];

/// The text of a module of `std`.
pub fn find(name: &str) -> Option<&'static str> {
    MODULES.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}
