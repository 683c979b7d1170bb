//! What is decided about a call, as each agent wants to hear it. Fed by the verb `hook`, which prints it.
use super::dialect::{Dialect, Form};
use crate::session::ruling::{Because, Change, Decision, Owed};
use serde_json::{Map, Value as Json, json};

/// What the process prints, and nothing but that: some agents read it whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply(pub String);

/// What is said of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// It may happen; with other arguments, if there are some.
    Allow(Option<Json>),
    /// It may happen if nobody else objects.
    Pass,
    /// The user is asked.
    Ask,
    /// It must not happen.
    Deny,
}

impl Form {
    /// The answer to a call.
    pub fn call(self, said: &Said, reason: &str, note: &str) -> Reply {
        let mut all = Map::new();
        let word = match said {
            Said::Allow(_) => "allow",
            Said::Ask => "ask",
            Said::Deny => "deny",
            // what is not said is not decided
            Said::Pass => return self.noted(note),
        };
        let args = match said {
            Said::Allow(Some(args)) => Some(args),
            _ => None,
        };
        match self.dialect {
            Dialect::Codex if *said == Said::Allow(None) => return self.noted(note),
            Dialect::Claude | Dialect::Codex => {
                let mut own = Map::new();
                own.insert("hookEventName".into(), self.event.into());
                own.insert("permissionDecision".into(), word.into());
                if !reason.is_empty() {
                    own.insert("permissionDecisionReason".into(), reason.into());
                }
                if let Some(args) = args {
                    own.insert("updatedInput".into(), args.clone());
                }
                all.insert("hookSpecificOutput".into(), own.into());
            }
            Dialect::Gemini => {
                all.insert("decision".into(), word.into());
                if !reason.is_empty() {
                    all.insert("reason".into(), reason.into());
                }
                if let Some(args) = args {
                    all.insert("hookSpecificOutput".into(), json!({ "hookEventName": self.event, "tool_input": args }));
                }
            }
            Dialect::Cursor => {
                all.insert("permission".into(), word.into());
                if !reason.is_empty() {
                    all.insert("user_message".into(), reason.into());
                    all.insert("agent_message".into(), reason.into());
                }
                if let Some(args) = args {
                    all.insert("updated_input".into(), args.clone());
                }
            }
        }
        self.with(all, note)
    }
    /// The answer to what needs none, with what the user should know.
    pub fn noted(self, note: &str) -> Reply {
        let mut all = Map::new();
        if self.event == "beforeSubmitPrompt" {
            all.insert("continue".into(), true.into());
        }
        self.with(all, note)
    }
    fn with(self, mut all: Map<String, Json>, note: &str) -> Reply {
        if !note.is_empty() {
            let name = if self.dialect == Dialect::Cursor { "user_message" } else { "systemMessage" };
            let before = all.get(name).and_then(Json::as_str).map(|b| format!("{b}\n")).unwrap_or_default();
            all.insert(name.into(), format!("{before}{note}").into());
        }
        Reply(format!("{}\n", Json::Object(all)))
    }
}

/// Why it is decided so, for people and models.
pub fn reason(decision: &Decision) -> String {
    let mut lines: Vec<String> = vec![];
    for r in &decision.reasons {
        let to = r.to.as_ref().map(|t| format!(" ({t} decides)")).unwrap_or_default();
        if r.effect == "permit" && r.message.starts_with('`') {
            lines.push(format!("{} permits it", r.policy));
            continue;
        }
        lines.push(format!("{}: {}{to}", r.policy, r.message));
        lines.extend(r.nearest.iter().map(|n| format!("nearest: {}", n.text)));
    }
    // who calls can call otherwise, or wait; who and what it is stays
    let own = |c: &&Change| c.set.keys().all(|k| k.starts_with("args."));
    let changes: Vec<&str> = decision.changes.iter().filter(own).map(|c| c.text.as_str()).collect();
    if !changes.is_empty() {
        lines.push(format!("it would be permitted with {}", changes.join(", or ")));
    }
    lines.join("\n")
}

/// What came to light beside a decision: warnings, and what nothing met in time.
pub fn notes(warnings: &[Because], lapsed: &[Owed]) -> String {
    let mut lines: Vec<String> = warnings.iter().map(|w| format!("{}: {}", w.policy, w.message)).collect();
    for o in lapsed {
        let to = o.otherwise.as_ref().map(|t| format!("; {t} is to know")).unwrap_or_default();
        let what = o.message.as_ref().map(|m| format!(" ({m})")).unwrap_or_default();
        lines.push(format!("{}: nothing met by {} what {} obliged to{what}{to}", o.policy, o.due, o.event));
    }
    lines.join("\n")
}
