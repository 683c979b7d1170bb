//! Diagnostics as data: a code, labelled places, notes, help, edits. Made by every stage, drawn by report.
use super::span::Place;

/// A stable code: `DBM` and four digits, with its short name. Each stage lists its own in its `error.rs`.
///
/// Ranges: 01xx syntax, 02xx names and imports, 03xx types, 04xx scope, binding and strata, 05xx candidates and readers,
/// 06xx faults and limits while running, 07xx the command line and parameters, 08xx lints, 09xx not there yet and internal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code {
    /// The four digits.
    pub number: u16,
    /// A short name in kebab case, unique.
    pub name: &'static str,
}

impl Code {
    /// A code; used in the tables of the stages.
    pub const fn new(number: u16, name: &'static str) -> Self {
        Code { number, name }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DBM{:04}", self.number)
    }
}

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing can go on from here.
    Error,
    /// Probably a mistake.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// `error`, `warning` or `info`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// One place involved, and what it has to do with the matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What is there; may be empty for the primary label.
    pub text: String,
    /// Whether this is the place the diagnostic is about.
    pub primary: bool,
}

/// A replacement of the text at a place (an insertion where the place is empty).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEdit {
    /// What is replaced.
    pub place: Place,
    /// By what.
    pub text: String,
}

/// One way out: edits that belong together. Several suggestions of a diagnostic are alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What applying it does.
    pub message: String,
    /// All or none of them.
    pub edits: Vec<TextEdit>,
}

/// Something to tell the user, as data.
///
/// Messages are lower case, without a final stop, with the user's words in backticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// How grave.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// The places, primary first.
    pub labels: Vec<Label>,
    /// Facts that explain.
    pub notes: Vec<String>,
    /// What to try.
    pub helps: Vec<String>,
    /// Alternatives, each a set of edits.
    pub suggestions: Vec<Suggestion>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: Code, title: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, title)
    }
    /// A warning.
    pub fn warning(code: Code, title: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, title)
    }
    /// A diagnostic of any severity.
    pub fn new(code: Code, severity: Severity, title: impl Into<String>) -> Self {
        Diagnostic { code, severity, title: title.into(), labels: vec![], notes: vec![], helps: vec![], suggestions: vec![] }
    }
    /// Adds the place it is about.
    pub fn at(mut self, place: Place, text: impl Into<String>) -> Self {
        self.labels.push(Label { place, text: text.into(), primary: true });
        self
    }
    /// Adds another place involved.
    pub fn also(mut self, place: Place, text: impl Into<String>) -> Self {
        self.labels.push(Label { place, text: text.into(), primary: false });
        self
    }
    /// Adds a fact that explains.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }
    /// Adds what to try.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(text.into());
        self
    }
    /// Adds an alternative of one edit.
    pub fn suggest(mut self, message: impl Into<String>, place: Place, text: impl Into<String>) -> Self {
        let edits = vec![TextEdit { place, text: text.into() }];
        self.suggestions.push(Suggestion { message: message.into(), edits });
        self
    }
    /// The place it is about, if it has one.
    pub fn primary(&self) -> Option<Place> {
        self.labels.iter().find(|l| l.primary).or(self.labels.first()).map(|l| l.place)
    }
    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Longer names than this (in bytes) were not mistyped by hand; to compare them takes the product of their lengths.
const TYPED: usize = 200;

/// The nearest of `names` to `wrong`, if it is near enough to be what was meant. Of one or two letters every other name is near: there only
/// capitals may differ.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.len() > TYPED {
        return None;
    }
    let length = wrong.chars().count();
    let limit = if length < 3 { 0 } else { length / 3 };
    names
        .into_iter()
        .filter(|n| *n != wrong && n.len() <= TYPED)
        .map(|n| (strsim::damerau_levenshtein(&wrong.to_lowercase(), &n.to_lowercase()), n))
        .filter(|(d, _)| *d <= limit)
        .min()
        .map(|(_, n)| n)
}
