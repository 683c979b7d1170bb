//! Values of parameters from outside: names looked up, values read as the declared types. Fed by compile, read by nobody else.
use super::error::{ILL_TYPED_PARAM, MISSING_PARAM, UNKNOWN_PARAM};
use super::input::ParamValue;
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Place, Sources, Span};
use crate::scalar::Value;
use crate::scalar::cast::{cast, param};
use crate::semantics::hir;
use std::collections::BTreeMap;

/// Gives the program's parameters the values from outside. What does not fit is a diagnostic, placed in the call, which becomes a
/// source of its own so that it can be shown.
pub(super) fn set(program: &mut hir::Program, given: &[(String, ParamValue)], sources: &mut Sources) -> Vec<Diagnostic> {
    let mut found = vec![];
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, value) in given {
        let nth = program.params.iter().position(|p| &*p.name == name.as_str());
        let Some(p) = nth.and_then(|i| program.params.get_mut(i)) else {
            found.push(unknown(program, name, value, sources));
            continue;
        };
        let cast = match value {
            ParamValue::Written(text) => param(text, &p.ty),
            ParamValue::Value(v) => cast(v, &p.ty),
        };
        match cast {
            Ok(v) => p.default = Some(v),
            Err(fault) => {
                let (_, place) = call(name, value, sources);
                let d = Diagnostic::error(ILL_TYPED_PARAM, format!("parameter `{name}`: {}", fault.text));
                let d = d.at(place, format!("this is not {}", crate::scalar::types::with_article(&p.ty)));
                found.push(d.also(p.place, "declared here"));
            }
        }
        *seen.entry(name).or_default() += 1;
    }
    for (name, _) in seen.into_iter().filter(|(_, n)| *n > 1) {
        let d = Diagnostic::error(ILL_TYPED_PARAM, format!("parameter `{name}` is given more than once"));
        found.push(d.help(format!("give `{name}` once")));
    }
    found
}

fn unknown(program: &hir::Program, name: &str, value: &ParamValue, sources: &mut Sources) -> Diagnostic {
    let (named, _) = call(name, value, sources);
    let d = Diagnostic::error(UNKNOWN_PARAM, format!("the program has no parameter `{name}`")).at(named, "no such parameter");
    let names = || program.params.iter().map(|p| &*p.name);
    match nearest(name, names()) {
        Some(near) => {
            let place = program.params.iter().find(|p| &*p.name == near).map(|p| p.place).unwrap_or_default();
            d.also(place, format!("`{near}` is declared here")).suggest(format!("did you mean `{near}`?"), named, near)
        }
        None if program.params.is_empty() => {
            d.help("the program declares no parameters; `param name: Type = value` declares one")
        }
        None => d.help(format!("the program has {}", names().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))),
    }
}

/// The places of name and value in a source that shows how the parameter was given.
fn call(name: &str, value: &ParamValue, sources: &mut Sources) -> (Place, Place) {
    let value = match value {
        ParamValue::Written(text) => text.clone(),
        ParamValue::Value(Value::Text(text)) => text.to_string(),
        ParamValue::Value(value) => crate::scalar::display::brief(value),
    };
    let text = format!("--param {name}={value}");
    let file = sources.add_file("command line", text.as_str());
    let item = sources.add_item(file, 0);
    let (start, end) = ("--param ".len(), "--param ".len() + name.len());
    (Place::new(item, Span::new(start, end)), Place::new(item, Span::new(end + 1, text.len())))
}

/// The parameters that have no value.
pub(super) fn missing(program: &hir::Program) -> Vec<Diagnostic> {
    let without = program.params.iter().filter(|p| p.default.is_none());
    without
        .map(|p| {
            Diagnostic::error(MISSING_PARAM, format!("parameter `{}` has no value", p.name))
                .at(p.place, "declared here, without a default")
                .help(format!("give one with `--param {}=…`, or a default in the declaration", p.name))
        })
        .collect()
}
