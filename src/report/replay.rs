//! Which decisions about a trace are others under a changed policy, for people and as JSON. Fed by session, read by the command line.
use super::style::{Style, Tone, clean, counted};
use crate::verdict::Effect;
use crate::verdict::replayed::Replayed;
use crate::verdict::ruling::Decision;
use std::fmt::Write;

/// The version of the JSON form.
pub const VERSION: u32 = 1;

/// The differences as text, the first divergence first.
pub fn text(trace: &str, policy: &str, replayed: &Replayed, style: Style) -> String {
    let mut out = String::new();
    for (n, d) in replayed.differences.iter().enumerate() {
        let tone = |e: Effect| match e {
            Effect::Permit => Tone::Good,
            Effect::Escalate => Tone::Doubt,
            Effect::Forbid => Tone::Bad,
        };
        let (was, now) = (d.was.effect, d.now.effect);
        let arrow = style.sign("→", "->");
        let words = format!("{} {arrow} {}", style.paint(tone(was), was.name()), style.paint(tone(now), now.name()));
        let _ = writeln!(out, "{}. {} at {}: {words}", n + 1, style.paint(Tone::Strong, &clean(&d.now.event)), d.at);
        reasons(&mut out, "was", &d.was, style);
        reasons(&mut out, "now", &d.now, style);
    }
    let n = replayed.differences.len() as u64;
    let what = counted(replayed.decided, "decision", "decisions");
    let line = format!("{n} of {what} about {} {} by {}", clean(trace), if n == 1 { "differs" } else { "differ" }, clean(policy));
    let _ = writeln!(out, "{}", style.paint(if n == 0 { Tone::Good } else { Tone::Doubt }, &line));
    out
}

fn reasons(out: &mut String, when: &str, decision: &Decision, style: Style) {
    for r in decision.reasons.iter().filter(|r| r.effect != "permit") {
        let to = r.to.as_ref().map(|t| format!(" to {t:?}")).unwrap_or_default();
        let line = format!("   {when} {}: {}{to}, {}", r.policy, r.effect, r.message);
        let place =
            if r.clause.is_empty() { String::new() } else { style.paint(Tone::Faint, &format!("  {}", clean(&r.clause))) };
        let _ = writeln!(out, "{}{place}", clean(&line));
    }
    for r in &decision.rewrites {
        let _ = writeln!(out, "{}", clean(&format!("   {when} {}: {} = {}", r.policy, r.path.join("."), r.value)));
    }
}

/// The same as JSON, with a line end.
pub fn json(trace: &str, policy: &str, replayed: &Replayed) -> String {
    #[derive(serde::Serialize)]
    struct All<'a> {
        dbm_replay: u32,
        policy: &'a str,
        trace: &'a str,
        #[serde(flatten)]
        replayed: &'a Replayed,
    }
    serde_json::to_string_pretty(&All { dbm_replay: VERSION, policy, trace, replayed }).unwrap_or_default() + "\n"
}
