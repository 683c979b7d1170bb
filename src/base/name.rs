//! Names as they stand in a source. Read by syntax, and by whoever shows a name.

/// The words that are reserved everywhere. A name in backticks may be one of them.
pub const RESERVED: [&str; 22] = [
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
];

/// A name as it stands in a source: in backticks if it is not an identifier or is reserved.
pub fn quoted(name: &str) -> String {
    let mut chars = name.chars();
    let plain =
        chars.next().is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c)) && chars.all(unicode_ident::is_xid_continue);
    if plain && name != "_" && !RESERVED.contains(&name) { name.to_string() } else { format!("`{name}`") }
}
