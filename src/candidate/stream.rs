//! Events of JSON lines as they come: a part of the lines at a time is read by a reader, and its events are passed on, so that a long trace
//! is never held whole. Anything out of the ordinary ends it; then the whole file is read by the door, which reports in full.
use super::assemble::{Assembly, NO_EDIT, Passing, Source};
use super::document::{Document, Format, Input};
use super::door::Options;
use super::error::Findings;
use super::flat::Flat;
use super::reader;
use super::shape::Shapes;
use crate::base::{Diagnostic, Sources};
use crate::scalar::json::DEPTH;
use crate::scalar::{Dictionary, KindId, Kinds, Type, Val};
use crate::semantics::hir::{EditKind, Program, Reader, Statement};

/// So many bytes are read at a time.
const PART: usize = 1 << 18;

/// An event on its way.
pub struct Passed<'a> {
    /// Its kind.
    pub kind: KindId,
    /// Its id.
    pub id: &'a str,
    /// Its time, in microseconds.
    pub at: i64,
    /// Where its document, or the part that it is made of, begins.
    pub origin: u64,
    /// Its attributes, in the order of `Schema::attrs_of`; elements as their ids.
    pub row: &'a [Val],
}

/// Who takes events.
pub trait Sink {
    /// What interns the values of rows.
    fn dictionary(&mut self) -> &mut Dictionary;
    /// An event. Gives whether to go on.
    fn event(&mut self, e: &Passed<'_>) -> bool;
}

/// Whether a reader makes nothing but events.
pub fn events_only(reader: &Reader) -> bool {
    fn all(list: &[Statement]) -> bool {
        list.iter().all(|s| match s {
            Statement::Let(..) => true,
            Statement::Edit(e) => matches!(e.kind, EditKind::AddEvent { .. }),
            Statement::For(_, body) => all(body),
        })
    }
    all(&reader.body)
}

/// Whether a file is of JSON lines, by its name.
pub fn is_lines(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    matches!(extension.as_deref(), Some("jsonl" | "ndjson"))
}

/// Passes on the events of JSON lines, in their order, until the sink says no. False if something was out of the ordinary.
pub fn stream(program: &Program, reader: &Reader, input: &Input<'_>, options: &Options<'_>, sink: &mut dyn Sink) -> bool {
    let bytes = input.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(input.bytes);
    let before = input.bytes.len() - bytes.len();
    if bytes.len() > options.limits.bytes {
        return false;
    }
    let flat = Flat::new(reader, &Shapes::new(&program.schema), options.params, sink.dictionary());
    let mut flat = flat.filter(|_| options.limits.depth >= DEPTH);
    let mut start = 0;
    let mut any = false;
    while start < bytes.len() {
        let rest = bytes.get(start..).unwrap_or(&[]);
        let whole = match rest.get(PART..).and_then(|r| r.iter().position(|b| *b == b'\n')) {
            Some(n) => PART + n + 1,
            None => rest.len(),
        };
        let lines = Input { bytes: rest.get(..whole).unwrap_or(rest), format: Format::JsonLines, ..*input };
        let at = (before + start) as u64;
        let read = match &mut flat {
            Some(flat) => plain(flat, &lines, at, sink),
            None => part(program, reader, &lines, (at, options), sink),
        };
        match read {
            Some((found, true)) => any |= found,
            Some((_, false)) => return true,
            None => return false,
        }
        if options.limits.reached(sink.dictionary().bytes()).is_some() {
            return false;
        }
        start += whole;
    }
    any
}

/// Passes on the events of some lines: whether there were any, and whether to go on. None if something is out of the ordinary.
fn plain(flat: &mut Flat, lines: &Input<'_>, at: u64, sink: &mut dyn Sink) -> Option<(bool, bool)> {
    let text = std::str::from_utf8(lines.bytes).ok()?;
    let (mut picked, mut id, mut row) = (vec![], String::new(), vec![]);
    let mut start = 0;
    let mut any = false;
    for line in text.split_inclusive('\n') {
        let begin = start;
        start += line.len();
        let trimmed = line.trim_start();
        if trimmed.is_empty() {
            continue;
        }
        let begin = begin + (line.len() - trimmed.len());
        flat.paths().read(text, begin, start, &mut picked).ok()?;
        for n in 0..flat.len() {
            let found = flat.event(n, &picked, sink.dictionary(), (&mut id, &mut row))?;
            any = true;
            let origin = at + begin as u64;
            if !sink.event(&Passed { kind: found.kind, id: &id, at: found.at, origin, row: &row }) {
                return Some((any, false));
            }
        }
    }
    Some((any, true))
}

/// The same, by any reader.
fn part(
    program: &Program,
    reader: &Reader,
    lines: &Input<'_>,
    (at, options): (u64, &Options<'_>),
    sink: &mut dyn Sink,
) -> Option<(bool, bool)> {
    let mut findings = Findings::new(1);
    let document = Document::open(lines, &options.limits, &mut Sources::new(), &mut findings);
    let mut assembly = Assembly::new(&program.schema);
    assembly.passing = Some(Passing::default());
    reader::read(program, reader, &document, options.params, &options.limits, &mut assembly, &mut findings);
    let (passing, dictionary) = (assembly.passing.take().unwrap_or_default(), &assembly.builder.dictionary);
    if document.is_torn() || findings.failed() || passing.open {
        return None;
    }
    let mut from = 0;
    let mut row: Vec<Val> = vec![];
    for (kind, id, time, origin) in &passing.events {
        let slots = assembly.shapes.get(*kind).map_or(&[][..], |s| &s.slots);
        let width = slots.len();
        row.clear();
        for (v, slot) in passing.rows.get(from..from + width).unwrap_or(&[]).iter().zip(slots) {
            // a node that the reader names: its id stands for it, if nothing else of that id could be meant
            let id = v.as_node().and_then(|n| assembly.refs.get(n as usize));
            let v = match id {
                Some((k, id)) if matches!(slot.ty.present(), Type::Node(Kinds::Of(all)) if **all == [*k]) => *id,
                Some(_) => return None,
                None => *v,
            };
            row.push(match dictionary.get(v) {
                Some(value) => sink.dictionary().intern(value.clone()),
                None => v,
            });
        }
        from += width;
        let id = dictionary.text(*id).unwrap_or("");
        if !sink.event(&Passed { kind: *kind, id, at: *time, origin: at + u64::from(*origin), row: &row }) {
            return Some((true, false));
        }
    }
    Some((!passing.events.is_empty(), true))
}

/// Where a record of JSON lines stands: line, column and pointer. `line`: the one it is on, which begins at `start`.
pub fn stands(line: usize, start: u64, text: &str, origin: u64) -> Option<(usize, usize, String)> {
    let lines = Input { name: "", bytes: text.as_bytes(), format: Format::JsonLines };
    let document = Document::open(&lines, &Default::default(), &mut Sources::new(), &mut Findings::new(1));
    let at = u32::try_from(origin.checked_sub(start)?).ok()?;
    let column = text.get(..at as usize)?.chars().count() + 1;
    Some((line, column, document.locate(at)?.pointer))
}

/// What is to be said of events that came too late, and of those that came again: how many, and where the first stands.
pub fn disorder(
    program: &Program,
    input: &Input<'_>,
    (late, repeated): ((usize, Option<u64>), (u64, Option<u64>)),
    lateness: i64,
    sources: &mut Sources,
) -> Vec<Diagnostic> {
    if late.0 == 0 && repeated.0 == 0 {
        return vec![];
    }
    let document = Document::of(sources, input.name, String::from_utf8_lossy(input.bytes).into());
    let source = |at: Option<u64>| at.and_then(|at| u32::try_from(at).ok()).map(|origin| Source { origin, edit: NO_EDIT });
    let mut assembly = Assembly::new(&program.schema);
    assembly.lateness = Some(lateness);
    let mut findings = Findings::new(2);
    assembly.disorder((late.0, source(late.1)), (repeated.0, source(repeated.1)), &document, &mut findings);
    findings.finish()
}
