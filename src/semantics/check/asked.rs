//! What is asked of a checked program later, from outside: formulas, values, edits. Called by session.
use crate::base::{Diagnostic, FileId, ItemId, Sources};
use crate::scalar::Type;
use crate::semantics::checker::{Checker, Pos};
use crate::semantics::hir::{Edit, Expr, Program, Var, VarId};
use crate::semantics::resolve::{ModuleId, Names};
use crate::semantics::scope::{Cx, Site, What};
use crate::syntax::{parse_edit, parse_formula};
use std::collections::BTreeSet;

/// A formula, or another expression, that is asked of a checked program.
#[derive(Clone, Debug)]
pub struct Formula {
    /// Its variables.
    pub vars: Vec<Var>,
    /// Those that its bindings are made of, in the order of its text.
    pub columns: Vec<VarId>,
    /// The formula.
    pub expr: Expr,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
}

/// An edit that is asked of a checked program.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its variables.
    pub vars: Vec<Var>,
    /// The edit.
    pub edit: Edit,
}

/// Checks a formula against a checked program. Its new variables are its columns.
pub fn check_formula(sources: &mut Sources, program: &Program, names: &Names, file: FileId) -> Result<Formula, Vec<Diagnostic>> {
    let (expr, item, diagnostics) = parse_formula(sources, file);
    asked(sources, (program, names), (expr, item, diagnostics), |c, cx, e| c.body(cx, &e, Pos::MATCHED))
}

/// Checks an expression of any type against a checked program.
pub fn check_expression(
    sources: &mut Sources,
    program: &Program,
    names: &Names,
    file: FileId,
) -> Result<Formula, Vec<Diagnostic>> {
    let (expr, item, diagnostics) = parse_formula(sources, file);
    asked(sources, (program, names), (expr, item, diagnostics), |c, cx, e| {
        c.bind(cx, &e, true);
        let checked = c.expr(cx, &e, Pos::MATCHED);
        match checked.ty.present() {
            Type::Bool => c.truth(cx, checked),
            _ => checked,
        }
    })
}

/// Checks an edit against a checked program.
pub fn check_edit(sources: &mut Sources, program: &Program, names: &Names, file: FileId) -> Result<Asked, Vec<Diagnostic>> {
    let (edit, item, diagnostics) = parse_edit(sources, file);
    let mut made = None;
    let formula = asked(sources, (program, names), (edit, item, diagnostics), |c, cx, e| {
        cx.closed = true;
        made = c.edit(cx, &e);
        c.poison(cx, e.span)
    })?;
    match made {
        Some(edit) => Ok(Asked { vars: formula.vars, edit }),
        None => Err(formula.warnings),
    }
}

fn asked<T>(
    sources: &Sources,
    (program, names): (&Program, &Names),
    (parsed, item, diagnostics): (Option<T>, ItemId, Vec<Diagnostic>),
    check: impl FnOnce(&mut Checker<'_>, &mut Cx, T) -> Expr,
) -> Result<Formula, Vec<Diagnostic>> {
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    let (Some(parsed), false) = (parsed, failed) else { return Err(diagnostics) };
    let mut c = Checker {
        sources,
        names: names.clone(),
        schema: (*program.schema).clone(),
        program: program.clone(),
        rules: vec![],
        diagnostics,
        muted: 0,
        inferring: false,
        endless: BTreeSet::new(),
        unread: BTreeSet::new(),
    };
    let mut cx = Cx::new(ModuleId(0), item, Site::Query);
    cx.push(What::Clause);
    let expr = check(&mut c, &mut cx, parsed);
    let columns = cx.frame_vars();
    cx.pop();
    if c.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(c.diagnostics);
    }
    Ok(Formula { vars: cx.vars, columns, expr, warnings: c.diagnostics })
}
