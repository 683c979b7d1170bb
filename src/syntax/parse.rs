//! The front door of syntax: a file becomes items and diagnostics. Fed by session, read by semantics.
use super::ast::{Edit, Expr, ImportSource, Item, ItemKind};
use super::build::{Builder, MethodCall};
use super::cursor::{Built, Cursor};
use super::explain::{self, Explained};
use super::grammar::{Rule, pairs};
use super::split::{Chunk, Problem, begins_item, docs_text, split};
use super::token::{Token, TokenKind, tokens};
use super::{depth, error};
use crate::base::{Diagnostic, FileId, ItemId, Place, Sources, Span};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many diagnostics of syntax are given for one file.
pub const CAP: usize = 20;

/// The most tokens of one file that mean something: some ten thousands of rules.
pub const TOKENS: usize = 1_000_000;

/// What a file holds.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// The items that could be read, in order. One with a diagnostic may hold placeholders (a `0`, a name `_`).
    pub items: Vec<Item>,
    /// What is wrong, in order of place; at most [`CAP`], the last of which says how many more there are.
    pub diagnostics: Vec<Diagnostic>,
    /// The names that unreadable items seem to declare: not to be reported as unknown.
    pub broken: BTreeSet<Arc<str>>,
    /// The `//!` lines of the file, joined with line ends.
    pub docs: Option<Arc<str>>,
}

/// Reads a file. Each item is registered with `sources`; its spans are relative to it.
pub fn parse(sources: &mut Sources, file: FileId) -> Parsed {
    let Some(text) = sources.file(file).map(|f| f.text.clone()) else { return Parsed::default() };
    let text: &str = &text;
    let tokens = tokens(text);
    let docs: Vec<&str> = tokens.iter().filter(|t| t.kind == TokenKind::FileDoc).map(|t| t.text(text)).collect();
    let mut parsed = Parsed { docs: docs_text(&docs), ..Parsed::default() };
    let mut methods: Vec<MethodCall> = vec![];
    if let Some(d) = too_large(sources, file, &tokens) {
        parsed.diagnostics.push(d);
        return parsed;
    }
    for chunk in split(text, &tokens) {
        let id = sources.add_item(file, chunk.span.start as usize);
        let source = Source::new(text, &tokens, &chunk);
        match source.kind(&chunk, id) {
            Ok((kind, span, builder)) => {
                parsed.diagnostics.extend(builder.diagnostics);
                methods.extend(builder.methods);
                parsed.items.push(Item { id, span, docs: chunk.docs, kind });
            }
            Err(found) => {
                parsed.diagnostics.extend(found);
                parsed.broken.extend(source.declares());
            }
        }
    }
    let modules: BTreeSet<Arc<str>> = parsed.items.iter().filter_map(module).collect();
    for call in methods {
        if !call.root.is_some_and(|root| modules.contains(&root.text)) {
            parsed.diagnostics.push(call.diagnostic);
        }
    }
    finish(&mut parsed.diagnostics);
    parsed
}

/// Reads a file that holds one formula, such as the argument of `dbm query`.
pub fn parse_formula(sources: &mut Sources, file: FileId) -> (Option<Expr>, ItemId, Vec<Diagnostic>) {
    fragment(sources, file, Rule::formula, |b, c| b.take_expr(c))
}

/// Reads a file that holds one edit, such as `remove Host("h1")`.
pub fn parse_edit(sources: &mut Sources, file: FileId) -> (Option<Edit>, ItemId, Vec<Diagnostic>) {
    fragment(sources, file, Rule::change, |b, c| b.take_edit(c))
}

fn fragment<T>(
    sources: &mut Sources,
    file: FileId,
    rule: Rule,
    build: impl FnOnce(&mut Builder<'_>, &mut Cursor<'_>) -> Built<T>,
) -> (Option<T>, ItemId, Vec<Diagnostic>) {
    let id = sources.add_item(file, 0);
    let Some(text) = sources.file(file).map(|f| f.text.clone()) else { return (None, id, vec![]) };
    let text: &str = &text;
    let tokens = tokens(text);
    let place = |span: Span| Place::new(id, span);
    let problem = split(text, &tokens).into_iter().find_map(|c| c.problem);
    if let Some(problem) = problem {
        return (None, id, vec![bracket(problem, text, &tokens, &place)]);
    }
    if let Some(deep) = depth::check(text, &tokens) {
        return (None, id, vec![Explained::deep(deep).diagnostic(&place)]);
    }
    let mut found = match pairs(rule, text) {
        Ok(found) => found,
        Err(failure) => return (None, id, explained(text, &tokens, &failure, false, &place)),
    };
    let mut builder = Builder::new(text, id, 0);
    let built = found.next().map(|p| build(&mut builder, &mut Cursor::of(p)));
    let mut diagnostics = builder.diagnostics;
    // a module can only be told from a variable by its imports, and a fragment has none: lower-case built-ins are methods
    diagnostics.extend(builder.methods.into_iter().filter(|m| m.root.is_none()).map(|m| m.diagnostic));
    let built = match built {
        Some(Ok(built)) => Some(built),
        Some(Err(broken)) => {
            diagnostics.push(explain::internal(broken.0, place(Span::new(0, text.len()))));
            None
        }
        None => None,
    };
    finish(&mut diagnostics);
    (built, id, diagnostics)
}

/// Whether a text begins like an item; else it may be a formula.
pub fn is_item(text: &str) -> bool {
    begins_item(text, &tokens(text))
}

/// Whether a text that is entered line by line goes on: a bracket is open, or nothing can end with its last token.
pub fn goes_on(text: &str) -> bool {
    let tokens = tokens(text);
    let mut open = 0i64;
    for t in &tokens {
        open += i64::from(t.kind.is_open()) - i64::from(t.kind.opener().is_some());
    }
    let last = tokens.iter().rev().find(|t| !t.kind.is_trivia());
    match last {
        None => tokens.iter().any(|t| t.kind == TokenKind::Doc),
        Some(t) if t.kind == TokenKind::OpenText => false,
        Some(t) => open > 0 || !depth::ends_expression(t.kind, t.text(text)),
    }
}

/// What is said of a program that no person wrote: to check it would take longer than anyone waits.
fn too_large(sources: &mut Sources, file: FileId, tokens: &[Token]) -> Option<Diagnostic> {
    let first = tokens.iter().filter(|t| !t.kind.is_trivia()).nth(TOKENS)?;
    let place = Place::new(sources.add_item(file, 0), first.span);
    let d = Diagnostic::error(error::TOO_LARGE, format!("the program has more than {TOKENS} tokens"));
    Some(d.at(place, "as far as here").help("facts by the thousand belong into a candidate, as nodes, edges and attributes"))
}

/// One item's text and tokens, relative to it.
struct Source<'t> {
    text: &'t str,
    start: usize,
    file: &'t str,
    tokens: &'t [Token],
}

impl<'t> Source<'t> {
    fn new(file: &'t str, tokens: &'t [Token], chunk: &Chunk) -> Self {
        let (start, end) = (chunk.span.start as usize, chunk.span.end as usize);
        Source { text: file.get(start..end).unwrap_or(""), start, file, tokens: tokens.get(chunk.tokens.clone()).unwrap_or(&[]) }
    }
    fn relative(&self) -> Vec<Token> {
        let start = self.start as u32;
        self.tokens
            .iter()
            .map(|t| Token { kind: t.kind, span: Span { start: t.span.start - start, end: t.span.end - start } })
            .collect()
    }
    fn kind(&self, chunk: &Chunk, id: ItemId) -> Result<(ItemKind, Span, Builder<'t>), Vec<Diagnostic>> {
        let absolute = |span: Span| {
            let start = self.start as u32;
            Place::new(id, Span { start: span.start.saturating_sub(start), end: span.end.saturating_sub(start) })
        };
        let place = |span: Span| Place::new(id, span);
        if let (Some(problem), false) = (&chunk.problem, chunk.stray && !matches!(chunk.problem, Some(Problem::Extra { .. }))) {
            return Err(vec![bracket(problem.clone(), self.file, self.tokens, &absolute)]);
        }
        if chunk.stray {
            return Err(vec![explain::stray(self.text, &self.relative()).diagnostic(&place)]);
        }
        if let Some(deep) = depth::check(self.file, self.tokens) {
            return Err(vec![Explained::deep(deep).diagnostic(&absolute)]);
        }
        let mut found =
            pairs(Rule::one, self.text).map_err(|failure| explained(self.text, &self.relative(), &failure, true, &place))?;
        let whole = place(Span::new(0, self.text.len()));
        let item = found.next().and_then(|p| Cursor::of(p).any()).ok_or_else(|| vec![explain::internal("an item", whole)])?;
        let span = Span::new(item.as_span().start(), item.as_span().end());
        let mut builder = Builder::new(self.text, id, 0);
        let kind = builder.item(item).map_err(|broken| vec![explain::internal(broken.0, whole)])?;
        Ok((kind, span, builder))
    }
    /// The name that an unreadable item seems to declare.
    fn declares(&self) -> Option<Arc<str>> {
        let mut words = self.tokens.iter().filter(|t| !t.kind.is_trivia());
        let first = words.next()?.text(self.file);
        if matches!(first, "open" | "observed") {
            words.next();
        }
        let name = words.next().filter(|t| t.kind.is_name() || t.kind == TokenKind::Reserved)?;
        Some(name.text(self.file).trim_matches('`').into())
    }
}

fn explained(
    text: &str,
    tokens: &[Token],
    failure: &pest::error::Error<Rule>,
    item: bool,
    place: &dyn Fn(Span) -> Place,
) -> Vec<Diagnostic> {
    explain::explain(text, tokens, failure, item).into_iter().map(|e| e.diagnostic(place)).collect()
}

fn bracket(problem: Problem, text: &str, tokens: &[Token], place: &dyn Fn(Span) -> Place) -> Diagnostic {
    // a text that never ends swallows brackets
    if let Problem::Unclosed { open, .. } = &problem
        && let Some(t) = tokens.iter().find(|t| t.kind == TokenKind::OpenText && t.span.start > open.span.start)
    {
        return explain::endless(t.span).diagnostic(place);
    }
    match problem {
        Problem::Unclosed { open, noticed, after } => {
            let close = open.kind.closer();
            let found = Diagnostic::error(error::UNCLOSED, format!("`{}` is never closed", open.text(text)))
                .at(place(open.span), "opened here");
            let found = match noticed {
                Some(span) => found.also(place(span), "the next item begins before it is closed"),
                None => found.also(place(Span { start: after.end, end: after.end }), "the text ends before it is closed"),
            };
            found.suggest(
                format!("insert `{close}`"),
                place(Span { start: after.end, end: after.end }),
                if close == "}" { "\n}" } else { close },
            )
        }
        Problem::Mismatch { open, close, after, outside } => {
            let right = open.kind.closer();
            let found =
                Diagnostic::error(error::MISMATCHED, format!("`{}` is closed by `{}`", open.text(text), close.text(text)))
                    .at(place(close.span), format!("expected `{right}` here"))
                    .also(place(open.span), "opened here");
            if outside {
                found.suggest(format!("insert `{right}`"), place(Span { start: after.end, end: after.end }), right)
            } else {
                found.suggest(format!("say `{right}`"), place(close.span), right)
            }
        }
        Problem::Extra { close } => Diagnostic::error(error::MISMATCHED, format!("`{}` closes nothing", close.text(text)))
            .at(place(close.span), "no bracket is open here")
            .suggest("leave it out", place(close.span), ""),
    }
}

/// The name under which an import brings its module.
fn module(item: &Item) -> Option<Arc<str>> {
    let ItemKind::Import(import) = &item.kind else { return None };
    match &import.source {
        ImportSource::Module(name) => Some(name.name.text.clone()),
        ImportSource::File(path) => {
            let last = path.value.rsplit(['/', '\\']).next().unwrap_or("");
            Some(last.strip_suffix(".dbm").unwrap_or(last).into())
        }
    }
}

fn finish(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by_key(|d| d.primary());
    let more = diagnostics.len().saturating_sub(CAP);
    diagnostics.truncate(CAP);
    if let (true, Some(last)) = (more > 0, diagnostics.last_mut()) {
        last.notes.push(if more == 1 {
            "1 more mistake of syntax is not shown".into()
        } else {
            format!("{more} more mistakes of syntax are not shown")
        });
    }
}
