//! Draws diagnostics in the terminal, with ariadne. Fed with diagnostics as data and the sources, read by the command line.
use super::excerpt::{Excerpt, excerpts};
use super::style::{Style, clean, message, shorten};
use crate::base::{Diagnostic, Severity, Sources, Suggestion};
use ariadne::{CharSet, Color, Config, IndexType, Label, Report, ReportKind, Source};

/// The text of a diagnostic, its places drawn, ending with an empty line.
pub fn draw(diagnostic: &Diagnostic, sources: &Sources, style: Style) -> String {
    let shown = excerpts(sources, &diagnostic.labels);
    let (word, color) = match diagnostic.severity {
        Severity::Error => ("error", Color::Red),
        Severity::Warning => ("warning", Color::Yellow),
        Severity::Info => ("info", Color::Fixed(147)),
    };
    let start = shown.first().and_then(|e| e.labels.iter().find(|l| l.primary).or(e.labels.first())).map_or(0, |l| l.range.start);
    let config = Config::new().with_color(style.color).with_index_type(IndexType::Char).with_char_set(if style.unicode {
        CharSet::Unicode
    } else {
        CharSet::Ascii
    });
    let mut report = Report::build(ReportKind::Custom(word, color), (0usize, start..start))
        .with_config(config)
        .with_code(diagnostic.code)
        .with_message(message(&diagnostic.title));
    for (i, e) in shown.iter().enumerate() {
        for l in &e.labels {
            let label = Label::new((i, l.range.clone())).with_color(if l.primary { color } else { Color::Cyan });
            // ariadne underlines nothing where there is nothing to say
            let text = if l.text.is_empty() { "here".into() } else { message(&l.text) };
            report.add_label(label.with_message(text));
        }
    }
    for help in &diagnostic.helps {
        report.add_help(message(help));
    }
    for way in ways_out(diagnostic, sources) {
        report.add_help(message(&way));
    }
    for note in &diagnostic.notes {
        report.add_note(message(note));
    }
    let mut out = vec![];
    // writing to memory does not fail; if ariadne should, the title still says what is wrong
    let drawn = report.finish().write(Cache::new(&shown), &mut out).is_ok();
    let text = String::from_utf8_lossy(&out);
    let text = if style.color { text.into_owned() } else { without_colors(&text) };
    if !drawn {
        return format!("[{}] {word}: {}\n\n", diagnostic.code, message(&diagnostic.title));
    }
    // without places ariadne draws neither helps nor notes
    if shown.is_empty() {
        let mut plain = text.trim_end().to_string();
        let helps = diagnostic.helps.iter().cloned().chain(ways_out(diagnostic, sources));
        for (kind, line) in helps.map(|h| ("Help", h)).chain(diagnostic.notes.iter().map(|n| ("Note", n.clone()))) {
            plain.push_str(&format!("\n  {kind}: {}", message(&line)));
        }
        return plain + "\n\n";
    }
    locate(&text, &shown) + "\n"
}

/// ariadne colours the word in front even where it is told not to. What is drawn has no other escapes: texts are cleaned.
fn without_colors(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |out, part| out + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// What the suggestions do, in words; without those that a help or a label has said already.
fn ways_out(diagnostic: &Diagnostic, sources: &Sources) -> Vec<String> {
    let said = |text: &str| diagnostic.helps.iter().chain(diagnostic.labels.iter().map(|l| &l.text)).any(|h| h.contains(text));
    let meant = |s: &Suggestion| match s.edits.as_slice() {
        [edit] => said(&format!("did you mean `{}`?", edit.text.trim().trim_matches('"'))),
        _ => false,
    };
    let fresh = diagnostic.suggestions.iter().filter(|s| !said(&s.message) && !meant(s));
    fresh.map(|s| way_out(s, sources)).collect()
}

/// What a suggestion does, in words.
fn way_out(suggestion: &Suggestion, sources: &Sources) -> String {
    let text = &suggestion.message;
    let [edit] = suggestion.edits.as_slice() else { return text.clone() };
    let (old, new) = (sources.text(edit.place), edit.text.trim());
    if new.contains('\n') || old.contains('\n') || text.contains(&quoted(new)) {
        return text.clone();
    }
    let (old, new) = (shorten(old.trim(), 60), shorten(new, 60));
    match (old.is_empty(), new.is_empty()) {
        (true, true) => text.clone(),
        (true, false) => {
            let at = sources.position(edit.place).map(|(_, line, column)| format!(" at {line}:{column}")).unwrap_or_default();
            format!("{text}: insert {}{at}", quoted(&new))
        }
        (false, true) => format!("{text}: remove {}", quoted(&old)),
        (false, false) => format!("{text}: replace {} with {}", quoted(&old), quoted(&new)),
    }
}

/// In backticks, as Markdown does it where there are backticks inside.
fn quoted(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// Sets the true file names and positions where the marks of [`Cache`] stand: ariadne knows only the excerpts.
fn locate(text: &str, shown: &[Excerpt]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(MARK) {
        out.push_str(before);
        let Some((number, tail)) = after.split_once(MARK) else {
            rest = after;
            break;
        };
        match number.parse::<usize>().ok().and_then(|n| shown.get(n)) {
            Some(e) => {
                out.push_str(&format!("{}:{}:{}", clean(&e.name), e.line, e.column));
                // `:line:column` of the excerpt
                rest = tail.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit() || c == '?');
            }
            None => rest = tail,
        }
    }
    out.push_str(rest);
    // ariadne pads lines; trailing blanks would differ between terminals and snapshots
    out.lines().flat_map(|l| [l.trim_end(), "\n"]).collect()
}

/// Cannot stand in an excerpt: control characters are replaced there.
const MARK: char = '\u{1}';

struct Cache {
    sources: Vec<Source<String>>,
}

impl Cache {
    fn new(shown: &[Excerpt]) -> Self {
        Cache { sources: shown.iter().map(|e| Source::from(e.text.clone())).collect() }
    }
}

impl ariadne::Cache<usize> for Cache {
    type Storage = String;
    fn fetch(&mut self, id: &usize) -> Result<&Source<String>, impl std::fmt::Debug> {
        self.sources.get(*id).ok_or("no such excerpt")
    }
    fn display<'a>(&self, id: &'a usize) -> Option<impl std::fmt::Display + 'a> {
        Some(format!("{MARK}{id}{MARK}"))
    }
}
