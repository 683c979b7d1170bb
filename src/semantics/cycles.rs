//! Components and cycles of small directed graphs. Used by strata, imports and inheritance; knows nothing of what the numbers mean.
use std::collections::VecDeque;

/// The strongly connected components, each sorted, those that are pointed at before those that point at them.
///
/// Tarjan's algorithm without recursion. Numbers out of range in `edges` are left out.
pub fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let n = edges.len();
    let mut index = vec![usize::MAX; n];
    let mut low = vec![0; n];
    let mut on_stack = vec![false; n];
    let mut stack = vec![];
    let mut found = vec![];
    let mut next = 0;
    for root in 0..n {
        if index.get(root) != Some(&usize::MAX) {
            continue;
        }
        let mut work = vec![(root, 0)];
        while let Some((v, at)) = work.pop() {
            if at == 0 {
                set(&mut index, v, next);
                set(&mut low, v, next);
                next += 1;
                stack.push(v);
                set(&mut on_stack, v, true);
            }
            match edges.get(v).and_then(|e| e.get(at)).copied() {
                Some(w) => {
                    work.push((v, at + 1));
                    match index.get(w) {
                        Some(&usize::MAX) => work.push((w, 0)),
                        Some(&i) if on_stack.get(w) == Some(&true) => lower(&mut low, v, i),
                        _ => {}
                    }
                }
                None => {
                    if low.get(v) == index.get(v) {
                        let mut component = vec![];
                        while let Some(w) = stack.pop() {
                            set(&mut on_stack, w, false);
                            component.push(w);
                            if w == v {
                                break;
                            }
                        }
                        component.sort_unstable();
                        found.push(component);
                    }
                    if let (Some((parent, _)), Some(l)) = (work.last().copied(), low.get(v).copied()) {
                        lower(&mut low, parent, l);
                    }
                }
            }
        }
    }
    found
}

fn set<T>(list: &mut [T], at: usize, value: T) {
    if let Some(x) = list.get_mut(at) {
        *x = value;
    }
}

fn lower(list: &mut [usize], at: usize, value: usize) {
    if let Some(x) = list.get_mut(at) {
        *x = (*x).min(value);
    }
}

/// A shortest way from `from` to `to` along `edges` whose numbers are all in `within`: both ends included, `from` alone if they are
/// the same. `None` if there is none.
pub fn way(edges: &[Vec<usize>], within: &[usize], from: usize, to: usize) -> Option<Vec<usize>> {
    let mut before = vec![usize::MAX; edges.len()];
    let mut queue = VecDeque::from([from]);
    set(&mut before, from, from);
    while let Some(v) = queue.pop_front() {
        if v == to {
            let mut way = vec![to];
            let mut at = to;
            while at != from {
                at = *before.get(at)?;
                way.push(at);
            }
            way.reverse();
            return Some(way);
        }
        for w in edges.get(v)? {
            if within.contains(w) && before.get(*w) == Some(&usize::MAX) {
                set(&mut before, *w, v);
                queue.push_back(*w);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pointed_at_comes_first() {
        assert_eq!(components(&[vec![1], vec![2], vec![1], vec![]]), vec![vec![1, 2], vec![0], vec![3]]);
        assert_eq!(components(&[vec![1], vec![2, 3], vec![0], vec![]]), vec![vec![3], vec![0, 1, 2]]);
        assert_eq!(components(&[vec![7]]), vec![vec![0]]);
    }

    #[test]
    fn ways_are_shortest_and_stay_within() {
        let edges = [vec![1, 2], vec![3], vec![3], vec![0]];
        assert_eq!(way(&edges, &[0, 2, 3], 0, 3), Some(vec![0, 2, 3]));
        assert_eq!(way(&edges, &[0, 1], 0, 3), None);
        assert_eq!(way(&edges, &[0], 0, 0), Some(vec![0]));
    }
}
