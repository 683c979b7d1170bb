//! The examples: each README's sessions are run in the example's own folder, and print what they printed.
use super::docs::{page, root};

#[test]
fn the_readmes_of_the_examples_are_true() {
    let mut folders: Vec<_> =
        std::fs::read_dir(root().join("examples")).unwrap().flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    folders.sort();
    let readmes: Vec<_> = folders.iter().map(|f| (f, f.join("README.md"))).filter(|(_, r)| r.exists()).collect();
    assert!(readmes.len() >= 2, "examples without a README");
    let wrong: Vec<String> = readmes.iter().flat_map(|(f, r)| page(r, Some(f))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_tests_of_the_examples_pass() {
    let said = super::docs::dbm(&root(), &["test".into(), "examples".into()], None);
    assert_eq!(said.code, 0, "{}", said.text);
}
