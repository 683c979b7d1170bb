//! `std.spdx`: the licences in an SPDX expression, as package files have them.
use super::signature::{fixed, refuse, text, texts};
use super::table::Builtin;
use crate::scalar::expression::Fault;
use crate::scalar::types::Type;
use std::collections::BTreeSet;

pub const TABLE: &[Builtin] = &[Builtin {
    name: "licences",
    usage: "licences(expression): [Text]",
    doc: "the ids of the licences in an SPDX expression, distinct and sorted, without exceptions and the `+` of \"or later\"; `A/B` is `A OR B`",
    signature: |a| fixed("licences", a, &[Type::Text], 0, Type::Text.list()),
    call: |a| licences(text(a, 0)?).map(texts),
}];

/// The ids, once the expression has been found to be one: `ids` joined by AND and OR, with parentheses and `WITH exception`.
fn licences(expression: &str) -> Result<BTreeSet<&str>, Fault> {
    let bad = |why: &str| refuse(expression, &format!("is not an SPDX expression: {why}"));
    let mut ids = BTreeSet::new();
    let mut open = 0usize;
    // whether a licence may stand here, and whether an exception may follow one
    let mut wants = true;
    let mut exception = false;
    for token in tokens(expression) {
        match (token, wants) {
            ("(", true) if !exception => open += 1,
            (")", false) if open > 0 => open -= 1,
            ("(" | ")", _) => return Err(bad("a parenthesis is out of place")),
            ("AND" | "and" | "OR" | "or" | "/", false) => wants = true,
            ("WITH" | "with", false) => {
                wants = true;
                exception = true;
            }
            ("AND" | "and" | "OR" | "or" | "WITH" | "with" | "/", true) => {
                return Err(bad(&format!("`{token}` stands where a licence should")));
            }
            (_, false) => return Err(bad(&format!("AND or OR is missing before `{token}`"))),
            (id, true) => {
                let bare = id.strip_suffix('+').unwrap_or(id);
                if bare.is_empty() || !bare.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':' | b'_')) {
                    return Err(bad(&format!("`{id}` is not an id")));
                }
                if !exception {
                    ids.insert(bare);
                }
                wants = false;
                exception = false;
            }
        }
    }
    match (wants, open) {
        (true, _) => Err(bad("a licence is missing at its end")),
        (false, 0) => Ok(ids),
        _ => Err(bad("a parenthesis is never closed")),
    }
}

/// Words, parentheses and slashes.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['(', ')', '/', ' ', '\t', '\n'])
        .flat_map(|piece| {
            let end = piece.char_indices().next_back().filter(|(_, c)| matches!(c, '(' | ')' | '/' | ' ' | '\t' | '\n'));
            let (word, mark) = piece.split_at_checked(end.map_or(piece.len(), |(i, _)| i)).unwrap_or((piece, ""));
            [word, mark.trim()]
        })
        .filter(|t| !t.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_licences_of_an_expression_are_its_ids() {
        for (expression, is) in [
            ("MIT", "MIT"),
            ("MIT OR Apache-2.0", "Apache-2.0 MIT"),
            ("MIT/Apache-2.0", "Apache-2.0 MIT"),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", "Apache-2.0 MIT Unicode-3.0"),
            ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", "Apache-2.0 MIT"),
            ("GPL-2.0+", "GPL-2.0"),
            ("((MIT))", "MIT"),
            ("DocumentRef-x:LicenseRef-y and MIT", "DocumentRef-x:LicenseRef-y MIT"),
        ] {
            let found: Vec<_> = licences(expression).unwrap().into_iter().collect();
            assert_eq!(found.join(" "), is, "{expression}");
        }
        for bad in [
            "",
            "MIT OR",
            "OR MIT",
            "MIT MIT",
            "(MIT",
            "MIT)",
            "()",
            "MIT WITH",
            "MIT WITH (x)",
            "MIT, BSD",
            "see file",
            "+",
            "MIT ( OR BSD",
        ] {
            assert!(licences(bad).is_err(), "{bad}");
        }
        assert_eq!(
            licences("MIT GPL").unwrap_err().text,
            "`\"MIT GPL\"` is not an SPDX expression: AND or OR is missing before `GPL`"
        );
    }
}
