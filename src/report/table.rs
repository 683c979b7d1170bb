//! The answer to a query as a table for people, as JSON, as CSV. Fed with the table, read by the command line.
use super::style::{Style, Tone, clean, counted, grouped};
use super::text::shown;
use crate::verdict::Table;
use unicode_width::UnicodeWidthStr;

/// Columns under their names, then how many there are.
pub fn text(table: &Table, style: Style) -> String {
    text_of(table, usize::MAX, style)
}

/// The same, with at most so many rows.
pub fn text_of(table: &Table, most: usize, style: Style) -> String {
    if table.columns.is_empty() {
        return match (table.rows.is_empty(), table.unknown()) {
            (false, _) => "true\n".into(),
            (true, Some(why)) => format!("unknown: {}\n", clean(why)),
            (true, None) => "false\n".into(),
        };
    }
    let cells: Vec<Vec<String>> =
        table.rows.iter().take(most).map(|r| r.iter().map(|v| clean(&shown(v)).replace('\n', "\\n")).collect()).collect();
    let widths: Vec<usize> = table
        .columns
        .iter()
        .enumerate()
        .map(|(i, c)| cells.iter().filter_map(|r| r.get(i)).map(|t| t.width()).chain([c.width()]).max().unwrap_or(0))
        .collect();
    let line = |row: &[String]| {
        let padded = row.iter().zip(&widths).map(|(t, w)| format!("{t}{}", " ".repeat(w.saturating_sub(t.width()))));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_string()
    };
    let mut out = style.paint(Tone::Strong, &line(&table.columns));
    out.push('\n');
    let rule: Vec<String> = widths.iter().map(|w| style.sign("─", "-").repeat(*w)).collect();
    out.push_str(&style.paint(Tone::Faint, &line(&rule)));
    out.push('\n');
    for row in &cells {
        out.push_str(&line(row));
        out.push('\n');
    }
    let all = counted(table.rows.len() as u64, "binding", "bindings");
    let closing = match table.rows.len().checked_sub(most).filter(|n| *n > 0) {
        Some(more) => format!("and {} more ({all})", grouped(more as u64)),
        None => all,
    };
    out.push_str(&style.paint(Tone::Faint, &closing));
    out.push('\n');
    if let Some(why) = table.unknown() {
        let more = if table.rows.is_empty() { "whether there are any" } else { "whether there are more" };
        out.push_str(&style.paint(Tone::Doubt, &format!("{more} is unknown: {}", clean(why))));
        out.push('\n');
    }
    out
}

/// `{"columns": […], "rows": [[…]]}`, with `"unknown": true` where a fault or a limit may hide rows.
pub fn json(table: &Table) -> String {
    #[derive(serde::Serialize)]
    struct TableJson<'a> {
        columns: &'a [String],
        rows: &'a [Vec<serde_json::Value>],
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        unknown: bool,
    }
    let text = serde_json::to_string_pretty(&TableJson {
        columns: &table.columns,
        rows: &table.rows,
        unknown: table.unknown().is_some(),
    });
    text.unwrap_or_default() + "\n"
}

/// RFC 4180, with a line of names; text without quotes of its own, lists as JSON, what is absent empty.
pub fn csv(table: &Table) -> String {
    let mut out = String::new();
    let mut line = |cells: Vec<String>| {
        let quoted = cells
            .iter()
            .map(|c| if c.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", c.replace('"', "\"\"")) } else { c.clone() });
        out.push_str(&quoted.collect::<Vec<_>>().join(","));
        out.push_str("\r\n");
    };
    line(table.columns.clone());
    for row in &table.rows {
        line(
            row.iter()
                .map(|v| match v {
                    serde_json::Value::Null => String::new(),
                    serde_json::Value::String(s) => s.clone(),
                    v => v.to_string(),
                })
                .collect(),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn table() -> Table {
        let rows = vec![vec![json!("Service(\"a\")"), json!(3)], vec![json!("Service(\"b,c\")"), json!(null)]];
        Table { columns: vec!["s".into(), "节点".into()], rows, diagnostics: vec![] }
    }

    #[test]
    fn columns_are_aligned_by_width() {
        let want = "s               节点\n──────────────  ────\nService(\"a\")    3\nService(\"b,c\")  none\n2 bindings\n";
        assert_eq!(text(&table(), Style::PLAIN), want);
    }
    #[test]
    fn a_closed_formula_is_true_or_false() {
        let mut t = Table::default();
        assert_eq!(text(&t, Style::PLAIN), "false\n");
        t.rows.push(vec![]);
        assert_eq!(text(&t, Style::PLAIN), "true\n");
    }
    #[test]
    fn csv_quotes_what_needs_it() {
        assert_eq!(csv(&table()), "s,节点\r\n\"Service(\"\"a\"\")\",3\r\n\"Service(\"\"b,c\"\")\",\r\n");
    }
}
