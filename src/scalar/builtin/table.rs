//! The table of all built-ins: those of the prelude, and those of the modules of `std`. Read by the checker, by completion and by the book.
use super::super::expression::Fault;
use super::super::types::Type;
use super::super::value::Value;
use super::signature::Signature;
use super::{json, lists, net, numbers, path, spdx, text, time, version};

/// A built-in function.
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// How it is called: `slice(text or list, from, to)`.
    pub usage: &'static str,
    /// One line for `:doc` and the book.
    pub doc: &'static str,
    /// Given the types of the arguments (already checked to be present where needed), the types they are to be converted to
    /// and the type of the result, or what is wrong (a sentence for the user).
    pub signature: fn(&[Type]) -> Signature,
    /// The function, on converted arguments.
    pub call: fn(&[Value]) -> Result<Value, Fault>,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const PRELUDE: [&[Builtin]; 5] = [text::TABLE, numbers::TABLE, lists::TABLE, time::TABLE, json::TABLE];
const MODULES: [(&str, &[Builtin]); 4] =
    [("net", net::TABLE), ("path", path::TABLE), ("spdx", spdx::TABLE), ("version", version::TABLE)];

/// The built-in of that name which every program sees.
pub fn find(name: &str) -> Option<&'static Builtin> {
    PRELUDE.into_iter().flatten().find(|b| b.name == name)
}

/// The names of the built-ins that every program sees, sorted.
pub fn names() -> Vec<&'static str> {
    sorted(PRELUDE.into_iter().flatten())
}

/// The built-in of that name in a module of `std` (`net` or `std.net`).
pub fn find_in(module: &str, name: &str) -> Option<&'static Builtin> {
    table(module)?.iter().find(|b| b.name == name)
}

/// The names in a module of `std` (`net` or `std.net`), sorted; none if it has no built-ins.
pub fn names_in(module: &str) -> Vec<&'static str> {
    sorted(table(module).unwrap_or(&[]).iter())
}

/// The modules of `std` that have built-ins, without the `std.`.
pub fn modules() -> Vec<&'static str> {
    MODULES.iter().map(|(name, _)| *name).collect()
}

fn table(module: &str) -> Option<&'static [Builtin]> {
    let module = module.strip_prefix("std.").unwrap_or(module);
    MODULES.into_iter().find(|(name, _)| *name == module).map(|(_, table)| table)
}

fn sorted(table: impl Iterator<Item = &'static Builtin>) -> Vec<&'static str> {
    let mut names: Vec<_> = table.map(|b| b.name).collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_of_the_page_is_there() {
        let page = "abs capture ceil contains count date digest ends_with exp first floor from_unix from_unix_ms from_unix_us greatest \
                    hour join keys last least leaves length log lower parse_json parse_time replace round slice sort split sqrt \
                    starts_with text tokens trim upper weekday";
        assert_eq!(names().join(" "), page);
        let std: Vec<_> = modules().into_iter().map(|m| format!("{m}: {}", names_in(m).join(" "))).collect();
        assert_eq!(std, ["net: domain host in_cidr", "path: glob normal", "spdx: licences", "version: major matches"]);
        assert!(find_in("std.net", "domain").is_some());
        assert!(find("domain").is_none() && find_in("graph", "reaches").is_none());
    }

    #[test]
    fn arguments_too_few_too_many_or_of_a_wrong_type_are_refused_and_no_call_panics() {
        let tables = PRELUDE.into_iter().chain(MODULES.into_iter().map(|(_, t)| t)).flatten();
        for b in tables {
            assert!(b.usage.starts_with(&format!("{}(", b.name)), "{}", b.name);
            assert!(!b.doc.is_empty() && !b.doc.ends_with('.'));
            assert!((b.signature)(&[]).is_err(), "{}", b.name);
            if !matches!(b.name, "least" | "greatest") {
                assert!((b.signature)(&vec![Type::Json; 9]).is_err(), "{}", b.name);
            }
            let wrong = (b.signature)(&vec![Type::Node(crate::scalar::Kinds::Any); 2]).unwrap_err();
            assert!(wrong.contains(&format!("`{}`", b.name)), "{wrong}");
            // what the checker would never let through is a fault at worst
            let odd = [
                Value::None,
                Value::Int(-1),
                Value::text("ä"),
                Value::list(vec![Value::None]),
                Value::Int(i64::MIN),
                Value::Int(i64::MAX),
            ];
            for n in 0..4u32 {
                for code in 0..odd.len().pow(n) {
                    let args: Vec<_> = (0..n).map(|i| odd[code / odd.len().pow(i) % odd.len()].clone()).collect();
                    let _ = (b.call)(&args);
                }
            }
        }
    }

    #[test]
    fn an_unknown_type_is_not_complained_about_twice() {
        for name in names() {
            let b = find(name).unwrap();
            let fits = (1..=3).any(|n| (b.signature)(&vec![Type::Error; n]).is_ok());
            assert!(fits, "{name}");
        }
    }
}
