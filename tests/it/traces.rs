//! Random policies and traces, as text, from a seed: few sessions, agents and tools, so that things join; times that collide and stand
//! exactly at the edges of windows; late and repeated events; attributes that are absent or of the wrong type. Read by temporal.
//!
//! It is long because it writes every form of the language that looks at the past.
use crate::random::Rng;
use std::fmt::Write;

/// Policies in items and a trace in events, in the order in which they arrive.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub items: Vec<String>,
    pub events: Vec<Event>,
    pub closed: bool,
    /// In microseconds.
    pub lateness: i64,
}
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub kind: String,
    pub id: String,
    /// In microseconds since 1970.
    pub at: i64,
    /// Names and values, as JSON.
    pub attrs: Vec<(&'static str, String)>,
}

impl Case {
    pub fn program(&self) -> String {
        self.items.join("\n") + "\n"
    }
    /// The trace as a candidate, with these of its events.
    pub fn trace(events: &[Event]) -> String {
        let mut text = String::from("{\"nodes\": [\n");
        for (n, (id, budget, role)) in [("ann", "1.0", "dev"), ("bo", "2.5", "ops"), ("cy", "0.0", "dev")].iter().enumerate() {
            let comma = if n > 0 { ",\n" } else { "" };
            let _ = write!(text, "{comma}{{\"id\": \"{id}\", \"kind\": \"Agent\", \"budget\": {budget}, \"role\": \"{role}\"}}");
        }
        text.push_str("\n], \"edges\": [], \"events\": [\n");
        for (n, e) in events.iter().enumerate() {
            let comma = if n > 0 { ",\n" } else { "" };
            let at = dbm::scalar::instant::format_time(e.at);
            let _ = write!(text, "{comma}{{\"kind\": \"{}\", \"id\": \"{}\", \"at\": \"{at}\"", e.kind, e.id);
            e.attrs.iter().for_each(|(k, v)| _ = write!(text, ", \"{k}\": {v}"));
            text.push('}');
        }
        text + "\n]}\n"
    }
}

const KINDS: [&str; 4] = ["Call", "Deploy", "Result", "Approval"];
const AGENT: usize = 4;

#[derive(Clone, Copy, PartialEq, Debug)]
enum Ty {
    Kind(usize),
    Int,
    Text,
    Bool,
    Json,
}
/// Attributes by kind: name, type, whether optional. A Deploy has those of a Call too.
const ATTRS: [&[(&str, Ty, bool)]; 5] = [
    &[
        ("session", Ty::Text, false),
        ("actor", Ty::Kind(AGENT), false),
        ("tool", Ty::Text, false),
        ("n", Ty::Int, false),
        ("m", Ty::Int, true),
        ("args", Ty::Json, false),
    ],
    &[("svc", Ty::Text, true)],
    &[
        ("session", Ty::Text, false),
        ("tool", Ty::Text, false),
        ("ok", Ty::Bool, false),
        ("n", Ty::Int, false),
        ("z", Ty::Json, false),
    ],
    &[("session", Ty::Text, false), ("by", Ty::Kind(AGENT), false), ("n", Ty::Int, false), ("z", Ty::Json, false)],
    &[("role", Ty::Text, false)],
];
fn attrs(kind: usize) -> Vec<(&'static str, Ty, bool)> {
    let all: &[usize] = if kind == 1 { &[0, 1] } else { std::slice::from_ref(&kind) };
    all.iter().flat_map(|k| ATTRS[*k]).copied().collect()
}
/// Whether events of a kind are decided, and not only observed.
fn decided(k: usize) -> bool {
    k < 2
}

type Vars = Vec<(String, Ty)>;
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

#[derive(Clone)]
struct Rule {
    name: String,
    /// The kinds of its parameters.
    params: Vec<usize>,
    value: bool,
    function: bool,
}

struct Writer {
    r: Rng,
    fresh: usize,
    faults: usize,
    /// The unit of windows and gaps, and its word.
    scale: (i64, &'static str),
    rules: Vec<Rule>,
}

/// A case from a seed.
pub fn case(seed: u64) -> Case {
    let mut r = Rng(seed.wrapping_mul(0x1000_0000_01b3) ^ 0x7ace);
    let faults = [0, 10, 25, 50][r.below(4)];
    let scale = [(SECOND, "s"), (MINUTE, "m"), (HOUR, "h"), (24 * HOUR, "d")][r.below(4)];
    let mut w = Writer { r, fresh: 0, faults, scale, rules: vec![] };
    let items = w.program();
    let lateness = [0, 0, 1, 2, 3][w.r.below(5)] * scale.0;
    let events = w.events(lateness);
    Case { items, events, closed: w.r.chance(25), lateness }
}

impl Writer {
    fn var(&mut self, letter: &str) -> String {
        self.fresh += 1;
        format!("{letter}{}", self.fresh)
    }
    fn duration(&mut self) -> String {
        let n = self.r.below(4);
        if n == 0 && self.r.chance(50) { "1ms".into() } else { format!("{}{}", n.max(1), self.scale.1) }
    }
    fn within(&mut self, percent: usize) -> String {
        if self.r.chance(percent) { format!(" within {}", self.duration()) } else { String::new() }
    }
    fn window(&mut self) -> String {
        if self.r.chance(35) {
            let unit = self.r.one(&["hour", "day", "week", "month"]);
            let zone = self.r.one(&["UTC", "UTC", "Europe/Berlin", "Asia/Kolkata"]);
            return format!(" per {unit} in \"{zone}\"");
        }
        self.within(55)
    }
    fn kind(&mut self) -> usize {
        [0, 0, 0, 1, 2, 2, 3, 3][self.r.below(8)]
    }

    fn program(&mut self) -> Vec<String> {
        let mut items = vec![
            "node Agent { budget: Float, role: Text }".to_string(),
            "event Call { session: Text, actor: Agent, tool: Text, n: Int, m: Int?, args: Json }".into(),
            "event Deploy { session: Text, actor: Agent, tool: Text, n: Int, m: Int?, args: Json, svc: Text? }".into(),
            "observed event Result { session: Text, tool: Text, ok: Bool, n: Int, z: Json }".into(),
            "observed event Approval { session: Text, by: Agent, n: Int, z: Json }".into(),
        ];
        for _ in 0..self.r.below(3) {
            items.extend(self.rule());
        }
        for n in 0..1 + self.r.below(3) {
            items.push(self.policy(n));
        }
        if self.r.chance(15) {
            items.push("default permit".into());
        }
        items
    }

    fn rule(&mut self) -> Vec<String> {
        let name = format!("r{}", self.rules.len());
        let c: Vars = vec![("c".into(), Ty::Kind(0))];
        let mut value = false;
        let mut function = false;
        let mut params = vec![0];
        let text = match self.r.below(9) {
            0 => format!("rule {name}(c: Call) if {}", self.boolean(&c, 2)),
            1 | 2 => {
                let p = self.var("p");
                let mut inner = c.clone();
                inner.push((p.clone(), Ty::Kind(0)));
                let joined = self.joined(&inner);
                let (w, b) = (self.within(40), self.boolean(&inner, 1));
                let again = if self.r.chance(70) { format!("{name}({p})") } else { format!("not {name}({p})") };
                let word = if self.r.chance(80) { "" } else { "not " };
                format!("rule {name}(c: Call) if {word}(earlier {p}: Call{w} where {joined} and ({b} or {again}))")
            }
            3 => {
                params = vec![0, 0];
                let inner = vec![("c".into(), Ty::Kind(0)), ("p".into(), Ty::Kind(0))];
                let joined = self.joined(&inner);
                let b = self.boolean(&inner, 1);
                format!("rule {name}(c: Call, p: Call) if {joined} and {b}")
            }
            4 => {
                params = vec![0, 2];
                let inner = vec![("c".into(), Ty::Kind(0)), ("p".into(), Ty::Kind(2))];
                let joined = self.joined(&inner);
                let w = self.within(50);
                format!("rule {name}(c: Call, p: Result) if earlier p: Result{w} where {joined}")
            }
            5 | 6 => {
                value = true;
                let b = self.boolean(&c, 1);
                format!("rule {name}(c: Call) = {} if {b}", self.int(&c, 2))
            }
            7 => {
                let p = self.var("p");
                let mut inner = c.clone();
                inner.push((p.clone(), Ty::Kind(0)));
                let (j, b, w) = (self.joined(&inner), self.boolean(&inner, 1), self.within(30));
                let more = if self.r.chance(50) {
                    format!(" or some q: Call where {name}(q) and q.n > c.n and q != c")
                } else {
                    String::new()
                };
                format!("rule {name}(c: Call) if (earlier {p}: Call{w} where {j} and {b}) and {p}.n >= c.n{more}")
            }
            _ => {
                function = true;
                format!("rule {name}(c: Call, k: Int) if c.n > k and {}", self.boolean(&c, 1))
            }
        };
        self.rules.push(Rule { name, params, value, function });
        vec![text]
    }

    fn policy(&mut self, n: usize) -> String {
        let kind = [0, 0, 0, 0, 0, 1, 2, 3][self.r.below(8)];
        let vars: Vars = vec![("c".into(), Ty::Kind(kind))];
        let filter = if self.r.chance(40) { format!(" where {}", self.boolean(&vars, 1)) } else { String::new() };
        let mut text = format!("policy p{n} {{\n  on c: {}{filter}\n", KINDS[kind]);
        let mut vars = vars;
        if self.r.chance(30) {
            let e = self.int(&vars, 2);
            let _ = writeln!(text, "  let s = {e}");
            vars.push(("s".into(), Ty::Int));
        }
        for _ in 0..1 + self.r.below(3) {
            let clause = self.clause(&vars, kind);
            let _ = writeln!(text, "  {clause}");
        }
        text + "}"
    }

    fn clause(&mut self, vars: &Vars, kind: usize) -> String {
        let mut inner = vars.clone();
        let mut condition = String::new();
        if self.r.chance(75) {
            let c = self.condition(&mut inner);
            let _ = write!(condition, " when {c}");
        }
        if self.r.chance(30) {
            let mut hidden = inner.clone();
            let c = self.condition(&mut hidden);
            let _ = write!(condition, " unless {c}");
        }
        let choice = if decided(kind) { self.r.below(16) } else { 12 + self.r.below(4) };
        let effect = match choice {
            0..4 => "forbid".to_string(),
            4..8 => "permit".into(),
            8..10 => format!("escalate to \"{}\"", self.r.one(&["owner", "boss"])),
            10 => match self.r.below(4) {
                0 => "rewrite c.args = c.args".into(),
                1 => "rewrite c.args.q = c.n".into(),
                n => format!("rewrite c.args.q = {n}"),
            },
            11 => format!("rewrite c.tool = \"{}\"", self.r.one(&["read", "read", "pay"])),
            12 | 13 => "warn".into(),
            _ => {
                let k = self.kind();
                let v = self.var("o");
                let mut met = inner.clone();
                met.push((v.clone(), Ty::Kind(k)));
                let filter = if self.r.chance(85) {
                    let j = self.joined(&met);
                    if self.r.chance(50) { format!(" where {j} and {}", self.boolean(&met, 1)) } else { format!(" where {j}") }
                } else {
                    String::new()
                };
                let otherwise = if self.r.chance(40) { " otherwise escalate to \"owner\"" } else { "" };
                format!("oblige {v}: {} within {}{filter}{otherwise}", KINDS[k], self.duration())
            }
        };
        let known = self.of(&inner, Ty::Text);
        let message = match self.r.pick(&known) {
            Some((t, _)) if self.r.chance(30) => format!("\n  message \"see {{{t}}}\""),
            _ => String::new(),
        };
        format!("{effect}{condition}{message}")
    }

    /// A condition that may bind the event of an `earlier`.
    fn condition(&mut self, vars: &mut Vars) -> String {
        if self.r.chance(25) {
            let (text, found) = self.earlier(vars);
            vars.extend(found);
            let b = self.boolean(vars, 1);
            return format!("({text}) and {b}");
        }
        if self.r.chance(10) {
            let pairs: Vec<Rule> = self.rules.iter().filter(|r| r.params.len() == 2).cloned().collect();
            if let (Some(r), Some(c)) = (self.r.pick(&pairs).cloned(), self.event(vars, true)) {
                let x = self.var("x");
                vars.push((x.clone(), Ty::Kind(r.params[1])));
                let b = self.boolean(vars, 1);
                return format!("{}({c}, {x}) and {x}.n >= 0 and {b}", r.name);
            }
        }
        self.boolean(vars, 2)
    }

    fn earlier(&mut self, vars: &Vars) -> (String, Vars) {
        let mut found: Vars = vec![];
        let k = self.kind();
        found.push((self.var("a"), Ty::Kind(k)));
        let mut text = format!("earlier {}: {}", found[0].0, KINDS[k]);
        if self.r.chance(25) {
            let k = self.kind();
            found.push((self.var("b"), Ty::Kind(k)));
            let _ = write!(text, " then {}: {}", found[1].0, KINDS[k]);
        }
        text += &self.within(50);
        let inner: Vars = vars.iter().chain(&found).cloned().collect();
        let j = self.joined(&inner);
        let _ = match self.r.chance(60) {
            true => write!(text, " where {j} and {}", self.boolean(&inner, 1)),
            false => write!(text, " where {j}"),
        };
        (text, found)
    }

    /// That the last variable has something in common with another event.
    fn joined(&mut self, vars: &Vars) -> String {
        let Some(((v, Ty::Kind(k)), rest)) = vars.split_last() else { return "true".into() };
        let mut all = vec![];
        for (a, ty, _) in attrs(*k).into_iter().filter(|a| matches!(a.1, Ty::Text | Ty::Kind(_))) {
            for (o, ok) in rest {
                let Ty::Kind(ok) = ok else { continue };
                all.extend(
                    attrs(*ok)
                        .iter()
                        .filter(|b| b.1 == ty && (b.0 == a || ty != Ty::Text))
                        .map(|b| format!("{v}.{a} == {o}.{}", b.0)),
                );
            }
        }
        match self.r.pick(&all) {
            Some(t) if self.r.chance(85) => t.clone(),
            _ => self.test(&vec![(v.clone(), Ty::Kind(*k))]),
        }
    }

    /// A binder, which is then the last of the variables.
    fn binder(&mut self, vars: &mut Vars, last: bool) -> String {
        let k = self.kind();
        let v = self.var("v");
        vars.push((v.clone(), Ty::Kind(k)));
        let last = if last && self.r.chance(25) { format!("last {} ", 1 + self.r.below(3)) } else { String::new() };
        format!("{last}{v}: {}{}", KINDS[k], self.window())
    }
    fn filter(&mut self, vars: &Vars, depth: usize) -> String {
        match self.r.below(10) {
            0 => String::new(),
            1..6 => format!(" where {}", self.joined(vars)),
            _ => format!(" where {} and {}", self.joined(vars), self.boolean(vars, depth)),
        }
    }

    fn event(&mut self, vars: &Vars, call: bool) -> Option<String> {
        let all: Vec<&String> =
            vars.iter().filter(|v| matches!(v.1, Ty::Kind(k) if k != AGENT && (!call || k == 0))).map(|v| &v.0).collect();
        self.r.pick(&all).map(|s| s.to_string())
    }

    /// What of a type variables have, and whether it may be absent.
    fn of(&self, vars: &Vars, ty: Ty) -> Vec<(String, bool)> {
        let mut all = vec![];
        for (v, t) in vars {
            match t {
                Ty::Kind(k) => {
                    for (a, t, optional) in attrs(*k) {
                        if t == ty {
                            all.push((format!("{v}.{a}"), optional));
                        } else if t == Ty::Kind(AGENT) && ty == Ty::Text {
                            all.push((format!("{v}.{a}.role"), optional));
                        }
                    }
                    if ty == Ty::Int {
                        all.push((format!("{v}.index"), false));
                    }
                }
                t if *t == ty => all.push((v.clone(), false)),
                _ => {}
            }
        }
        all
    }
    fn read(&mut self, vars: &Vars, ty: Ty, or: &str) -> Option<String> {
        let all = self.of(vars, ty);
        let (t, optional) = self.r.pick(&all)?.clone();
        Some(if optional { format!("({t} ?? {or})") } else { t })
    }

    fn int(&mut self, vars: &Vars, depth: usize) -> String {
        if depth == 0 {
            return match self.read(vars, Ty::Int, "1") {
                Some(t) if self.r.chance(65) => t,
                _ => self.r.below(4).to_string(),
            };
        }
        let d = depth - 1;
        let mut inner = vars.clone();
        match self.r.below(12) {
            0..3 => {
                let b = self.binder(&mut inner, true);
                format!("count({b}{})", self.filter(&inner, d))
            }
            3 | 4 => {
                let b = self.binder(&mut inner, true);
                let f = self.filter(&inner, d);
                let v = self.int(&inner[inner.len() - 1..].to_vec(), 0);
                match self.r.below(4) {
                    0 => format!("(min({v} for {b}{f}) ?? 2)"),
                    1 => format!("(max({v} for {b}{f}) ?? 2)"),
                    2 => format!("count(distinct({v} for {b}{f}))"),
                    _ => format!("sum({v} for {b}{f})"),
                }
            }
            5 | 6 => {
                let k = self.kind();
                let v = self.var("k");
                inner.push((v.clone(), Ty::Kind(k)));
                let (j, b) = (self.joined(&inner), self.boolean(&inner, d.min(1)));
                format!("consecutive({v}: {} where {j} satisfies {b})", KINDS[k])
            }
            7 => format!("({} + {})", self.int(vars, d), self.int(vars, d)),
            8 if self.r.chance(self.faults * 2) => format!("({} div {})", self.int(vars, d), self.int(vars, 0)),
            9 if self.r.chance(20 + self.faults) => match self.read(vars, Ty::Json, "1") {
                Some(j) if self.r.chance(self.faults) => format!("({j}.q as Int)"),
                Some(j) => format!("({j}.q ?? 2)"),
                None => "2".into(),
            },
            10 => {
                let rules: Vec<Rule> = self.rules.iter().filter(|r| r.value).cloned().collect();
                match (self.r.pick(&rules).cloned(), self.event(vars, true)) {
                    (Some(r), Some(c)) => format!("({}({c}) ?? 1)", r.name),
                    _ => self.int(vars, 0),
                }
            }
            _ => self.int(vars, 0),
        }
    }

    fn boolean(&mut self, vars: &Vars, depth: usize) -> String {
        if depth == 0 {
            return self.test(vars);
        }
        let d = depth - 1;
        let mut inner = vars.clone();
        match self.r.below(18) {
            0 => format!("not ({})", self.boolean(vars, d)),
            1 => format!("({} and {})", self.boolean(vars, d), self.boolean(vars, d)),
            2 => format!("({} or {})", self.boolean(vars, d), self.boolean(vars, d)),
            3 => format!("({} implies {})", self.boolean(vars, d), self.boolean(vars, d)),
            4..7 => {
                let e = self.earlier(vars).0;
                let not = if self.r.chance(30) { "not " } else { "" };
                format!("{not}({e})")
            }
            7 | 8 => {
                let (k, l) = (self.kind(), self.kind());
                let (x, y) = (self.var("x"), self.var("y"));
                inner.push((y.clone(), Ty::Kind(l)));
                let f = self.filter(&inner, d);
                // what the latest y is may matter to x
                let mut between = if self.r.chance(50) { inner } else { vars.clone() };
                between.push((x.clone(), Ty::Kind(k)));
                let g = self.filter(&between, d);
                let not = if self.r.chance(20) { "not " } else { "" };
                format!("{not}(no {x}: {}{g} since {y}: {}{f})", KINDS[k], KINDS[l])
            }
            9..12 => {
                let b = self.binder(&mut inner, true);
                let f = self.filter(&inner, d);
                match self.r.below(6) {
                    0 | 1 => format!("(some {b}{f})"),
                    2 => format!("(no {b}{f})"),
                    3 => format!("(every {b}{f} satisfies {})", self.boolean(&inner, d)),
                    _ => format!("({} {} {b}{f})", self.r.one(&["exactly", "at least", "at most"]), self.r.below(4)),
                }
            }
            12 | 13 => {
                let op = self.r.one(&["==", "<", ">=", ">"]);
                format!("{} {op} {}", self.int(vars, 1), self.int(vars, 0))
            }
            14 => {
                let rules: Vec<Rule> = self.rules.iter().filter(|r| !r.value && r.params.len() == 1).cloned().collect();
                match (self.r.pick(&rules).cloned(), self.event(vars, true)) {
                    (Some(r), Some(c)) => {
                        let k = if r.function { format!(", {}", self.int(vars, 0)) } else { String::new() };
                        format!("{}{}({c}{k})", if self.r.chance(40) { "not " } else { "" }, r.name)
                    }
                    _ => self.test(vars),
                }
            }
            _ => self.test(vars),
        }
    }

    fn test(&mut self, vars: &Vars) -> String {
        let op = |w: &mut Self| w.r.one(&["==", "!=", "<", "<=", ">", ">="]);
        match self.r.below(12) {
            0..3 => format!("{} {} {}", self.int(vars, 0), op(self), self.r.below(4)),
            3..5 => match self.read(vars, Ty::Text, "\"read\"") {
                Some(t) => format!("{t} {} \"{}\"", self.r.one(&["==", "!="]), self.r.one(&["read", "pay", "s1", "dev"])),
                None => "true".into(),
            },
            5 => match self.read(vars, Ty::Bool, "true") {
                Some(t) => t,
                None => format!("{} > 1", self.int(vars, 0)),
            },
            6 => match self.read(vars, Ty::Text, "\"read\"") {
                Some(t) => format!("{t} in [\"read\", \"s2\", \"ops\"]"),
                None => "true".into(),
            },
            7..9 => match self.read(vars, Ty::Json, "1") {
                Some(j) if self.r.chance(25 + self.faults * 2) => format!("{j}.q {} {}", op(self), self.r.below(3)),
                Some(j) => format!("({j}.q ?? 1) == {}", self.r.below(3)),
                None => "true".into(),
            },
            9 => match self.event(vars, true) {
                Some(c) => match self.r.below(2) {
                    0 => format!("({c} has m and {c}.m {} {})", op(self), self.r.below(3)),
                    _ => format!("{c}.m {} {}", self.r.one(&["==", "!="]), self.r.below(3)),
                },
                None => "true".into(),
            },
            10 => {
                let all: Vec<&(String, Ty)> = vars.iter().filter(|v| matches!(v.1, Ty::Kind(k) if k != AGENT)).collect();
                match (self.r.pick(&all), self.r.pick(&all)) {
                    (Some(a), Some(b)) if a != b => match self.r.below(2) {
                        0 => format!("{}.at {} {}.at", a.0, op(self), b.0),
                        _ => format!("{}.at - {}.at <= {}", a.0, b.0, format_args!("1{}", self.scale.1)),
                    },
                    _ => format!("{} < 2", self.int(vars, 0)),
                }
            }
            _ => format!("{} != {}", self.int(vars, 0), self.int(vars, 0)),
        }
    }

    // ------------------------------------------------------------------ the trace

    fn events(&mut self, lateness: i64) -> Vec<Event> {
        // before midnight, the end of a week, a month, a change of the clocks
        let base = [
            "2026-01-03T09:00:00Z",
            "2026-03-28T22:59:58Z",
            "2026-02-28T23:59:58Z",
            "2026-05-31T18:29:59Z",
            "2026-10-25T00:30:00Z",
        ];
        let mut at = dbm::scalar::instant::parse_time(self.r.one(&base)).expect("a time");
        let mut all: Vec<Event> = vec![];
        for n in 0..[0, 3, 6, 9, 12, 15][self.r.below(6)] + self.r.below(3) {
            at += match self.r.below(10) {
                0..4 => 0,
                4..8 => self.scale.0,
                8 => self.scale.0 * self.r.below(4) as i64,
                _ => self.scale.0 / 2 + [0, 1, -1, 1000][self.r.below(4)],
            };
            let kind = self.kind();
            let mut fields = vec![];
            for (name, ty, optional) in attrs(kind) {
                if !(optional && self.r.chance(40)) {
                    let value = self.json(name, ty);
                    fields.push((name, value));
                }
            }
            let id = format!("{}{n}", ["c", "c", "r", "a"][kind]);
            all.push(Event { kind: KINDS[kind].into(), id, at, attrs: fields });
        }
        // some arrive late
        let late = if lateness > 0 || self.r.chance(20) { 25 } else { 0 };
        for i in 0..all.len() {
            if self.r.chance(late) {
                let e = all.remove(i);
                let to = (i + 1 + self.r.below(3)).min(all.len());
                all.insert(to, e);
            }
        }
        // some twice, a few of them changed
        for _ in 0..if self.r.chance(25) { 1 + self.r.below(2) } else { 0 } {
            let i = self.r.below(all.len());
            let Some(e) = all.get(i) else { break };
            let mut e = e.clone();
            if self.r.chance(30) {
                e.at += [1, -1, self.scale.0, lateness][self.r.below(4)];
            }
            if self.r.chance(12) {
                match self.r.below(3) {
                    0 => e.attrs.iter_mut().filter(|a| a.0 == "n").for_each(|a| a.1 = "7".into()),
                    1 => e.kind = if e.kind == "Call" { "Deploy".into() } else { e.kind },
                    _ => e.attrs.iter_mut().filter(|a| a.0 == "session").for_each(|a| a.1 = "\"s9\"".into()),
                }
            }
            let to = (i + 1 + self.r.below(4)).min(all.len());
            all.insert(to, e);
        }
        all
    }
    fn json(&mut self, name: &str, ty: Ty) -> String {
        match (name, ty) {
            ("session", _) => self.r.one(&["\"s1\"", "\"s1\"", "\"s2\""]).into(),
            ("tool", _) => self.r.one(&["\"read\"", "\"pay\"", "\"send\""]).into(),
            (_, Ty::Kind(_)) => self.r.one(&["\"ann\"", "\"bo\""]).into(),
            (_, Ty::Int) => self.r.below(4).to_string(),
            (_, Ty::Bool) => self.r.one(&["true", "false", "false"]).into(),
            (_, Ty::Text) => self.r.one(&["\"web\"", "\"read\""]).into(),
            _ if self.r.chance(self.faults) => self.r.one(&["{}", "{\"q\": \"x\"}", "{\"q\": [1]}", "3"]).into(),
            _ => self.r.one(&["{\"q\": 0}", "{\"q\": 1}", "{\"q\": 2}", "{}"]).into(),
        }
    }
}
