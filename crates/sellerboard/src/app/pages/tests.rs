//! The embedded files, and what does not need a running service. How they are sent is tested in `tests/it/pages.rs`.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};

use super::assets::Sources;

const VENDORED: &str = include_str!("../../../web/vendor/README.md");

fn text(path: &str) -> String {
    let file = Sources::get(path).unwrap_or_else(|| panic!("{path} is not embedded"));
    String::from_utf8(file.data.into_owned()).unwrap()
}

fn names_below(folder: &str) -> BTreeSet<String> {
    let names = Sources::iter().filter_map(|path| path.strip_prefix(folder).map(str::to_owned));
    names.collect()
}

#[test]
fn vendored_files_are_what_the_list_says() {
    let rows: Vec<Vec<&str>> = VENDORED
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').map(|cell| cell.trim()).collect())
        .collect();
    let mut listed = BTreeSet::from(["README.md".to_owned()]);
    for cells in rows {
        let [name, checksum] = [cells[1], cells[6]].map(|cell| cell.trim_matches('`'));
        let bytes = digest(&SHA256, text(&format!("vendor/{name}")).as_bytes());
        let found: String = bytes
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(found, checksum, "{name}");
        let licence = cells[5].split('`').nth(1).unwrap();
        let permits = ["Permission is hereby granted", "Apache License"];
        let licence_text = text(&format!("vendor/{licence}"));
        assert!(
            permits.iter().any(|words| licence_text.contains(words)),
            "{licence}"
        );
        listed.extend([name.to_owned(), licence.to_owned()]);
    }
    assert_eq!(listed, names_below("vendor/"));
}

/// A strict policy would refuse them in the browser, where only a user would see it.
#[test]
fn pages_have_no_inline_script_or_style_and_name_files_that_exist() {
    let pages = Sources::iter().filter(|path| path.ends_with(".html"));
    for page in pages {
        let html = text(&page);
        for banned in ["<style", " style=", " onclick=", " onload=", "javascript:"] {
            assert!(!html.contains(banned), "{page} has {banned}");
        }
        for script in html.split("<script").skip(1) {
            let (tag, rest) = script.split_once('>').unwrap();
            assert!(
                tag.contains(" src=") && rest.starts_with("</script>"),
                "{page}: {tag}"
            );
        }
        for address in html.split("\"/assets/").skip(1) {
            let path = address.split('"').next().unwrap();
            assert!(Sources::get(path).is_some(), "{page} names {path}");
        }
    }
}

/// Nothing is resolved for the browser: an import is the path of a file that is embedded.
#[test]
fn modules_import_files_that_exist() {
    let modules = Sources::iter().filter(|path| path.ends_with(".js"));
    for module in modules {
        let folder = module.rsplit_once('/').unwrap().0;
        let source = text(&module);
        let imports = source
            .split("from \"")
            .chain(source.split("import(\""))
            .chain(source.split("from\""))
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .filter(|path| path.starts_with('.') && path.ends_with(".js"));
        for import in imports {
            let path = match import.strip_prefix("../") {
                Some(path) => path.to_owned(),
                None => format!("{folder}/{}", import.trim_start_matches("./")),
            };
            assert!(Sources::get(&path).is_some(), "{module} imports {import}");
        }
    }
}

/// Data goes into a page as text. The library for markup escapes; these would not.
#[test]
fn modules_make_no_markup_of_text() {
    let own = Sources::iter().filter(|path| path.ends_with(".js") && !path.starts_with("vendor/"));
    for module in own {
        let source = text(&module);
        for banned in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
        ] {
            assert!(!source.contains(banned), "{module} has {banned}");
        }
    }
}
