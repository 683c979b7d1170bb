//! What the grammar would have taken where it gave up, in the user's words.
use super::grammar::Rule;
use pest::error::{Error, ErrorVariant};

/// The words that begin clauses.
pub(super) const CLAUSES: [&str; 24] = [
    "for", "let", "never", "require", "message", "repair", "given", "do", "against", "expect", "samples", "seed", "on", "permit",
    "forbid", "warn", "escalate", "rewrite", "oblige", "when", "unless", "add", "remove", "set",
];

/// What could have stood there.
#[derive(Clone, Debug, Default)]
pub(super) struct Expected {
    rules: Vec<Rule>,
    words: Vec<String>,
}

/// What a failure expected.
pub(super) fn expected(failure: &Error<Rule>) -> Expected {
    let rules = match &failure.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.clone(),
        ErrorVariant::CustomError { .. } => vec![],
    };
    let mut words = vec![];
    for rule in &rules {
        for word in opening(*rule) {
            if !words.iter().any(|w| w == word) {
                words.push(word.to_string());
            }
        }
        if let Some(word) = format!("{rule:?}").strip_prefix("kw_") {
            words.push(word.to_string());
        }
    }
    Expected { rules, words }
}

impl Expected {
    /// Whether the rule could have stood there.
    pub fn has(&self, rule: Rule) -> bool {
        self.rules.contains(&rule)
    }
    /// Whether nothing but these rules could have stood there.
    pub fn only(&self, rules: &[Rule]) -> bool {
        !self.rules.is_empty() && self.rules.iter().all(|r| rules.contains(r))
    }
    /// The keywords that could have stood there.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }
    /// Whether a name, and no expression, could have stood there.
    pub fn only_names(&self) -> bool {
        use Rule::*;
        let names = [name, binder_name, qualified, variable];
        self.rules.iter().any(|r| names.contains(r)) && !self.rules.iter().any(|r| class(*r) == Some("an expression"))
            || self.rules.iter().all(|r| {
                matches!(r, scope | element | in_list | in_pair | binder_name | last | kw_last | any_of | kw_any | paren_open)
            }) && !self.rules.is_empty()
    }
    /// `expected a name or `{` here`, or nothing if that would not help.
    pub fn sentence(&self, place: &str) -> String {
        let mut classes: Vec<String> = vec![];
        let mut add = |s: String| {
            if !classes.contains(&s) {
                classes.push(s);
            }
        };
        let mut clauses = false;
        let mut operator = false;
        // behind an operand the beginnings of operators are not worth a list
        let expressions = self.rules.iter().any(|r| class(*r) == Some("an expression"));
        let behind = !expressions && self.has(Rule::bracket_open) && self.has(Rule::paren_open);
        let part = |r: Rule| {
            use Rule::*;
            matches!(
                r,
                bracket_open | paren_open | dot | minus | arrow_tail | kw_not | kw_as | kw_is | kw_has | attr | index | call
            )
        };
        // before an operand the beginnings of expressions are not worth one either
        let start = |r: Rule| {
            use Rule::*;
            matches!(
                r,
                name | variable
                    | text
                    | record
                    | brace_open
                    | bracket_open
                    | paren_open
                    | kw_count
                    | kw_consecutive
                    | minus
                    | kw_not
                    | kw_in
                    | kw_if
                    | kw_at
                    | kw_true
                    | kw_false
                    | kw_none
                    | kw_no
                    | kw_earlier
                    | kw_some
                    | kw_every
                    | kw_exactly
            )
        };
        for rule in &self.rules {
            if expressions && start(*rule) {
                continue;
            }
            if behind && part(*rule) {
                operator = true;
                continue;
            }
            match class(*rule) {
                Some("an operator") => operator = true,
                Some("a clause") => clauses = true,
                Some(words) => add(words.to_string()),
                None => {
                    if let Some(word) = format!("{rule:?}").strip_prefix("kw_") {
                        add(format!("`{word}`"));
                    }
                }
            }
        }
        if clauses {
            add("a clause".into());
        }
        if operator {
            add("an operator".into());
        }
        classes.truncate(6);
        match classes.pop() {
            None => String::new(),
            Some(last) if classes.is_empty() => format!("expected {last} {place}"),
            Some(last) => format!("expected {} or {last} {place}", classes.join(", ")),
        }
    }
}

/// What a rule is called; nothing for a keyword, which is called by itself, and for what is not worth a mention.
fn class(rule: Rule) -> Option<&'static str> {
    use Rule::*;
    Some(match rule {
        expr | value | prefix | negation | if_else | count_over | consecutive | list | group | int | float | duration
        | instant | true_word | false_word | none_word | wildcard | quantifier | none_since | earlier | share | share_word
        | verdict | verdict_of | verdict_on | verdict_breaks | verdict_list | name_verdict | breaks_word | decision
        | stable_word => "an expression",
        typ | cast_type | type_texts | type_list | type_group | type_kinds => "a type",
        name | qualified | variable | ident | quoted | reference | event_reference => "a name",
        binder_name => "a variable",
        text => "a text",
        scope | element | in_list | in_pair => "a binder such as `x: Kind`",
        operator | arith | not_in | arrow_right | arrow_left | as_type | is_kind | has_attr => "an operator",
        never | require | repair | for_clause | let_clause | message | do_clause | given | against | expect | samples | seed
        | for_worlds | on_clause | effect | permit | forbid | warn | escalate | rewrite | oblige | given_block => "a clause",
        edit | remove | add | set | reader_for => "an edit",
        given_edges | given_event | given_nodes => "a node, an edge or an event",
        path | path_step | path_group => "a path",
        condition => "`where`",
        satisfies => "`satisfies`",
        over | edit_for => "`for`",
        when => "`when`",
        unless => "`unless`",
        since => "`since`",
        otherwise => "`otherwise`",
        at => "`at`",
        weight => "`weight`",
        window | within | per => "a window",
        unit => "`hour`, `day`, `week` or `month`",
        title => "a title",
        severity => "a severity",
        attributes | record | reader_body | import_names | brace_open => "`{`",
        attribute => "an attribute",
        field => "a field",
        brace_close => "`}`",
        cardinality | bracket_open => "`[`",
        bracket_close => "`]`",
        call | paren_open => "`(`",
        paren_close => "`)`",
        comma | comma_mark => "`,`",
        colon => "`:`",
        dots => "`..`",
        pipe => "`|`",
        equals | equals_mark => "`=`",
        draws_mark => "`~`",
        minus => "`-`",
        arrow_head => "`->`",
        arrow_tail => "`<-`",
        signed => "a number",
        percent => "a percentage",
        rule_if => "`if`",
        rule_value => "`=`",
        rule_param => "a parameter",
        worlds => "`worlds`",
        candidates => "`candidates`",
        EOI => "the end",
        _ => return None,
    })
}

/// The words that a rule can begin with, for "did you mean".
fn opening(rule: Rule) -> &'static [&'static str] {
    use Rule::*;
    match rule {
        never => &["never"],
        require => &["require"],
        repair => &["repair"],
        for_clause | for_worlds | reader_for | over | edit_for => &["for"],
        let_clause => &["let"],
        message => &["message"],
        do_clause => &["do"],
        given | given_block => &["given"],
        against => &["against"],
        expect => &["expect"],
        samples => &["samples"],
        seed => &["seed"],
        on_clause => &["on"],
        effect => &["permit", "forbid", "warn", "escalate", "rewrite", "oblige"],
        edit => &["add", "ensure", "remove", "set"],
        when => &["when"],
        unless => &["unless"],
        otherwise => &["otherwise"],
        condition => &["where"],
        satisfies => &["satisfies"],
        since => &["since"],
        window => &["within", "per"],
        operator => &["and", "or", "implies", "in", "matches"],
        is_kind => &["is"],
        has_attr => &["has"],
        as_type => &["as"],
        at => &["at"],
        weight => &["weight"],
        unit => &["hour", "day", "week", "month"],
        worlds => &["worlds"],
        candidates => &["candidates"],
        _ => &[],
    }
}
