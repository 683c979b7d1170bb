//! The text of a program that grows item by item: what is entered is added, or takes the place of what has its name.
//! Used by workbench; reads syntax.
use crate::base::{Diagnostic, Sources};
use crate::session::Failure;
use crate::syntax::ast::{ImportSource, Item, ItemKind};
use crate::syntax::{self, TokenKind};
use std::ops::Range;
use std::sync::Arc;

/// What tells an item from others: what it declares, and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// `kind`, `rule`, `demand`, …: items of one sort with one name are the same.
    sort: &'static str,
    /// As it is written.
    pub name: String,
}

/// An item in the text.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is.
    pub key: Key,
    /// The word that people know it by: `node`, `rule`, `invariant`.
    pub word: &'static str,
    /// From its doc comment to its end.
    pub span: Range<usize>,
    /// From its first word on.
    pub bare: Range<usize>,
    /// Its doc comment.
    pub docs: Option<Arc<str>>,
}

/// What became of an item that was entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defined {
    /// `rule needs`.
    pub what: String,
    /// How many items of that name gave way to it.
    pub replaced: usize,
    /// How many clauses the rule has now, if this one was added to others.
    pub clauses: Option<usize>,
}

/// A program's text.
#[derive(Clone, Debug, Default)]
pub struct Notebook {
    /// All of it.
    pub text: String,
    /// The rule that was entered last: its next clause is added to it.
    last: Option<Key>,
}

impl Notebook {
    /// A text to begin from.
    pub fn new(text: String) -> Notebook {
        Notebook { text, last: None }
    }

    /// The items that can be read, in order.
    pub fn entries(&self) -> Vec<Entry> {
        entries(&self.text).0
    }

    /// The text with what was entered, and what became of each item. A rule takes the place of all clauses of its name, unless it
    /// comes right behind another clause of it.
    pub fn define(&self, entered: &str) -> Result<(Notebook, Vec<Defined>), Failure> {
        let (new, failure) = entries(entered);
        if failure.diagnostics.iter().any(Diagnostic::is_error) {
            return Err(failure);
        }
        let mut keys: Vec<Key> = vec![];
        for e in &new {
            if !keys.contains(&e.key) {
                keys.push(e.key.clone());
            }
        }
        let mut next = self.clone();
        let mut done = vec![];
        for key in keys {
            let own: Vec<&Entry> = new.iter().filter(|e| e.key == key).collect();
            let pieces: Vec<&str> = own.iter().filter_map(|e| entered.get(e.span.clone())).collect();
            let documented = own.iter().any(|e| e.docs.is_some());
            let defined = next.put(&key, &pieces.join("\n"), own.len(), documented);
            let word = own.first().map_or("", |e| e.word);
            done.push(Defined { what: format!("{word} {}", key.name).trim_end().to_string(), ..defined });
            next.last = (key.sort == "rule").then_some(key);
        }
        Ok((next, done))
    }

    fn put(&mut self, key: &Key, piece: &str, count: usize, documented: bool) -> Defined {
        let old: Vec<Entry> = self.entries().into_iter().filter(|e| e.key == *key).collect();
        let mut defined = Defined { what: String::new(), replaced: 0, clauses: None };
        match (old.first(), old.last()) {
            (Some(_), Some(last)) if self.last.as_ref() == Some(key) => {
                self.text.insert_str(last.span.end, &format!("\n{piece}"));
                defined.clauses = Some(old.len() + count);
            }
            (Some(first), _) => {
                for e in old.iter().skip(1).rev() {
                    self.cut(e.span.clone());
                }
                // a doc comment stays, unless the new item brings its own
                let span = if documented { first.span.clone() } else { first.bare.clone() };
                self.text.replace_range(span, piece);
                defined.replaced = old.len();
            }
            _ => {
                let text = self.text.trim_end();
                let gap = if text.is_empty() { "" } else { "\n" };
                self.text = format!("{text}{gap}{piece}\n");
            }
        }
        defined
    }

    /// The text without the items of a name, and how many there were.
    pub fn without(&self, name: &str) -> (Notebook, usize) {
        let gone: Vec<Entry> = self.entries().into_iter().filter(|e| e.key.name == name).collect();
        let mut next = self.clone();
        for e in gone.iter().rev() {
            next.cut(e.span.clone());
        }
        next.last = None;
        (next, gone.len())
    }

    /// The next clause of a rule begins it anew.
    pub fn settle(&mut self) {
        self.last = None;
    }

    fn cut(&mut self, span: Range<usize>) {
        let line_end = self.text.get(span.end..).is_some_and(|rest| rest.starts_with('\n'));
        self.text.replace_range(span.start..span.end + usize::from(line_end), "");
    }
}

/// The items of a text, and what is wrong with it.
fn entries(text: &str) -> (Vec<Entry>, Failure) {
    let mut sources = Sources::new();
    let file = sources.add_file("what was entered", text);
    let parsed = syntax::parse(&mut sources, file);
    let mut found = vec![];
    for item in &parsed.items {
        let Some((_, span)) = sources.resolve(item.place(item.span)) else { continue };
        let bare = span.start as usize..span.end as usize;
        let (key, word) = key(item, &sources);
        found.push(Entry { key, word, span: documented(text, bare.start)..bare.end, bare, docs: item.docs.clone() });
    }
    (found, Failure { diagnostics: parsed.diagnostics, sources })
}

/// Where the `///` lines before an item begin.
fn documented(text: &str, start: usize) -> usize {
    let tokens = syntax::tokens(text);
    let before = tokens.iter().rev().filter(|t| t.span.end as usize <= start);
    let mut at = start;
    for t in before {
        match t.kind {
            TokenKind::Doc => at = t.span.start as usize,
            TokenKind::Space | TokenKind::Comment => {}
            _ => break,
        }
    }
    at
}

fn key(item: &Item, sources: &Sources) -> (Key, &'static str) {
    let (sort, word) = match &item.kind {
        ItemKind::Import(_) => ("import", "import"),
        ItemKind::Param(_) => ("param", "param"),
        ItemKind::Node(_) => ("kind", "node"),
        ItemKind::Edge(_) => ("kind", "edge"),
        ItemKind::Event(_) => ("kind", "event"),
        ItemKind::Reader(_) => ("reader", "reader"),
        ItemKind::Rule(_) => ("rule", "rule"),
        ItemKind::Mechanism(_) => ("mechanism", "mechanism"),
        ItemKind::Invariant(_) => ("demand", "invariant"),
        ItemKind::Intervention(_) => ("demand", "intervention"),
        ItemKind::Policy(_) => ("demand", "policy"),
        ItemKind::Default(_) => ("default", "default permit"),
        ItemKind::Prefer(_) => ("prefer", "prefer"),
        ItemKind::Test(_) => ("test", "test"),
    };
    let name = match &item.kind {
        ItemKind::Import(i) => match &i.source {
            ImportSource::Module(m) => sources.text(item.place(m.span)).to_string(),
            ImportSource::File(t) => t.value.to_string(),
        },
        ItemKind::Mechanism(m) => sources.text(item.place(m.head)).to_string(),
        ItemKind::Test(t) => format!("{:?}", t.title.value),
        _ => item.name().map(|n| n.text.to_string()).unwrap_or_default(),
    };
    (Key { sort, name }, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(text: &str, entered: &[&str]) -> Notebook {
        entered.iter().fold(Notebook::new(text.into()), |n, e| n.define(e).unwrap().0)
    }

    #[test]
    fn a_new_item_stands_at_the_end_and_one_of_the_same_name_in_the_old_ones_place() {
        let text = "/// Machines.\nnode Host\nnode Service\n";
        let n = book(text, &["edge on: Service -> Host", "node Host { zone: Text }"]);
        assert_eq!(n.text, "/// Machines.\nnode Host { zone: Text }\nnode Service\nedge on: Service -> Host\n");
        let n = book(text, &["/// Boxes.\nnode Host"]);
        assert_eq!(n.text, "/// Boxes.\nnode Host\nnode Service\n");
    }
    #[test]
    fn clauses_that_follow_each_other_add_up_and_later_ones_begin_anew() {
        let n = book("", &["rule r(a: Node) if a -x-> a", "rule r(a) if a -y-> a"]);
        assert_eq!(n.text, "rule r(a: Node) if a -x-> a\nrule r(a) if a -y-> a\n");
        let (_, done) = n.define("rule r(a) if a -z-> a").unwrap();
        assert_eq!((done[0].what.as_str(), done[0].clauses), ("rule r", Some(3)));
        let mut n = n;
        n.settle();
        let (n, done) = n.define("rule r(a: Node) if a -z-> a").unwrap();
        assert_eq!((n.text.as_str(), done[0].replaced), ("rule r(a: Node) if a -z-> a\n", 2));
    }
    #[test]
    fn items_are_dropped_by_name_with_their_docs() {
        let (n, count) = Notebook::new("node A\n/// B.\nnode B\nnode C\n".into()).without("B");
        assert_eq!((n.text.as_str(), count), ("node A\nnode C\n", 1));
    }
    #[test]
    fn what_does_not_parse_changes_nothing() {
        assert!(Notebook::default().define("node {").is_err());
    }
}
