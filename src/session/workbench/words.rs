//! What an editor of one line asks: what may come next, what each word is, whether a text goes on. Used by workbench and the REPL.
use crate::scalar::builtin;
use crate::semantics::hir::RuleForm;
use crate::session::stages::Checked;
use crate::structure::{Graph, Schema, Sort};
use crate::syntax::token::{ITEM_WORDS, RESERVED};
use crate::syntax::{Token, TokenKind, tokens};
use std::collections::BTreeSet;
use std::ops::Range;

pub use crate::syntax::{goes_on, is_item};

/// At most so many ids are offered.
const OFFERED: usize = 200;

/// What a piece of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A word of the language.
    Word,
    /// A text, or what should be one.
    Text,
    /// A number, a duration, an instant.
    Number,
    /// A comment.
    Comment,
    /// Punctuation and operators.
    Sign,
}

/// The pieces of a text that are no plain names, in order.
pub fn classes(text: &str) -> Vec<(Range<usize>, Class)> {
    let mut fresh = true;
    let mut found = vec![];
    for t in tokens(text) {
        let class = match t.kind {
            TokenKind::Space => continue,
            TokenKind::Comment | TokenKind::Doc | TokenKind::FileDoc => Some(Class::Comment),
            TokenKind::Reserved => Some(Class::Word),
            TokenKind::Ident if fresh && ITEM_WORDS.contains(&t.text(text)) => Some(Class::Word),
            TokenKind::Ident | TokenKind::Quoted | TokenKind::Wildcard => None,
            TokenKind::Text | TokenKind::RawText | TokenKind::OpenText | TokenKind::SingleQuoted => Some(Class::Text),
            TokenKind::Int | TokenKind::Float | TokenKind::Duration | TokenKind::Instant => Some(Class::Number),
            _ => Some(Class::Sign),
        };
        fresh = false;
        if let Some(class) = class {
            found.push((t.span.start as usize..t.span.end as usize, class));
        }
    }
    found
}

/// Where the word before `at` begins, and what it may be completed to: attributes behind a dot by the type of what stands before it,
/// ids in `Kind("…`, relations behind the beginning of an arrow, else every name and word.
pub(super) fn complete(checked: &Checked, graph: &Graph, text: &str, at: usize) -> (usize, Vec<String>) {
    let before = text.get(..at).unwrap_or(text);
    let list: Vec<Token> = tokens(before).into_iter().filter(|t| !t.kind.is_trivia()).collect();
    let word = |i: usize| list.len().checked_sub(i).and_then(|n| list.get(n)).map_or("", |t| t.text(before));
    let ends_here = list.last().is_some_and(|t| t.span.end as usize == before.len());
    let last = list.last().copied();
    let schema = &*checked.program.schema;
    if let Some(open) = last.filter(|t| t.kind == TokenKind::OpenText) {
        let typed = open.text(before).trim_start_matches('"');
        let start = open.span.end as usize - typed.len();
        let ids = if word(2) == "(" { ids(schema, graph, word(3), typed) } else { vec![] };
        return (start, ids);
    }
    // the word that is being written, and the tokens before it
    let typing = ends_here && last.is_some_and(|t| matches!(t.kind, TokenKind::Ident | TokenKind::Reserved));
    let (typed, back) = if typing { (word(1), 1) } else { ("", 0) };
    let start = before.len() - typed.len();
    let found: BTreeSet<String> = match word(back + 1) {
        "." => attributes(checked, before, &list, back + 2),
        "-" | "<-" => schema.of_sort(Sort::Edge).map(|k| schema.name(k).to_string()).chain(pairs(checked)).collect(),
        // behind a command its own words
        "check" if before.starts_with(":check") => demands(checked),
        "do" if before.starts_with(":do") => EDITS.map(str::to_string).into(),
        "sweep" if before.starts_with(":sweep") => EDITS.map(str::to_string).into(),
        "holds" | "breaks" => checked.program.invariants.iter().map(|x| x.name.to_string()).collect(),
        _ if before.starts_with(":check") => demands(checked),
        _ => names(checked, list.len() == back),
    };
    (start, found.into_iter().filter(|f| f.starts_with(typed) && f != typed).collect())
}

/// What an edit begins with.
const EDITS: [&str; 4] = ["add", "ensure", "remove", "set"];

fn demands(checked: &Checked) -> BTreeSet<String> {
    let p = &checked.program;
    let named = p.invariants.iter().map(|x| &x.name).chain(p.interventions.iter().map(|x| &x.name));
    named.chain(p.policies.iter().map(|x| &x.name)).map(|n| n.to_string()).collect()
}

fn ids(schema: &Schema, graph: &Graph, kind: &str, typed: &str) -> Vec<String> {
    let Some(kind) = schema.find(Sort::Node, kind) else { return vec![] };
    let own = (0..graph.nodes()).filter(|n| graph.node_kind(*n).is_some_and(|k| schema.is_a(k, kind)));
    let mut list: Vec<String> = own
        .filter_map(|n| graph.dictionary.text(graph.node_id(n)))
        .filter(|id| id.starts_with(typed))
        .take(OFFERED)
        .map(|id| format!("{id}\")"))
        .collect();
    list.sort();
    list
}

/// Rules over two elements stand in paths like edges.
fn pairs(checked: &Checked) -> impl Iterator<Item = String> + '_ {
    let two = checked.program.rules.iter().filter(|r| r.params.len() == 2 && r.form == RuleForm::Relation);
    two.map(|r| r.name.to_string())
}

fn names(checked: &Checked, first: bool) -> BTreeSet<String> {
    let p = &checked.program;
    let mut found: BTreeSet<String> = p.schema.kinds.iter().map(|k| k.name.to_string()).collect();
    found.extend(p.rules.iter().map(|r| r.name.to_string()));
    found.extend(p.params.iter().map(|x| x.name.to_string()));
    found.extend(demands(checked));
    found.extend(builtin::names().into_iter().map(str::to_string));
    found.extend(
        RESERVED
            .iter()
            .chain(&["count", "sum", "min", "max", "avg", "median", "percentile", "distinct", "any", "all", "holds", "breaks"])
            .map(|w| w.to_string()),
    );
    if first {
        found.extend(ITEM_WORDS.iter().map(|w| w.to_string()));
    }
    found
}

/// The attributes of what stands before a dot: `x.` where `x: K`, `x is K`, an edge's end or an edge; `K("…").`; else all.
fn attributes(checked: &Checked, text: &str, list: &[Token], back: usize) -> BTreeSet<String> {
    let schema = &*checked.program.schema;
    let n = list.len().saturating_sub(back);
    let word = |i: usize| list.get(i).map_or("", |t| t.text(text));
    let of = word(n);
    let mut kinds: Vec<_> = vec![];
    let sorts = [Sort::Node, Sort::Edge, Sort::Event];
    let kind = |name: &str| sorts.iter().find_map(|s| schema.find(*s, name));
    if of == ")" && n >= 3 {
        kinds.extend(kind(word(n - 3)));
    }
    for i in (0..list.len()).filter(|i| word(*i) == of && i + 2 < list.len()) {
        let (next, second) = (word(i + 1), word(i + 2));
        match next {
            ":" | "is" => kinds.extend(kind(second)),
            "-" | "<-" => {
                let ends = schema.find(Sort::Edge, second).and_then(|k| schema.kind(k)?.ends.clone());
                let end = ends.map(|(from, to)| if next == "-" { from } else { to });
                kinds.extend(end.iter().flat_map(|e| schema.below(Sort::Node, e)));
            }
            _ => {}
        }
        // the other end: `a -calls-> x`
        if i >= 3 && matches!(word(i - 1), "->" | "-") {
            let ends = schema.find(Sort::Edge, word(i - 2)).and_then(|k| schema.kind(k)?.ends.clone());
            let end = ends.map(|(from, to)| if word(i - 1) == "->" { to } else { from });
            kinds.extend(end.iter().flat_map(|e| schema.below(Sort::Node, e)));
        }
    }
    let all = kinds.is_empty();
    let kinds = if all { schema.kinds.iter().flat_map(|k| kind(&k.name)).collect() } else { kinds };
    let mut found: BTreeSet<String> =
        kinds.iter().flat_map(|k| schema.attrs_of(*k)).filter_map(|a| schema.attr(a)).map(|a| a.name.to_string()).collect();
    found.insert("id".into());
    found
}

#[cfg(test)]
mod tests {
    use crate::session::{CompileOptions, NoFiles, RunOptions, Workbench};

    #[test]
    fn a_word_is_completed_by_what_stands_before_it() {
        let mut bench = Workbench::new(CompileOptions::default(), Box::new(NoFiles)).unwrap();
        for item in [
            "node Host { zone: Text }",
            "node Service",
            "edge runs_on: Service -> Host",
            "rule placed(s: Service) if s -runs_on-> _",
            "invariant plain { require some h: Host where h.zone == \"a\" }",
            "intervention please { for h: Host do remove h expect holds plain }",
        ] {
            assert!(bench.define(item, &RunOptions::default()).is_ok(), "{item}");
        }
        let after = |text: &str| bench.complete(text, text.len());
        assert_eq!(after(":check pl"), (7, vec!["plain".to_string(), "please".to_string()]));
        assert_eq!(after(":check plain pl").1, ["plain", "please"]);
        assert_eq!(after(":do re").1, ["remove"]);
        assert_eq!(after(":sweep "), (7, ["add", "ensure", "remove", "set"].map(str::to_string).to_vec()));
        assert_eq!(after("holds pl").1, ["plain"]);
        assert_eq!(after("h is Host and h.z").1, ["zone"]);
        assert_eq!(after("s -ru").1, ["runs_on"]);
        assert!(after("pla").1.contains(&"placed".to_string()));
    }
}
