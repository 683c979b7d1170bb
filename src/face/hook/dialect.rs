//! What each agent calls its hooks, and where what we need stands in what it says. Read by the verb `hook`; answer writes back.
use super::super::store::digest;
use serde_json::{Map, Value as Json, json};

/// Whose hooks they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Dialect {
    /// Claude Code.
    Claude,
    /// Gemini CLI.
    Gemini,
    /// Cursor.
    Cursor,
    /// Codex CLI.
    Codex,
}

/// What a hook is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Matter {
    /// A tool is about to be called.
    Before,
    /// It was called.
    After,
    /// It was called, and failed.
    Failed,
    /// It was not called, since somebody said no.
    Refused,
    /// The user says something.
    Prompt,
    /// Nothing that policies speak of.
    Other,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// The dialect.
    pub dialect: Dialect,
    /// The hook.
    pub event: &'static str,
    /// Whether it can have the user asked.
    pub asks: bool,
    /// Whether it can have the call changed.
    pub rewrites: bool,
}

const fn row(dialect: Dialect, event: &'static str, matter: Matter) -> (Form, Matter) {
    (Form { dialect, event, asks: false, rewrites: false }, matter)
}

const fn before(dialect: Dialect, event: &'static str, asks: bool, rewrites: bool) -> (Form, Matter) {
    (Form { dialect, event, asks, rewrites }, Matter::Before)
}

use Dialect::{Claude, Codex, Cursor, Gemini};

/// All hooks that are known. What is not among them is refused, since it might be one that comes before a call.
const HOOKS: &[(Form, Matter)] = &[
    before(Claude, "PreToolUse", true, true),
    row(Claude, "PostToolUse", Matter::After),
    row(Claude, "PostToolUseFailure", Matter::Failed),
    row(Claude, "PermissionDenied", Matter::Refused),
    row(Claude, "UserPromptSubmit", Matter::Prompt),
    row(Claude, "SessionStart", Matter::Other),
    row(Claude, "SessionEnd", Matter::Other),
    row(Claude, "Stop", Matter::Other),
    row(Claude, "SubagentStart", Matter::Other),
    row(Claude, "SubagentStop", Matter::Other),
    row(Claude, "Notification", Matter::Other),
    row(Claude, "PreCompact", Matter::Other),
    before(Gemini, "BeforeTool", false, true),
    row(Gemini, "AfterTool", Matter::After),
    row(Gemini, "BeforeAgent", Matter::Prompt),
    row(Gemini, "SessionStart", Matter::Other),
    row(Gemini, "SessionEnd", Matter::Other),
    row(Gemini, "AfterAgent", Matter::Other),
    row(Gemini, "Notification", Matter::Other),
    row(Gemini, "PreCompress", Matter::Other),
    // where it can be asked there, the answer `ask` is not kept to
    before(Cursor, "preToolUse", false, true),
    before(Cursor, "beforeShellExecution", true, false),
    before(Cursor, "beforeMCPExecution", true, false),
    before(Cursor, "beforeReadFile", false, false),
    row(Cursor, "postToolUse", Matter::After),
    row(Cursor, "postToolUseFailure", Matter::Failed),
    row(Cursor, "afterShellExecution", Matter::After),
    row(Cursor, "afterMCPExecution", Matter::After),
    row(Cursor, "afterFileEdit", Matter::After),
    row(Cursor, "beforeSubmitPrompt", Matter::Prompt),
    row(Cursor, "sessionStart", Matter::Other),
    row(Cursor, "sessionEnd", Matter::Other),
    row(Cursor, "stop", Matter::Other),
    row(Cursor, "afterAgentResponse", Matter::Other),
    row(Cursor, "afterAgentThought", Matter::Other),
    // what asks or changes is read there and not done: the call would go through
    before(Codex, "PreToolUse", false, false),
    row(Codex, "PostToolUse", Matter::After),
    row(Codex, "UserPromptSubmit", Matter::Prompt),
    row(Codex, "SessionStart", Matter::Other),
    row(Codex, "Stop", Matter::Other),
];

/// A tool call, as an agent tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its own id, where the agent has one.
    pub id: Option<String>,
    /// The session.
    pub session: String,
    /// Who acts, where that is said.
    pub actor: Option<String>,
    /// The tool.
    pub tool: String,
    /// Its arguments, by name.
    pub args: Json,
    /// The folder in which it is called, where that is said.
    pub cwd: Option<String>,
}

impl Call {
    /// What the ids begin with that calls like this one are given where the agent has none.
    pub fn mark(&self) -> String {
        let text = digest([self.session.as_bytes(), self.tool.as_bytes(), self.args.to_string().as_bytes()]);
        format!("call-{}-", text.get(..16).unwrap_or_default())
    }
}

/// What a hook says.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// A tool is about to be called.
    Before(Call),
    /// It was called; whether it went well, and what came of it.
    After(Call, bool, Json),
    /// It was not called.
    Refused(Call),
    /// The user said something, in a session.
    Prompt(String, Json),
    /// Nothing that policies speak of.
    Other,
}

impl Dialect {
    /// What a hook's input says, and how it is answered. Else why it cannot be read.
    pub fn read(self, input: &Map<String, Json>) -> Result<(Form, Asked), String> {
        let name = text(input, &["hook_event_name"]).ok_or("`hook_event_name` is missing")?;
        let found = HOOKS.iter().find(|(f, _)| f.dialect == self && f.event == name);
        let Some((form, matter)) = found else {
            let known = HOOKS.iter().filter(|(f, m)| f.dialect == self && *m != Matter::Other).map(|(f, _)| f.event);
            return Err(format!("the hook `{name}` is not known; known are {}", known.collect::<Vec<_>>().join(", ")));
        };
        let asked = match matter {
            Matter::Before => Asked::Before(call(form, input)?),
            Matter::Refused => Asked::Refused(call(form, input)?),
            Matter::After | Matter::Failed => {
                let content = ["tool_response", "tool_output", "result_json", "output", "error", "error_message"];
                let content = content.iter().find_map(|n| input.get(*n)).cloned().unwrap_or(json!(""));
                let content = parsed(content);
                let ok = *matter == Matter::After && !is_failure(&content);
                Asked::After(call(form, input)?, ok, content)
            }
            Matter::Prompt => Asked::Prompt(session(input)?, input.get("prompt").cloned().ok_or("`prompt` is missing")?),
            Matter::Other => Asked::Other,
        };
        Ok((*form, asked))
    }
}

fn text<'a>(input: &'a Map<String, Json>, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|n| input.get(*n)?.as_str()).filter(|t| !t.is_empty())
}

fn session(input: &Map<String, Json>) -> Result<String, String> {
    let found = text(input, &["session_id", "conversation_id"]);
    found.map(str::to_string).ok_or_else(|| "`session_id` is missing".to_string())
}

/// A JSON within a text, as some agents write it.
fn parsed(content: Json) -> Json {
    match &content {
        Json::String(t) if t.starts_with(['{', '[']) => serde_json::from_str(t).unwrap_or(content),
        _ => content,
    }
}

/// Whether a result says of itself that it failed.
fn is_failure(content: &Json) -> bool {
    let truth = |name: &str| content.get(name).and_then(Json::as_bool);
    truth("is_error") == Some(true)
        || truth("isError") == Some(true)
        || truth("success") == Some(false)
        || content.get("error").is_some_and(|e| !matches!(e, Json::Null | Json::Bool(false)))
}

fn call(form: &Form, input: &Map<String, Json>) -> Result<Call, String> {
    let missing = |name: &str| format!("`{name}` is missing");
    let (tool, args) = match form.event {
        "beforeShellExecution" | "afterShellExecution" => {
            ("Shell".to_string(), json!({ "command": text(input, &["command"]).ok_or_else(|| missing("command"))? }))
        }
        "beforeReadFile" => {
            ("Read".to_string(), json!({ "file_path": text(input, &["file_path"]).ok_or_else(|| missing("file_path"))? }))
        }
        "afterFileEdit" => {
            let path = text(input, &["file_path"]).ok_or_else(|| missing("file_path"))?;
            ("Edit".to_string(), json!({ "file_path": path, "edits": input.get("edits").cloned().unwrap_or(json!([])) }))
        }
        _ => {
            let tool = text(input, &["tool_name"]).ok_or_else(|| missing("tool_name"))?;
            (tool.to_string(), parsed(input.get("tool_input").cloned().ok_or_else(|| missing("tool_input"))?))
        }
    };
    if !args.is_object() {
        return Err("`tool_input` is no object".into());
    }
    let own = |names: &[&str]| text(input, names).map(str::to_string);
    Ok(Call {
        id: own(&["tool_use_id"]),
        session: session(input)?,
        actor: own(&["agent_id", "agent_type"]),
        tool,
        args,
        cwd: own(&["cwd"]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hook_stands_once() {
        for (i, (a, _)) in HOOKS.iter().enumerate() {
            assert!(HOOKS.iter().take(i).all(|(b, _)| (a.dialect, a.event) != (b.dialect, b.event)), "{a:?}");
        }
    }

    #[test]
    fn what_is_not_known_or_not_whole_is_refused() {
        let read = |text: &str| match serde_json::from_str(text) {
            Ok(Json::Object(map)) => Claude.read(&map),
            _ => panic!("{text}"),
        };
        for wrong in [
            r#"{}"#,
            r#"{"hook_event_name": "PreToolUses", "session_id": "s", "tool_name": "Bash", "tool_input": {}}"#,
            r#"{"hook_event_name": "PreToolUse", "session_id": "", "tool_name": "Bash", "tool_input": {}}"#,
            r#"{"hook_event_name": "PreToolUse", "session_id": "s", "tool_name": 7, "tool_input": {}}"#,
            r#"{"hook_event_name": "PreToolUse", "session_id": "s", "tool_name": "Bash", "tool_input": "ls"}"#,
            r#"{"hook_event_name": "PreToolUse", "session_id": "s", "tool_name": "Bash"}"#,
            r#"{"hook_event_name": "UserPromptSubmit", "session_id": "s"}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
