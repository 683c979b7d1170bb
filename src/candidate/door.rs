//! The way in: bytes and a program give a structure, or findings. Fed by session, which keeps the document for places.
use super::assemble::Assembly;
use super::document::{Document, Input};
use super::error::*;
use super::limits::Limits;
use super::locate::{NOWHERE, Spot};
use super::shape::listed;
use super::{native, reader};
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Sources};
use crate::scalar::{Element, Value};
use crate::semantics::hir::{Edit, Program, Reader};
use crate::structure::Graph;

/// How to read a candidate.
#[derive(Clone, Debug, Default)]
pub struct Options<'a> {
    /// The reader to use; dbm's own JSON without one.
    pub reader: Option<&'a str>,
    /// The values of the program's parameters, by `ParamId`.
    pub params: &'a [Value],
    /// What is taken in at most.
    pub limits: Limits,
    /// Of a trace that is governed: how late an event may come behind a newer one, in microseconds. None: events may stand in any order.
    pub lateness: Option<i64>,
}

/// What came of a candidate.
#[derive(Debug)]
pub struct Outcome {
    /// The structure, if the candidate conforms.
    pub graph: Option<Graph>,
    /// The candidate, in which places are found.
    pub document: Document,
    /// What was found, in the order of the file, with a count where the list is cut. Errors, if there is no structure.
    pub diagnostics: Vec<Diagnostic>,
}

impl Outcome {
    /// Where an element of the structure stands in the candidate.
    pub fn locate(&self, graph: &Graph, element: Element) -> Option<Spot> {
        self.document.locate(graph.origin(element).filter(|o| *o != NOWHERE)?)
    }
    /// Where an attribute of an element stands, or else the element. Behind a reader attributes have no place of their own.
    pub fn locate_attribute(&self, graph: &Graph, element: Element, name: &str) -> Option<Spot> {
        let origin = graph.origin(element).filter(|o| *o != NOWHERE)?;
        self.document.locate_member(origin, name).or_else(|| self.document.locate(origin))
    }
}

/// Reads a candidate. Everything that does not conform is reported, each at its place.
///
/// What stands `beside` it, in dbm's own format, is part of the structure; it is read first and by itself, so what is wrong with it is said
/// at its own places.
pub fn read(
    program: &Program,
    input: &Input<'_>,
    beside: Option<&Input<'_>>,
    options: &Options<'_>,
    sources: &mut Sources,
) -> Outcome {
    let mut findings = Findings::new(options.limits.findings);
    let mut other = None;
    if let Some(b) = beside {
        let document = Document::open(b, &options.limits, sources, &mut findings);
        let plain = Options { reader: None, lateness: None, ..options.clone() };
        if document.is_torn() || structure(program, &document, None, &plain, &mut findings).is_none() {
            return Outcome { graph: None, document, diagnostics: findings.finish() };
        }
        other = Some(document);
    }
    let document = Document::open(input, &options.limits, sources, &mut findings);
    let graph = if document.is_torn() { None } else { structure(program, &document, other.as_ref(), options, &mut findings) };
    Outcome { graph, document, diagnostics: findings.finish() }
}

fn structure(
    program: &Program,
    document: &Document,
    beside: Option<&Document>,
    options: &Options<'_>,
    findings: &mut Findings,
) -> Option<Graph> {
    let mut assembly = Assembly::new(&program.schema);
    if let Some(b) = beside {
        // its places are not those of the candidate
        assembly.placeless = true;
        native::read(b, &[], &options.limits, &mut assembly, findings);
        assembly.placeless = false;
    }
    assembly.lateness = options.lateness;
    match options.reader {
        None => {
            let readers: Vec<&str> = program.readers.iter().map(|r| &*r.name).collect();
            native::read(document, &readers, &options.limits, &mut assembly, findings);
        }
        Some(name) => match find_reader(program, name) {
            Ok(r) => reader::read(program, r, document, options.params, &options.limits, &mut assembly, findings),
            Err(d) => {
                findings.error(|| *d);
                return None;
            }
        },
    }
    assembly.finish(Some(document), true, findings)
}

/// The reader of that name, or what to say.
pub fn find_reader<'a>(program: &'a Program, name: &str) -> Result<&'a Reader, Box<Diagnostic>> {
    if let Some(reader) = program.readers.iter().find(|r| &*r.name == name) {
        return Ok(reader);
    }
    let names = || program.readers.iter().map(|r| &*r.name);
    let d = Diagnostic::error(UNKNOWN_READER, format!("there is no reader `{name}`"));
    Err(Box::new(match nearest(name, names()) {
        Some(near) => d.help(format!("did you mean `{near}`?")),
        None if names().next().is_none() => d.help(format!(
            "the program has no readers; write `reader {name} {{ … }}`, or import one, like `import std.readers.n8n {{ * }}`"
        )),
        None => d.help(format!("the readers are {}", listed(names()))),
    }))
}

/// The structure of a test's `given`: edits that add to nothing. `vars` is how many variables the test has.
pub fn from_given(
    program: &Program,
    edits: &[Edit],
    vars: usize,
    params: &[Value],
    limits: &Limits,
) -> Result<Graph, Vec<Diagnostic>> {
    let mut findings = Findings::new(limits.findings);
    let mut assembly = Assembly::new(&program.schema);
    reader::given(program, edits, vars, params, limits, &mut assembly, &mut findings);
    match assembly.finish(None, false, &mut findings) {
        Some(graph) => Ok(graph),
        None => Err(findings.finish()),
    }
}
