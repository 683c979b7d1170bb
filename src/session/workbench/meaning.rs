//! What the words of the language mean, in a line or two: `:doc rule`, `:doc sum`. Used by bench.

/// Words, how they are used, and what for.
const WORDS: &[(&str, &str, &str)] = &[
    ("count", "count(x: Kind where φ)", "how many bindings there are; 0 if none"),
    ("sum", "sum(e for x: Kind where φ)", "the sum of numbers or durations over all bindings; 0 if none"),
    (
        "min",
        "min(e for x: Kind where φ)",
        "the least value over all bindings; absent if none. A value rule may be `= min { e if φ }`",
    ),
    (
        "max",
        "max(e for x: Kind where φ)",
        "the greatest value over all bindings; absent if none. A value rule may be `= max { e if φ }`",
    ),
    ("avg", "avg(e for x: Kind where φ)", "the mean of numbers, a Float; absent if there is no binding"),
    ("median", "median(e for x: Kind where φ)", "the value in the middle, a Float; absent if there is no binding"),
    ("percentile", "percentile(95, e for x: Kind where φ)", "the nearest-rank percentile; absent if there is no binding"),
    ("distinct", "distinct(e for x: Kind where φ)", "the sorted list of the values, without repeats"),
    ("any", "any(φ for x: Kind)", "whether a formula is true for any binding. A value rule may be `= any { φ }`"),
    ("all", "all(φ for x: Kind)", "whether a formula is true for all bindings. A value rule may be `= all { φ }`"),
    ("some", "some x: Kind where φ", "true if there is one"),
    ("no", "no x: Kind where φ", "true if there is none"),
    ("every", "every x: Kind where φ satisfies ψ", "true if each one for which φ is true has ψ; also if there is none"),
    ("satisfies", "every x: Kind where φ satisfies ψ", "what each one must have"),
    ("exactly", "exactly 2 x: Kind where φ", "true if there are two"),
    ("at", "at least 2 x: Kind where φ, at most 2 x: Kind where φ", "true if there are two or more, two or fewer"),
    ("where", "x: Kind where φ", "narrows what a binder ranges over"),
    ("and", "φ and ψ", "true if both are; the order of the conditions does not matter"),
    ("or", "φ or ψ", "true if one is"),
    ("not", "not φ", "true if φ is false; binds looser than comparisons"),
    ("implies", "φ implies ψ", "false only if φ is true and ψ is not"),
    ("if", "if φ then a else b, rule r(x: Kind) if φ", "chooses a value; in a rule, when it holds"),
    ("then", "if φ then a else b", "chooses a value"),
    ("else", "if φ then a else b", "chooses a value"),
    ("is", "x is Kind", "whether an element is of a kind"),
    ("has", "x has a", "whether an attribute is there"),
    (
        "in",
        "x in list, x in 1..3",
        "whether a value is in a list or a range; a part of a text is asked with `contains(text, part)`",
    ),
    ("as", "x as Int", "the value as another type; a fault if it cannot be"),
    ("matches", "text matches r\"…\"", "whether a pattern is found in a text"),
    ("none", "x.a == none", "what an absent attribute is equal to"),
    ("let", "let x = e", "names a value, in `invariant`, `intervention` and `policy`"),
    ("import", "import std.graph { reaches }", "brings the rules of a module, or of a file"),
    ("param", "param limit: Int = 3", "a value that the call may set: `--param limit=5`"),
    ("node", "node Host { zone: Text, size: Int? }", "declares a kind of nodes, with its attributes"),
    ("edge", "edge runs_on: Service -> Host { since: Time? }", "declares a kind of edges, with their ends and attributes"),
    ("event", "event Deploy { service: Service }", "declares a kind of events, which happen at a time"),
    ("reader", "reader name { for x in input.list { add Kind(x.id) } }", "makes a structure of a foreign document"),
    ("rule", "rule r(a: Kind, b: Kind) if φ, rule cost(a: Kind) = e", "says when a fact holds, or what a value is"),
    ("mechanism", "mechanism Kind.a = self.b * 2", "says how an attribute comes about, so that an edit can be followed through"),
    ("invariant", "invariant name { for x: Kind require φ }", "demands what must hold of every candidate"),
    ("intervention", "intervention name { do … expect φ }", "demands what must hold after a change"),
    ("policy", "policy name { on c: Call permit when φ }", "decides about events"),
    ("prefer", "prefer name = e", "ranks candidates"),
    ("test", "test \"title\" { given { … } expect φ }", "an example that the program carries with it; `dbm test` runs it"),
    ("for", "for x: Kind where φ", "what a demand is about, or what an edit is made for"),
    ("require", "require φ", "must be true, for each binding of `for`"),
    ("never", "never φ", "must be true for no binding of its variables"),
    ("message", "message \"{x} is wrong\"", "what is said of each violation; braces hold values"),
    ("given", "given { Kind a { … }, b  a -calls-> b }", "the structure of a test"),
    ("do", "do remove x", "the edits of a test or an intervention; in the REPL `:do`"),
    ("expect", "expect φ", "must be true, in a test or after an intervention"),
    ("holds", "holds name", "whether a demand has no violation"),
    ("breaks", "breaks name where φ", "whether a demand has a violation (whose binding makes φ true)"),
    ("add", "add Kind(\"id\") { … }, add a -calls-> b", "an edit: what must not be there yet"),
    ("ensure", "ensure Kind(\"id\")", "an edit: adds unless it is there"),
    ("remove", "remove x for x: Kind where φ", "an edit: takes elements away, nodes with their edges"),
    ("set", "set x.a = e", "an edit: gives an attribute a value"),
];

/// A word's use and meaning.
pub fn meaning(word: &str) -> Option<String> {
    WORDS.iter().find(|w| w.0 == word).map(|(_, usage, doc)| format!("/// {doc}\n{usage}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::token::{ITEM_WORDS, RESERVED};

    #[test]
    fn reserved_words_and_items_have_a_meaning() {
        // constants, and words that only stand before another
        let plain = ["true", "false", "earlier", "observed", "open", "default"];
        let missing: Vec<&&str> =
            RESERVED.iter().chain(&ITEM_WORDS).filter(|w| meaning(w).is_none() && !plain.contains(*w)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
