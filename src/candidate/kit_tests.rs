//! For the tests of the door: schemas by hand, and findings as `line:column code title`. Read by tests only.
use super::*;
use crate::base::{Diagnostic, Place, Sources};
use crate::scalar::{KindId, Kinds, Type, Value};
use crate::semantics::hir::Program;
use crate::structure::{Attr, AttrId, Kind, Schema, Sort};
use std::sync::Arc;

/// Builds a schema.
#[derive(Default)]
pub struct Kit {
    pub schema: Schema,
}

impl Kit {
    pub fn kind(&mut self, sort: Sort, name: &str, parent: Option<KindId>) -> KindId {
        let id = KindId(self.schema.kinds.len() as u32);
        let root = parent.and_then(|p| self.schema.kind(p)).map_or(id, |p| p.root);
        self.schema.kinds.push(Kind {
            name: name.into(),
            sort,
            parent,
            root,
            open: false,
            observed: false,
            attrs: vec![],
            ends: None,
            cardinality: None,
            place: Place::default(),
            doc: None,
        });
        id
    }
    pub fn attr(&mut self, kind: KindId, name: &str, ty: Type, default: Option<Value>) -> AttrId {
        let id = AttrId(self.schema.attrs.len() as u32);
        self.schema.attrs.push(Attr {
            name: name.into(),
            kind,
            ty,
            default,
            mechanism: false,
            place: Place::default(),
            doc: None,
        });
        self.schema.kinds[kind.0 as usize].attrs.push(id);
        id
    }
    pub fn edge(&mut self, name: &str, from: KindId, to: KindId, cardinality: Option<(u32, Option<u32>)>) -> KindId {
        let id = self.kind(Sort::Edge, name, None);
        let kind = &mut self.schema.kinds[id.0 as usize];
        kind.ends = Some((Kinds::Of(Arc::new([from])), Kinds::Of(Arc::new([to]))));
        kind.cardinality = cardinality;
        id
    }
    pub fn program(self) -> Program {
        Program { schema: Arc::new(self.schema), ..Program::default() }
    }
}

/// `Service { tier: Int in 1..3, owner: Text?, cores: Int = 4 }`, `Database is Service`, `Host`, `runs_on: Service -> Host [1..2]`,
/// `calls: Service -> Service { share: Float = 1.0 }`, `event Deploy { service: Service }`.
pub fn services() -> Program {
    let mut kit = Kit::default();
    let service = kit.kind(Sort::Node, "Service", None);
    kit.attr(service, "tier", Type::Int(Some((1, 3))), None);
    kit.attr(service, "owner", Type::Text.optional(), None);
    kit.attr(service, "cores", Type::Int(None), Some(Value::Int(4)));
    kit.kind(Sort::Node, "Database", Some(service));
    let host = kit.kind(Sort::Node, "Host", None);
    kit.edge("runs_on", service, host, Some((1, Some(2))));
    let calls = kit.edge("calls", service, service, None);
    kit.attr(calls, "share", Type::Float(None), Value::float(1.0));
    let deploy = kit.kind(Sort::Event, "Deploy", None);
    kit.attr(deploy, "service", Type::node(service), None);
    kit.program()
}

/// Reads a candidate.
pub fn door(program: &Program, name: &str, bytes: &[u8]) -> (Outcome, Sources) {
    let mut sources = Sources::new();
    let input = Input { name, bytes, format: Format::Auto };
    let outcome = read(program, &input, None, &Options::default(), &mut sources);
    (outcome, sources)
}

/// A diagnostic as one line.
pub fn line(d: &Diagnostic, sources: &Sources) -> String {
    match d.primary().and_then(|p| sources.position(p)) {
        Some((_, line, column)) => format!("{line}:{column} {} {}", d.code.name, d.title),
        None => format!("{} {}", d.code.name, d.title),
    }
}

/// The findings of a candidate, one per line.
pub fn findings(program: &Program, name: &str, text: &str) -> Vec<String> {
    let (outcome, sources) = door(program, name, text.as_bytes());
    assert_eq!(outcome.graph.is_some(), !outcome.diagnostics.iter().any(Diagnostic::is_error));
    outcome.diagnostics.iter().map(|d| line(d, &sources)).collect()
}

/// The program of a text.
pub fn program(text: &str) -> Program {
    let mut sources = Sources::new();
    let file = sources.add_file("program.dbm", text);
    let checked =
        crate::semantics::check(&mut sources, &crate::base::source::NoFiles, file, &crate::semantics::Options::default());
    let wrong: Vec<String> = checked.diagnostics.iter().filter(|d| d.is_error()).map(|d| line(d, &sources)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    checked.program
}

/// Reads a candidate by a reader.
pub fn read_by(program: &Program, reader: &str, name: &str, text: &str) -> (Outcome, Sources) {
    // the program's own places are of other sources: shift them away from the candidate's
    let mut sources = Sources::new();
    let input = Input { name, bytes: text.as_bytes(), format: Format::Auto };
    let options = Options { reader: Some(reader), ..Options::default() };
    let outcome = read(program, &input, None, &options, &mut sources);
    (outcome, sources)
}

/// The elements of a structure, as they stand in bindings.
pub fn shown(outcome: &Outcome) -> Vec<String> {
    use crate::scalar::Element;
    let Some(g) = &outcome.graph else { return vec![format!("{:?}", outcome.diagnostics)] };
    let nodes = (0..g.nodes()).map(Element::Node);
    let edges = (0..g.edge_count()).map(Element::Edge);
    nodes.chain(edges).chain((0..g.events()).map(Element::Event)).map(|e| g.show(e)).collect()
}
