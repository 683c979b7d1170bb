//! Names as they stand in a source. Read by graph, and by whoever shows a kind.

/// A name as it stands in a source: in backticks if it is not an identifier or is reserved.
pub fn quoted(name: &str) -> String {
    let mut chars = name.chars();
    let plain =
        chars.next().is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c)) && chars.all(unicode_ident::is_xid_continue);
    const RESERVED: [&str; 23] = [
        "and",
        "or",
        "not",
        "implies",
        "if",
        "then",
        "else",
        "true",
        "false",
        "none",
        "in",
        "is",
        "has",
        "as",
        "some",
        "no",
        "every",
        "exactly",
        "earlier",
        "where",
        "satisfies",
        "for",
        "_",
    ];
    if plain && !RESERVED.contains(&name) { name.to_string() } else { format!("`{name}`") }
}
