//! What the style says of each construct: where a space stands, and where a line may end. Called by `source`, read by `layout`.
use super::super::grammar::Rule;
use super::super::token::TokenKind;
use super::piece::{Gap, Group, Kind, Part, Pieces, Role};

/// Marks the gaps of an item.
pub(super) fn mark(item: &mut Pieces<'_>, root: &Part) {
    let mut marker = Marker { item };
    marker.walk(root);
    item.groups.sort_by_key(|g| g.first);
    // gaps know their group by its number, which sorting has changed
    let numbered: Vec<(usize, Vec<usize>)> = item.groups.iter().enumerate().map(|(n, g)| (n, g.gaps.clone())).collect();
    for (n, gaps) in numbered {
        for i in gaps {
            if let Some((group, _)) = item.gaps.get_mut(i).and_then(|g| g.owner.as_mut()) {
                *group = n;
            }
        }
    }
}

/// Elements more than this many, all of them short, are words of a list.
const WORDS: usize = 4;

struct Marker<'i, 't> {
    item: &'i mut Pieces<'t>,
}

impl Marker<'_, '_> {
    fn walk(&mut self, p: &Part) {
        self.spaces(p);
        if let Some(rule) = p.rule {
            self.breaks(p, rule);
        }
        for part in &p.parts {
            self.walk(part);
        }
    }

    // ---- spaces

    fn spaces(&mut self, p: &Part) {
        for (left, right) in p.parts.iter().zip(p.parts.iter().skip(1)) {
            let space = self.spaced(p, left, right);
            if let Some(gap) = self.item.gaps.get_mut(left.last) {
                gap.space = space;
            }
        }
    }
    fn spaced(&self, p: &Part, left: &Part, right: &Part) -> bool {
        use Rule::*;
        let Some(rule) = p.rule else { return true };
        if matches!(
            rule,
            qualified
                | attr
                | arrow_right
                | arrow_left
                | path
                | path_step
                | path_group
                | times
                | edge_variable
                | signed
                | percent
        ) {
            return false;
        }
        if left.is(paren_open)
            || left.is(bracket_open)
            || right.is(paren_close)
            || right.is(bracket_close)
            || left.is(brace_open) && right.is(brace_close)
            || right.is(comma)
            || right.is(optional)
        {
            return false;
        }
        if right.is(colon) {
            return false;
        }
        match rule {
            // calls, indices and attributes hang on what they belong to
            expr | value | reference | event_reference if right.is(attr) || right.is(index) || right.is(call) => false,
            rule_head | count_over | consecutive => !right.is(paren_open),
            type_range | cardinality => !left.is(dots) && !right.is(dots),
            expr | value => {
                let sign = |e: &Part| (e.is(prefix) || e.is(negation)) && self.item.text(e.first) == "-";
                let range = [left, right].into_iter().find(|e| self.level(e) == Some(6));
                !(sign(left) || range.is_some_and(|r| self.tight(p, r)))
            }
            _ => true,
        }
    }

    /// Whether a range is between two operands, rather than sums and the like.
    fn tight(&self, p: &Part, range: &Part) -> bool {
        let looser = |e: &&Part| self.level(e).is_none_or(|l| l > 6);
        let left = p.parts.iter().rev().skip_while(|e| e.first >= range.first).take_while(looser);
        let right = p.parts.iter().skip_while(|e| e.first <= range.first).take_while(looser);
        !left.chain(right).any(|e| self.level(e).is_some())
    }

    // ---- breaks

    fn breaks(&mut self, p: &Part, rule: Rule) {
        use Rule::*;
        match rule {
            invariant | intervention | policy | test | given_block | reader_body => self.block(p),
            import_names | attributes | record | list | rule_head | value_block => self.list(p),
            call if p.part(over).is_none() => self.list(p),
            call | count_over | consecutive | group => self.around(p),
            import | node | event | edge | reader => {}
            param | set | let_clause | rewrite | mechanism | prefer => self.assigned(p, p),
            rule_value => self.assigned(p, p.part(value_clause).unwrap_or(p)),
            value_clause => self.fill(p, |e| e.is(kw_if)),
            rule_if => self.rule_if(p),
            if_else => self.leading(p, Kind::Chain, |e| e.is(kw_then) || e.is(kw_else)),
            given_nodes => self.behind(p, Kind::Chain, |e| e.is(comma)),
            verdict_list => self.behind(p, Kind::Fill, |e| e.is(comma)),
            edit => self.edit(p),
            edit_for => self.behind(p, Kind::Fill, |e| e.is(comma)),
            quantifier | for_clause | for_worlds | never_scope | none_since | since | over | reader_for => self.scope(p),
            scope => self.scope(p),
            earlier => self.fill(p, |e| e.is(kw_then) || e.is(condition)),
            on_clause | verdict_breaks => self.fill(p, |e| e.is(condition)),
            effect => self.fill(p, |e| e.is(when) || e.is(unless)),
            oblige => self.fill(p, |e| e.is(condition) || e.is(otherwise)),
            repair => self.fill(p, |e| e.is(kw_cost)),
            ends | type_texts | type_kinds => self.fill(p, |e| e.is(pipe)),
            expr | value => self.chain(&p.parts),
            _ => {}
        }
    }

    /// Makes a group of gaps that belong to none yet.
    fn group(&mut self, kind: Kind, first: usize, last: usize, gaps: &[(usize, Role)]) {
        let number = self.item.groups.len();
        let mut own = vec![];
        for &(i, role) in gaps {
            if let Some(gap) = self.item.gaps.get_mut(i).filter(|g| g.owner.is_none()) {
                gap.owner = Some((number, role));
                own.push(i);
            }
        }
        if !own.is_empty() {
            own.sort_unstable();
            self.item.groups.push(Group { kind, first, last, gaps: own, aligned: vec![] });
        }
    }
    /// Lines may begin with some of the parts.
    fn leading(&mut self, p: &Part, kind: Kind, at: impl Fn(&Part) -> bool) {
        let heads: Vec<&Part> = p.parts.iter().skip(1).filter(|e| at(e)).collect();
        let gaps: Vec<(usize, Role)> = heads.iter().map(|e| self.before(e)).collect();
        self.group(kind, p.first, p.last, &gaps);
    }
    fn fill(&mut self, p: &Part, at: impl Fn(&Part) -> bool) {
        self.leading(p, Kind::Fill, at);
    }
    /// Lines may end with some of the parts.
    fn behind(&mut self, p: &Part, kind: Kind, at: impl Fn(&Part) -> bool) {
        let gaps: Vec<(usize, Role)> = p.parts.iter().filter(|e| at(e)).map(|e| self.after(e)).collect();
        self.group(kind, p.first, p.last, &gaps);
    }
    /// The gap before a word or operator. What the author put behind it stands before it now: one place is enough.
    fn before(&mut self, e: &Part) -> (usize, Role) {
        let at = e.first.saturating_sub(1);
        let word = e.parts.first().map_or(e.last, |w| if w.parts.is_empty() { w.last } else { e.first });
        self.merge(word, at, true);
        (at, Role::Between)
    }
    /// The gap behind a comma; what the author put before it stands behind it now.
    fn after(&mut self, e: &Part) -> (usize, Role) {
        self.merge(e.first.saturating_sub(1), e.last, false);
        (e.last, Role::Between)
    }
    /// Moves what stands in one gap to another, behind or before what is there.
    fn merge(&mut self, from: usize, to: usize, behind: bool) {
        let taken = match self.item.gaps.get_mut(from).filter(|g| from != to && g.owner.is_none()) {
            // docs stay where they are: what they document may depend on it
            Some(g) if g.comments.iter().all(|c| c.kind == TokenKind::Comment) => {
                let space = g.space;
                std::mem::replace(g, Gap { space, ..Gap::default() })
            }
            _ => return,
        };
        let Some(gap) = self.item.gaps.get_mut(to) else { return };
        gap.newline |= taken.newline;
        let at = if behind { gap.comments.len() } else { 0 };
        // two comments behind one piece cannot share its line
        let mut comments = gap.comments.clone();
        comments.splice(at..at, taken.comments);
        for c in comments.iter_mut().skip(1) {
            c.own_line = true;
        }
        gap.comments = comments;
    }

    fn block(&mut self, p: &Part) {
        let Some(open) = p.parts.iter().position(|e| e.is(Rule::brace_open)) else { return };
        let inner = p.parts.get(open..).unwrap_or(&[]);
        let (Some(first), Some(last)) = (inner.first(), inner.last()) else { return };
        if inner.len() == 2 {
            return self.empty(first, last);
        }
        let mut gaps = vec![];
        for (i, (a, b)) in inner.iter().zip(inner.iter().skip(1)).enumerate() {
            let role = match i {
                0 => Role::Open,
                _ if b.is(Rule::brace_close) => Role::Close,
                _ => Role::Between,
            };
            // `samples 10_000 seed 7` is one line if the author wrote it so
            let pair = a.is(Rule::samples) && b.is(Rule::seed) && self.item.gap(a.last).is_some_and(|g| !g.newline);
            if !pair {
                gaps.push((a.last, role));
            }
        }
        self.group(Kind::Block, first.first, p.last, &gaps);
    }
    /// Brackets with nothing but perhaps comments between them.
    fn empty(&mut self, open: &Part, close: &Part) {
        if self.item.gap(open.last).is_some_and(|g| !g.comments.is_empty()) {
            self.group(Kind::Block, open.first, close.last, &[(open.last, Role::Close)]);
        }
    }
    fn list(&mut self, p: &Part) {
        let Some(open) = p.parts.iter().position(bracket) else { return };
        let inner = p.parts.get(open..).unwrap_or(&[]);
        let (Some(first), Some(last)) = (inner.first(), inner.last()) else { return };
        if inner.len() == 2 {
            return self.empty(first, last);
        }
        let elements: Vec<&Part> = inner.iter().skip(1).filter(|e| !e.is(Rule::comma) && e.first != last.first).collect();
        if let ([element], Some(Rule::call | Rule::list)) = (elements.as_slice(), p.rule)
            && hugs(element)
            && self.quiet(first.last)
            && self.quiet(element.last)
        {
            return;
        }
        let mut gaps = vec![(first.last, Role::Open)];
        for comma in inner.iter().filter(|e| e.is(Rule::comma)) {
            gaps.push(self.after(comma));
        }
        gaps.push((last.first.saturating_sub(1), Role::Close));
        let words = elements.len() > WORDS && elements.iter().all(|e| e.first == e.last);
        let number = self.item.groups.len();
        self.group(if words { Kind::Words } else { Kind::List }, first.first, last.last, &gaps);
        if p.is(Rule::value_block) {
            let clause = |e: &&Part| Some((e.first, e.part(Rule::kw_if)?.first.checked_sub(1)?, e.last));
            if let Some(group) = self.item.groups.get_mut(number) {
                group.aligned = elements.iter().filter_map(clause).collect();
            }
        }
    }
    /// Whether no comment stands in a gap.
    fn quiet(&self, i: usize) -> bool {
        self.item.gap(i).is_some_and(|g| g.comments.is_empty())
    }
    /// `( φ )`, `sum(e for x: X where φ)`.
    fn around(&mut self, p: &Part) {
        let Some(open) = p.parts.iter().position(bracket) else { return };
        let inner = p.parts.get(open..).unwrap_or(&[]);
        let (Some(first), Some(last)) = (inner.first(), inner.last()) else { return };
        let mut gaps = vec![(first.last, Role::Open)];
        for e in inner {
            match e.rule {
                Some(Rule::comma) => gaps.push(self.after(e)),
                Some(Rule::over) => {
                    gaps.push(self.before(e));
                    gaps.extend(e.part(Rule::scope).and_then(|s| self.condition(s)));
                }
                Some(Rule::scope) => gaps.extend(self.condition(e)),
                Some(Rule::satisfies) => gaps.push(self.before(e)),
                _ => {}
            }
        }
        gaps.push((last.first.saturating_sub(1), Role::Close));
        self.group(Kind::Around, first.first, last.last, &gaps);
    }
    fn condition(&mut self, scope: &Part) -> Option<(usize, Role)> {
        scope.part(Rule::condition).map(|c| self.before(c))
    }
    /// Binders, `where`, and what stands behind them.
    fn scope(&mut self, p: &Part) {
        let mut gaps = vec![];
        let scopes: Vec<&Part> = match p.is(Rule::scope) {
            true => vec![p],
            false => p.parts.iter().filter(|e| e.is(Rule::scope)).collect(),
        };
        for s in scopes {
            for comma in s.parts.iter().filter(|e| e.is(Rule::comma)) {
                gaps.push(self.after(comma));
            }
            gaps.extend(self.condition(s));
        }
        for e in p.parts.iter().filter(|e| e.is(Rule::satisfies) || e.is(Rule::since)) {
            gaps.push(self.before(e));
        }
        let last = if p.is(Rule::reader_for) { p.part(Rule::scope).map_or(p.last, |s| s.last) } else { p.last };
        self.group(Kind::Fill, p.first, last, &gaps);
    }
    fn edit(&mut self, p: &Part) {
        let mut gaps = vec![];
        for e in p.parts.iter().skip(1) {
            if e.is(Rule::edit_for) || e.is(Rule::condition) {
                gaps.push(self.before(e));
            }
        }
        self.group(Kind::Fill, p.first, p.last, &gaps);
    }
    /// `x = e`, also `x = e if φ` (`value` holds e): a line may end behind the sign unless e opens a bracket of its own.
    fn assigned(&mut self, p: &Part, value: &Part) {
        let sign = p.parts.iter().find(|e| e.is(Rule::equals) || e.is(Rule::equals_mark) || e.is(Rule::draws_mark));
        let mut gaps = vec![];
        if let (Some(sign), Some(e)) = (sign, value.parts.iter().rev().find(|e| e.is(Rule::expr))) {
            let e = value.part(Rule::expr).filter(|_| value.is(Rule::value_clause)).unwrap_or(e);
            if !hugs(e) {
                gaps.push((sign.last, Role::Between));
            }
        }
        if let Some(condition) = value.part(Rule::kw_if) {
            gaps.push(self.before(condition));
        }
        self.group(Kind::Fill, p.first, p.last, &gaps);
    }
    /// `if φ`: the parts of φ stand below each other.
    fn rule_if(&mut self, p: &Part) {
        let (Some(word), Some(e)) = (p.parts.first(), p.part(Rule::expr)) else { return };
        let mut gaps = vec![(word.last, Role::Between)];
        if let Some(level) = self.lowest(&e.parts).filter(|l| *l <= 3) {
            let at: Vec<&Part> = e.parts.iter().filter(|o| self.level(o) == Some(level)).collect();
            gaps.extend(at.into_iter().map(|op| self.before(op)));
        }
        self.group(Kind::Chain, p.first, p.last, &gaps);
    }

    // ---- operators

    /// How tightly an infix operator or arrow binds.
    fn level(&self, e: &Part) -> Option<u8> {
        match e.rule? {
            Rule::operator | Rule::arith => Some(match self.item.text(e.first) {
                "implies" => 1,
                "or" => 2,
                "and" => 3,
                ".." => 6,
                "??" => 7,
                "+" | "-" | "++" => 8,
                "*" | "/" | "%" | "div" => 9,
                _ => 5,
            }),
            Rule::not_in | Rule::arrow_right | Rule::arrow_left => Some(5),
            _ => None,
        }
    }
    fn lowest(&self, parts: &[Part]) -> Option<u8> {
        parts.iter().filter_map(|e| self.level(e)).min()
    }
    /// A flat list of operands and operators: lines may begin with the operators that bind least; then within the operands.
    fn chain(&mut self, parts: &[Part]) {
        let (Some(level), Some(first), Some(last)) = (self.lowest(parts), parts.first(), parts.last()) else { return };
        let at: Vec<usize> = (0..parts.len()).filter(|i| parts.get(*i).is_some_and(|e| self.level(e) == Some(level))).collect();
        // brackets are the better place to break a comparison
        let brackets = || parts.iter().any(brackets);
        if level != 6 && !(level == 5 && brackets()) {
            let gaps: Vec<(usize, Role)> = at.iter().filter_map(|i| parts.get(*i)).map(|op| self.before(op)).collect();
            self.group(if level <= 3 { Kind::Chain } else { Kind::Fill }, first.first, last.last, &gaps);
        }
        let mut from = 0;
        for to in at.into_iter().chain([parts.len()]) {
            self.chain(parts.get(from..to).unwrap_or(&[]));
            from = to + 1;
        }
    }
}

fn bracket(e: &Part) -> bool {
    [Rule::brace_open, Rule::bracket_open, Rule::paren_open].iter().any(|r| e.is(*r))
}

/// Whether it has brackets in which a line may end.
fn brackets(e: &Part) -> bool {
    use Rule::*;
    matches!(e.rule, Some(call | index | list | record | group | count_over | consecutive)) && e.last - e.first > 1
}

/// Whether it is one bracket with perhaps a name before it, so that it may stay on the line that leads to it.
fn hugs(e: &Part) -> bool {
    use Rule::*;
    let plain = |e: &Part| matches!(e.rule, Some(variable | attr | index | call | list | record | count_over | consecutive));
    e.is(expr) && e.parts.iter().all(plain) && e.parts.last().is_some_and(brackets)
}
