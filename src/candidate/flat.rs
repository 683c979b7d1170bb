//! Readers that make events of known places of each document, and nothing else: their documents are read in one pass, without the walk over
//! expressions. Fed with the checked program by stream.
use super::shape::Shapes;
use crate::scalar::cast::{cast, to_id};
use crate::scalar::pick::{Paths, Picked};
use crate::scalar::{Dictionary, KindId, Op, Type, Val, Value};
use crate::semantics::hir::{EditKind, Expr, ExprKind, Reader, Statement, VarId};
use rustc_hash::FxHashSet;
use std::fmt::Write;

/// A reader whose events are made of known places.
pub struct Flat {
    paths: Paths,
    adds: Vec<Add>,
}

struct Add {
    kind: KindId,
    id: Place,
    at: Place,
    row: Vec<Cell>,
}

struct Cell {
    /// What is read; none, if it stays what it is when left out.
    place: Option<Place>,
    ty: Type,
    /// Whether what is read must be there.
    needed: bool,
    default: Val,
    required: bool,
    /// Texts that were found to be of the type.
    good: FxHashSet<Val>,
}

/// An expression over places of the document.
enum Place {
    At(usize),
    Const(Value),
    Op(Op, Vec<Place>),
    Coalesce(Box<Place>, Box<Place>),
}

/// An event that was read: kind, id, time; its row stands in the buffer.
pub struct Found {
    /// Its kind.
    pub kind: KindId,
    /// Its time.
    pub at: i64,
}

impl Flat {
    /// The same reader, if it is of that sort.
    pub fn new(reader: &Reader, shapes: &Shapes, params: &[Value], dictionary: &mut Dictionary) -> Option<Flat> {
        let mut paths = Paths::default();
        let mut adds = vec![];
        for s in &reader.body {
            let Statement::Edit(edit) = s else { return None };
            let EditKind::AddEvent { kind, id, at, given } = &edit.kind else { return None };
            if edit.scope.is_some() {
                return None;
            }
            let shape = shapes.get(*kind)?;
            let mut row: Vec<Cell> = vec![];
            for slot in &shape.slots {
                let ty = if slot.ty.has_elements() { Type::Json } else { slot.ty.clone().optional() };
                let default = slot.default.clone().map_or(Val::NONE, |v| dictionary.intern(v));
                row.push(Cell { place: None, ty, needed: false, default, required: slot.required, good: FxHashSet::default() });
            }
            let mut make = |e: &Expr| place(e, reader.doc, params, &mut paths);
            for (name, e, _) in given {
                let attr = name.as_ref().ok()?;
                let i = shape.slots.iter().position(|s| s.attr == *attr)?;
                row.get_mut(i)?.reads(make(e)?);
            }
            // an id is made one anyway
            let id = match make(id)? {
                Place::Op(Op::ToId, mut of) if of.len() == 1 => of.pop()?,
                id => id,
            };
            adds.push(Add { kind: *kind, id, at: make(at)?, row });
        }
        Some(Flat { paths, adds })
    }
    /// How many events each document has.
    pub fn len(&self) -> usize {
        self.adds.len()
    }
    /// What its places are.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }
    /// One of the events of a document. None if something is not as it should be.
    pub fn event(
        &mut self,
        n: usize,
        picked: &[Picked<'_>],
        dictionary: &mut Dictionary,
        (id, row): (&mut String, &mut Vec<Val>),
    ) -> Option<Found> {
        let add = self.adds.get_mut(n)?;
        id.clear();
        match add.id.at(picked) {
            Some(Picked::Text(t)) => id.push_str(t),
            Some(Picked::Value(Value::Int(i))) => _ = write!(id, "{i}"),
            _ => id.push_str(to_id(&add.id.value(picked)?).ok()?.as_text()?),
        }
        let at = match cast(&add.at.value(picked)?, &Type::Time).ok()? {
            Value::Time(at) => at,
            _ => return None,
        };
        row.clear();
        for cell in &mut add.row {
            row.push(cell.read(picked, dictionary)?);
        }
        Some(Found { kind: add.kind, at })
    }
}

impl Cell {
    /// What is read. A cast to what the attribute is anyway need not be made twice.
    fn reads(&mut self, place: Place) {
        self.place = Some(match place {
            Place::Op(Op::Cast(ty), mut of) if of.len() == 1 && ty.present() == self.ty.present() => {
                self.needed = !ty.is_optional() && ty != Type::Json;
                of.pop().unwrap_or(Place::Const(Value::None))
            }
            place => place,
        });
    }
    fn read(&mut self, picked: &[Picked<'_>], dictionary: &mut Dictionary) -> Option<Val> {
        let value = match &self.place {
            Some(Place::At(at)) => match picked.get(*at) {
                Some(Picked::Text(t)) => {
                    if *self.ty.present() == Type::Text {
                        return Some(dictionary.intern_text(t));
                    }
                    let v = dictionary.intern_text(t);
                    if self.good.contains(&v) {
                        return Some(v);
                    }
                    let value = cast(&Value::text(&**t), &self.ty).ok()?;
                    let same = value.as_text() == Some(t);
                    let cast = dictionary.intern(value);
                    if same && self.good.len() < 1000 {
                        self.good.insert(v);
                    }
                    return Some(cast);
                }
                Some(Picked::Value(v)) => cast(v, &self.ty).ok()?,
                _ => Value::None,
            },
            Some(p) => cast(&p.value(picked)?, &self.ty).ok()?,
            None => Value::None,
        };
        match value {
            Value::None if self.needed || self.required && self.default == Val::NONE => None,
            Value::None => Some(self.default),
            v => Some(dictionary.intern(v)),
        }
    }
}

impl Place {
    /// What stands there, if it is but read.
    fn at<'a, 't>(&self, picked: &'a [Picked<'t>]) -> Option<&'a Picked<'t>> {
        match self {
            Place::At(at) => picked.get(*at),
            _ => None,
        }
    }
    fn value(&self, picked: &[Picked<'_>]) -> Option<Value> {
        match self {
            Place::At(at) => picked.get(*at).map(Picked::value),
            Place::Const(v) => Some(v.clone()),
            Place::Op(op, args) if let [arg] = args.as_slice() => op.apply(std::slice::from_ref(&arg.value(picked)?)).ok(),
            Place::Op(op, args) => {
                let args: Vec<Value> = args.iter().map(|a| a.value(picked)).collect::<Option<_>>()?;
                op.apply(&args).ok()
            }
            Place::Coalesce(a, b) => match a.value(picked)? {
                Value::None => b.value(picked),
                v => Some(v),
            },
        }
    }
}

fn place(e: &Expr, doc: VarId, params: &[Value], paths: &mut Paths) -> Option<Place> {
    if let Some(path) = path(e, doc) {
        return paths.add(&path).map(Place::At);
    }
    match &e.kind {
        ExprKind::Const(v) => Some(Place::Const(v.clone())),
        ExprKind::Param(p) => params.get(p.0 as usize).cloned().map(Place::Const),
        ExprKind::Op(op, args) => {
            Some(Place::Op(op.clone(), args.iter().map(|a| place(a, doc, params, paths)).collect::<Option<_>>()?))
        }
        ExprKind::Coalesce(a, b) => {
            Some(Place::Coalesce(Box::new(place(a, doc, params, paths)?), Box::new(place(b, doc, params, paths)?)))
        }
        _ => None,
    }
}

/// The keys that lead from the document to what an expression is.
fn path(e: &Expr, doc: VarId) -> Option<Vec<&str>> {
    match &e.kind {
        ExprKind::Var(v) if *v == doc => Some(vec![]),
        ExprKind::Op(Op::Get(name), args) => {
            let mut keys = path(args.first()?, doc)?;
            keys.push(name);
            Some(keys)
        }
        _ => None,
    }
}
