//! What policies keep of events, for people and as JSON. Fed by session, read by the command line.
use super::style::{Style, Tone, clean};
use crate::verdict::kept::{Growth, Kept};
use std::fmt::Write;

/// The version of the JSON form.
pub const VERSION: u32 = 1;

/// What is kept as text, policy by policy.
pub fn text(all: &[Kept], style: Style) -> String {
    let mut out = String::new();
    let mut policy = None;
    for k in all {
        if policy != Some(&k.policy) {
            policy = Some(&k.policy);
            let _ = writeln!(out, "{}", style.paint(Tone::Strong, &clean(&k.policy)));
        }
        let conditions = if k.conditions.is_empty() { String::new() } else { format!(" where {}", k.conditions.join(" and ")) };
        let by = if k.by.is_empty() { String::new() } else { format!(" by ({})", k.by.join(", ")) };
        let tone = if matches!(k.growth, Growth::Keys | Growth::Events) { Tone::Doubt } else { Tone::Good };
        let _ = writeln!(out, "  {} of {}{by}: {}", k.kept, clean(&format!("{}{conditions}", k.of)), style.paint(tone, &k.grows));
    }
    if all.is_empty() {
        out.push_str("no policy keeps anything\n");
    }
    out
}

/// The same as JSON, with a line end.
pub fn json(program: &str, all: &[Kept]) -> String {
    let all = serde_json::json!({ "dbm_state": VERSION, "program": program, "kept": all });
    format!("{all:#}\n")
}
