//! Candidate files as documents: JSON, JSON lines and YAML alike become checked JSON text with a way back to the file's lines.
//! Fed by session with bytes, read by native, reader and infer; kept after the run, because places are found in it again.
use super::error::*;
use super::limits::Limits;
use super::scan::{Checker, Problem, ProblemKind, Range};
use super::yaml::{self, Mapped, YamlProblem};
use crate::base::{Diagnostic, ItemId, Place, Sources, Span};
use crate::scalar::json::Lazy;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex};

/// How a candidate is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// By the extension of its name (`.json .jsonl .ndjson .yaml .yml`), else by its content.
    #[default]
    Auto,
    /// One JSON value.
    Json,
    /// A JSON value on each line.
    JsonLines,
    /// YAML, perhaps of many documents.
    Yaml,
}

/// A candidate as it comes: its name as shown to people, its bytes, and how it is written.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The name.
    pub name: &'a str,
    /// The bytes.
    pub bytes: &'a [u8],
    /// The format.
    pub format: Format,
}

/// A checked candidate file. Offsets are bytes of its JSON text; an offset is also an element's *origin*.
#[derive(Debug, Default)]
pub struct Document {
    /// The item that places in the file are relative to.
    pub(super) item: ItemId,
    /// The JSON text.
    pub(super) text: Arc<str>,
    /// The documents in it: one, but for JSON lines and YAML.
    pub(super) roots: Vec<Range>,
    /// For YAML: the way back.
    pub(super) places: Option<Vec<Mapped>>,
    /// Whether part of the text could not be read, so that what is missing says nothing.
    pub(super) torn: bool,
    /// Where the members of large lists and records begin, for those that a place was looked up in.
    pub(super) index: Mutex<FxHashMap<u32, Arc<[u32]>>>,
}

impl Document {
    /// Checks a candidate's bytes and adds the file to the sources. What is wrong goes to the findings; what could be read is there
    /// even so, but with a finding that is an error it need not be whole.
    pub fn open(input: &Input<'_>, limits: &Limits, sources: &mut Sources, findings: &mut Findings) -> Document {
        let bytes = input.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(input.bytes);
        if bytes.len() > limits.bytes.min(u32::MAX as usize - 1) {
            let mut document = Document::of(sources, input.name, Arc::from(""));
            document.torn = true;
            let (is, most) = (bytes.len(), limits.bytes);
            findings.error(|| {
                Diagnostic::error(TOO_LARGE, format!("the candidate has {is} bytes, and at most {most} are read"))
                    .at(document.place((0, 0)), "")
                    .help("a host can raise the limit (`Limits`); for a file this large, check its parts")
            });
            return document;
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(e) => {
                let at = e.valid_up_to();
                let mut document = Document::of(sources, input.name, Arc::from(String::from_utf8_lossy(bytes)));
                document.torn = true;
                let byte = bytes.get(at).copied().unwrap_or(0);
                findings.error(|| {
                    Diagnostic::error(NOT_UTF8, format!("byte {at} of the candidate is not UTF-8"))
                        .at(document.place((at as u32, at as u32 + 1)), format!("the byte 0x{byte:02X} cannot stand here"))
                        .help("save the file as UTF-8")
                });
                return document;
            }
        };
        let mut document = Document::of(sources, input.name, Arc::from(text));
        match format_of(input, text) {
            Format::Yaml => document.read_yaml(limits, findings),
            Format::JsonLines => document.read_lines(limits, findings),
            // a name that ends in `.json` promises one document
            Format::Json | Format::Auto => {
                let guess = input.format == Format::Auto && !input.name.ends_with(".json");
                document.read_json(guess, limits, findings);
            }
        }
        document
    }
    /// A file that was read otherwise, for its places.
    pub(super) fn of(sources: &mut Sources, name: &str, text: Arc<str>) -> Document {
        let file = sources.add_file(name, text.clone());
        Document { item: sources.add_item(file, 0), text, ..Document::default() }
    }
    fn read_json(&mut self, guess: bool, limits: &Limits, findings: &mut Findings) {
        let text = self.text.clone();
        let mut checker = Checker::new(&text, limits);
        match checker.value() {
            Err(p) => self.problem(&p, limits, findings),
            Ok(root) => {
                self.roots.push(root);
                if !checker.at_end() {
                    let at = checker.position() as u32;
                    let lines = text.get(..at as usize).is_some_and(|t| t.contains('\n'));
                    if guess && lines && text.get(root.0 as usize..root.1 as usize).is_some_and(|r| !r.contains('\n')) {
                        self.roots.clear();
                        return self.read_lines(limits, findings);
                    }
                    self.torn = true;
                    findings.error(|| {
                        Diagnostic::error(JSON_SYNTAX, "there is more text behind the end of the JSON document")
                            .at(self.place((at, at + 1)), "the document ended before this")
                            .help("if each line is a document, name the file `….jsonl`")
                    });
                }
            }
        }
        for p in &checker.problems {
            self.problem(p, limits, findings);
        }
    }
    fn read_lines(&mut self, limits: &Limits, findings: &mut Findings) {
        let text = self.text.clone();
        let mut start = 0;
        let mut checker = Checker::new(&text, limits);
        for line in text.split_inclusive('\n') {
            let end = start + line.len();
            if !line.trim().is_empty() {
                checker.narrow(&text, start, start + line.trim_end().len());
                match checker.value() {
                    Ok(root) => {
                        self.roots.push(root);
                        if !checker.at_end() {
                            let at = checker.position() as u32;
                            self.torn = true;
                            findings.error(|| {
                                Diagnostic::error(JSON_SYNTAX, "there is more text on the line behind its JSON document")
                                    .at(self.place((at, at + 1)), "the document ended before this")
                                    .help("in JSON lines each line is one document")
                            });
                        }
                    }
                    Err(p) => {
                        self.problem(&p, limits, findings);
                        if p.kind == ProblemKind::Many {
                            break;
                        }
                    }
                }
            }
            start = end;
        }
        for p in &checker.problems {
            self.problem(p, limits, findings);
        }
    }
    fn read_yaml(&mut self, limits: &Limits, findings: &mut Findings) {
        let converted = yaml::convert(&self.text, limits);
        for (start, end, problem) in &converted.problems {
            let place = Place::new(self.item, Span { start: *start, end: *end });
            self.torn = true;
            findings.error(|| yaml_finding(problem, place, limits));
        }
        if converted.json.len() >= u32::MAX as usize {
            return findings.error(|| Diagnostic::error(TOO_LARGE, "the YAML text is too large"));
        }
        self.text = converted.json.into();
        self.places = Some(converted.places);
        let text = self.text.clone();
        let mut checker = Checker::new(&text, limits);
        for root in converted.roots {
            checker.narrow(&text, root.0 as usize, root.1 as usize);
            match checker.value() {
                Ok(root) => self.roots.push(root),
                Err(p) => self.problem(&p, limits, findings),
            }
        }
        for p in &checker.problems {
            self.problem(p, limits, findings);
        }
    }
    fn problem(&mut self, p: &Problem, limits: &Limits, findings: &mut Findings) {
        self.torn |= p.is_fatal();
        let place = self.place(p.at);
        let json = |title: &str| Diagnostic::error(JSON_SYNTAX, title);
        findings.error(|| match &p.kind {
            ProblemKind::Syntax(what, help) => {
                let d = json("this is not JSON").at(place, what.clone());
                help.iter().fold(d, |d, h| d.help(*h))
            }
            ProblemKind::Truncated(open) => {
                let d = json("the JSON text ends too early").at(place, "the text ends here");
                let d = match open {
                    Some(open) => d.also(self.place(*open), "this was not closed"),
                    None => d,
                };
                d.help("see whether the file was cut off when it was written or copied")
            }
            ProblemKind::Deep => {
                Diagnostic::error(TOO_DEEP, format!("lists and records are nested more than {} deep", limits.depth))
                    .at(place, "one level too many")
            }
            ProblemKind::Many => Diagnostic::error(TOO_LARGE, format!("the candidate has more than {} values", limits.elements))
                .at(place, "the reading stopped here"),
            ProblemKind::DuplicateKey(first) => {
                let key = self.text.get(p.at.0 as usize..p.at.1 as usize).map(super::scan::unquote).unwrap_or_default();
                Diagnostic::error(DUPLICATE_KEY, format!("the key `{key}` stands twice in one record"))
                    .at(place, "the second")
                    .also(self.place(*first), "the first")
                    .help("keep one of them: which one is meant cannot be known")
            }
            ProblemKind::Number => Diagnostic::error(NUMBER_RANGE, "the number is too large")
                .at(place, "this does not fit 64 bits")
                .help("put it in quotes, if it is an identifier"),
        });
    }
    /// The place of a range of the JSON text, in the file.
    pub fn place(&self, range: Range) -> Place {
        let span = match &self.places {
            None => Span { start: range.0, end: range.1 },
            Some(places) => {
                let at = places.partition_point(|m| m.json <= range.0).saturating_sub(1);
                places.get(at).map_or(Span::default(), |m| Span { start: m.start, end: m.end })
            }
        };
        Place::new(self.item, span)
    }
    /// The documents, as values that have not been read.
    pub fn values(&self) -> impl Iterator<Item = Lazy> + '_ {
        self.roots.iter().map(|r| Lazy { text: self.text.clone(), start: r.0, end: r.1 })
    }
    /// Whether part of the text could not be read; that was reported, and what else is missing says nothing.
    pub fn is_torn(&self) -> bool {
        self.torn
    }
    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.roots.len()
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }
    /// The item that places in the file are relative to.
    pub fn item(&self) -> ItemId {
        self.item
    }
}

fn format_of(input: &Input<'_>, text: &str) -> Format {
    if input.format != Format::Auto {
        return input.format;
    }
    let extension = input.name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    match extension.as_deref() {
        Some("jsonl" | "ndjson") => Format::JsonLines,
        Some("yaml" | "yml") => Format::Yaml,
        Some("json") => Format::Json,
        _ => match text.trim_start().bytes().next() {
            Some(b'{' | b'[' | b'"') | None => Format::Auto,
            _ => Format::Yaml,
        },
    }
}

fn yaml_finding(problem: &YamlProblem, place: Place, limits: &Limits) -> Diagnostic {
    let yaml = |title: &str| Diagnostic::error(YAML_SYNTAX, title);
    match problem {
        YamlProblem::Syntax(what) => yaml("this is not YAML").at(place, what.clone()),
        YamlProblem::Key => yaml("a key that is a list or a record").at(place, "keys are texts here"),
        YamlProblem::Merge => yaml("`<<` takes a record, or a list of records").at(place, "this is neither"),
        YamlProblem::Recursive => yaml("an alias within the value that it stands for").at(place, "this would never end"),
        YamlProblem::Deep => Diagnostic::error(TOO_DEEP, format!("lists and records are nested more than {} deep", limits.depth))
            .at(place, "one level too many"),
        YamlProblem::Number => {
            Diagnostic::error(NUMBER_RANGE, "a number that is not finite, or too large").at(place, "no value of dbm")
        }
        YamlProblem::Expansion => {
            let most = limits.alias_expansion;
            Diagnostic::error(ALIAS_EXPANSION, format!("the aliases expand to more than {most} bytes"))
                .at(place, "the reading stopped at this alias")
                .help("write out what the aliases stand for")
        }
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
