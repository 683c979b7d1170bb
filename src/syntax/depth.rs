//! How deep a text would nest, judged from its tokens, so that neither the grammar nor anyone who walks a tree can run out of
//! stack. Asked before pest sees an item; an over-estimate never, an under-estimate never by more than a constant factor.
use super::token::{Token, TokenKind};
use crate::base::Span;

/// The most brackets, quantifiers, conditionals and implications within one another.
pub const NESTING: usize = 256;
/// The most levels of a tree, chains of operators and attributes included.
pub const HEIGHT: usize = 400;

/// What is too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooDeep {
    /// Nested brackets and the like; here the limit is passed.
    Nesting(Span),
    /// A chain of operators that is too long.
    Chain(Span),
}

#[derive(Clone, Copy, Default)]
struct Frame {
    brace: bool,
    nested: usize,
    chain: usize,
    postfix: usize,
    prefix: usize,
    /// The chain before the last minus or `<-`: if an arrow comes of it, its signs were no operators.
    before: usize,
    tail: bool,
}

impl Frame {
    fn height(&self) -> usize {
        self.nested + self.chain + self.postfix + self.prefix
    }
    fn operator(&mut self) {
        self.chain += 1;
        self.postfix = 0;
        self.prefix = 0;
    }
    fn restart(&mut self) {
        self.chain = 0;
        self.postfix = 0;
        self.prefix = 0;
    }
}

const CLAUSES: [&str; 30] = [
    "let",
    "never",
    "require",
    "message",
    "repair",
    "given",
    "do",
    "against",
    "expect",
    "samples",
    "seed",
    "on",
    "permit",
    "forbid",
    "warn",
    "escalate",
    "rewrite",
    "oblige",
    "when",
    "unless",
    "otherwise",
    "add",
    "remove",
    "ensure",
    "set",
    "cost",
    "rule",
    "invariant",
    "policy",
    "test",
];

/// Where the tokens of an item nest too deeply, if they do.
pub(super) fn check(text: &str, tokens: &[Token]) -> Option<TooDeep> {
    let significant: Vec<&Token> = tokens.iter().filter(|t| !t.kind.is_trivia()).collect();
    let mut frames = vec![Frame::default()];
    let (mut nesting, mut height) = (0usize, 0usize);
    let mut ends = false;
    for (i, token) in significant.iter().enumerate() {
        let word = token.text(text);
        let frame = frames.last_mut()?;
        use TokenKind::*;
        match token.kind {
            k if k.is_open() => {
                if ends {
                    frame.postfix += 1;
                }
                nesting += 1 + frame.nested;
                height += 1 + frame.height();
                frames.push(Frame { brace: k == BraceOpen, ..Frame::default() });
            }
            k if k.opener().is_some() => {
                if frames.len() > 1 {
                    frames.pop();
                    if let Some(outer) = frames.last() {
                        nesting = nesting.saturating_sub(1 + outer.nested);
                        height = height.saturating_sub(1 + outer.height());
                    }
                }
            }
            Comma => {
                frame.restart();
                if !binder_follows(text, significant.get(i + 1..).unwrap_or(&[])) {
                    frame.nested = 0;
                }
            }
            Dot => frame.postfix += 1,
            Minus if frame.tail => {
                frame.tail = false;
                frame.chain = frame.before;
            }
            Minus if !ends => frame.prefix += 1,
            Minus => {
                frame.before = frame.chain;
                frame.operator();
            }
            ArrowTail => {
                frame.before = frame.chain;
                frame.tail = true;
                frame.postfix = 0;
            }
            ArrowHead => frame.chain = frame.before,
            Plus | PlusPlus | Star | Slash | Percent | Coalesce | EqualsEquals | NotEquals | Less | LessEquals | Greater
            | GreaterEquals | Dots => frame.operator(),
            Reserved => match word {
                "not" => frame.prefix += 1,
                "and" | "or" => frame.restart(),
                "implies" | "some" | "no" | "every" | "exactly" | "earlier" | "else" => {
                    frame.restart();
                    frame.nested += 1;
                }
                "if" if !ends => frame.nested += 1,
                "for" if ends && frame.brace => *frame = Frame { brace: true, ..Frame::default() },
                "in" | "is" | "has" | "as" => frame.operator(),
                _ => {}
            },
            Ident => match word {
                "matches" | "div" if ends => frame.operator(),
                "stable" => frame.prefix += 1,
                "least" | "most" | "worlds" | "candidates" | "since" | "breaks" => frame.nested += 1,
                _ if ends && CLAUSES.contains(&word) => *frame = Frame { brace: frame.brace, ..Frame::default() },
                _ => {}
            },
            _ => {}
        }
        ends = ends_expression(token.kind, word);
        let frame = frames.last().copied().unwrap_or_default();
        if nesting + frame.nested > NESTING {
            return Some(TooDeep::Nesting(token.span));
        }
        if height + frame.height() > HEIGHT {
            return Some(TooDeep::Chain(token.span));
        }
    }
    None
}

/// Whether an expression can end with this token.
pub(super) fn ends_expression(kind: TokenKind, word: &str) -> bool {
    kind.can_end() || kind == TokenKind::Reserved && matches!(word, "true" | "false" | "none")
}

fn binder_follows(text: &str, next: &[&Token]) -> bool {
    let kind = |i: usize| next.get(i).map(|t| t.kind);
    let word = |i: usize| next.get(i).map_or("", |t| t.text(text));
    match kind(0) {
        Some(TokenKind::Ident | TokenKind::Quoted | TokenKind::Wildcard) => {
            kind(1) == Some(TokenKind::Colon) || word(1) == "in" || word(0) == "last"
        }
        Some(TokenKind::ParenOpen) => kind(2) == Some(TokenKind::Comma),
        _ => false,
    }
}
