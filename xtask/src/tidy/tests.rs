use super::{File, manifest, text};

const MEMBER: &str = "[package]\nname = \"x\"\ndescription = \"y\"\nlicense.workspace = true\n\n\
                      [lints]\nworkspace = true\n\n[dependencies]\nserde.workspace = true\n";

fn problems(path: &str, text: &str) -> Vec<String> {
    let file = File {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let mut found = text::check(&file);
    found.extend(manifest::check(&file));
    found
}

fn check(path: &str, text: &str, expected: &str) {
    let found = problems(path, text);
    assert!(
        found.len() == 1 && found[0].contains(expected),
        "{expected}: {found:?}"
    );
}

fn check_tidy(path: &str, text: &str) {
    assert_eq!(problems(path, text), Vec::<String>::new());
}

#[test]
fn long_sources_are_refused_and_long_tests_are_not() {
    let long = "fn f() {}\n".repeat(801);
    check("crates/a/src/lib.rs", &long, "801 lines");
    check_tidy("crates/a/src/tests.rs", &long);
    check_tidy("crates/a/tests/it/reads.rs", &long);
    check_tidy("docs/long.md", &long);
    check_tidy("crates/a/src/lib.rs", &"fn f() {}\n".repeat(800));
}

#[test]
fn leftovers_need_an_issue() {
    let word = concat!("TO", "DO");
    check("a.rs", &format!("fn f() {{}}\n// {word}: later"), "a.rs:2");
    check(
        "a.rs",
        &format!("// {word}(#): later"),
        "without an issue number",
    );
    check_tidy("a.rs", &format!("// {word}(#12): later\nlet {word}S = 1;"));
    check_tidy("CONTRIBUTING.md", &format!("A {word} carries a number"));
}

#[test]
fn paths_of_a_machine_are_refused() {
    let home = concat!("/ho", "me/ada/x");
    check("README.md", &format!("run `{home}`"), "README.md:1");
    check(
        "a.rs",
        concat!("include!(\"../sha", "red/x\")"),
        "somebody's machine",
    );
    check_tidy(
        "README.md",
        concat!("see https://example.org/wo", "rk/ and crates/wo", "rk/x"),
    );
}

#[test]
fn merge_leftovers_are_refused() {
    check("README.md", concat!("<<<<", "<<< ours"), "merge");
}

#[test]
fn members_inherit_lints_licence_and_versions() {
    check_tidy("crates/x/Cargo.toml", MEMBER);
    let without = |line: &str| MEMBER.replace(line, "");
    check(
        "crates/x/Cargo.toml",
        &without("license.workspace = true\n"),
        "licence",
    );
    check(
        "crates/x/Cargo.toml",
        &without("[lints]\nworkspace = true\n"),
        "lints",
    );
    check(
        "crates/x/Cargo.toml",
        &without("description = \"y\"\n"),
        "description",
    );
    check(
        "crates/x/Cargo.toml",
        &format!("{MEMBER}http = \"1\"\n"),
        "versions stand in the root",
    );
    check_tidy("crates/x/Cargo.toml", &format!("{MEMBER}# Why = this\n"));
}

#[test]
fn a_crate_outside_the_workspace_inherits_nothing() {
    let fuzz = "[package]\ndescription = \"y\"\nlicense = \"MIT OR Apache-2.0\"\n\n[workspace]\n\n\
                [dependencies]\nlibfuzzer-sys = \"0.4\"\n";
    check_tidy("fuzz/Cargo.toml", fuzz);
}

#[test]
fn members_are_listed_with_a_purpose() {
    let root = |members: &str| {
        format!(
            "[workspace]\nmembers = [\n{members}]\n\n[workspace.package]\n\
             license = \"MIT OR Apache-2.0\"\n"
        )
    };
    check_tidy("Cargo.toml", &root("    \"crates/a\", # purpose\n"));
    check("Cargo.toml", &root("    \"crates/a\",\n"), "no purpose");
}
