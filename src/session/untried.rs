//! What tests leave untried: demands that none of them violates, rules of which none derives a fact. Fed with what ran, by hosts.
use super::program::Program;
use crate::base::Place;
use crate::verdict::{TestReport, Untried};

impl Program {
    /// The titles of the program's tests, in order.
    pub fn titles(&self) -> Vec<&str> {
        let tests = self.inner().checked.iter().flat_map(|c| &c.program.tests);
        tests.map(|t| &*t.title).collect()
    }

    /// The demands and rules of the program's own text that no test tried: a demand is tried where an expectation finds it violated (or
    /// `violated` names it), a rule where a test has a fact of it.
    pub fn untried(&self, tests: &[TestReport], violated: &[String]) -> Untried {
        let inner = self.inner();
        let Some(checked) = &inner.checked else { return Untried::default() };
        let own = |place: Place| inner.sources.resolve(place).is_some_and(|(file, _)| file == inner.main);
        let tripped =
            |name: &str| violated.iter().any(|v| v == name) || tests.iter().any(|t| t.violates.iter().any(|v| v == name));
        let derived = |name: &str| tests.iter().any(|t| t.derives.iter().any(|r| r == name));
        let demands = checked.program.invariants.iter().filter(|i| own(i.place) && !tripped(&i.name));
        let rules = checked.program.rules.iter().filter(|r| !r.function && own(r.place) && !derived(&r.name));
        Untried {
            demands: demands.map(|i| i.name.to_string()).collect(),
            rules: match tests.is_empty() {
                true => vec![],
                false => rules.map(|r| r.name.to_string()).collect(),
            },
        }
    }
}
