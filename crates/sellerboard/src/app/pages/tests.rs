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

/// No tool resolves imports before the browser does: each names a file that is embedded, and what that file exports.
#[test]
fn modules_import_what_exists() {
    for module in own_modules() {
        for (names, path) in imports(&module) {
            assert!(Sources::get(&path).is_some(), "{module} imports {path}");
            // Those of others are written in one line, with names of their own.
            if !path.starts_with("vendor/") {
                let exported = exports(&text(&path));
                for name in names {
                    assert!(exported.contains(&name), "{module}: no {name} in {path}");
                }
            }
        }
    }
}

/// Else a browser would find out module by module what it needs, a round trip for each depth.
#[test]
fn pages_preload_the_modules_that_they_run_and_no_others() {
    for page in Sources::iter().filter(|path| path.ends_with(".html")) {
        let html = text(&page);
        let named = |before: &str| {
            let before = format!("{before}\"/assets/");
            let rest = html.split(&before).skip(1);
            rest.map(|rest| rest.split('"').next().unwrap().to_owned())
                .collect::<BTreeSet<_>>()
        };
        let mut needed = named("type=\"module\" src=");
        let preloaded: BTreeSet<_> = named("rel=\"modulepreload\" href=")
            .union(&needed)
            .cloned()
            .collect();
        let mut unread: Vec<String> = needed.iter().cloned().collect();
        while let Some(module) = unread.pop() {
            for (_, path) in imports(&module) {
                if needed.insert(path.clone()) {
                    unread.push(path);
                }
            }
        }
        assert_eq!(preloaded, needed, "{page}");
    }
}

fn own_modules() -> impl Iterator<Item = String> {
    Sources::iter()
        .filter(|path| path.ends_with(".js") && !path.starts_with("vendor/"))
        .map(|path| path.into_owned())
}

/// What a module imports, now or later: `import { a, b } from "./c.js"`, `import("./c.js")`. Names and path of each.
fn imports(module: &str) -> Vec<(BTreeSet<String>, String)> {
    let source = text(module);
    // Of a library, what is written in one line without spaces.
    let source = source
        .replace("from\"", " from \"")
        .replace("import(\"", "{} from \"");
    let statements = source.split("from \"").collect::<Vec<_>>();
    let pairs = statements.windows(2).map(|pair| {
        let names = pair[0].rsplit_once('{').map_or("", |(_, names)| names);
        let names = names.split(['}', ',']).map(str::trim);
        let names = names.map(|name| name.split(" as ").next().unwrap_or(name).to_owned());
        let names = names.filter(|name| !name.is_empty()).collect();
        (names, pair[1].split('"').next().unwrap_or_default())
    });
    let folder = module.rsplit_once('/').unwrap().0;
    let files = pairs.filter(|(_, from)| from.starts_with('.'));
    files
        .map(|(names, from)| match from.strip_prefix("../") {
            Some(path) => (names, path.to_owned()),
            None => (names, format!("{folder}/{}", from.trim_start_matches("./"))),
        })
        .collect()
}

fn exports(source: &str) -> BTreeSet<String> {
    let declared = [
        "export function ",
        "export async function ",
        "export const ",
        "export class ",
    ];
    let declared = declared
        .iter()
        .flat_map(|keyword| source.split(keyword).skip(1));
    let declared = declared.filter_map(|rest| {
        let end = rest.find(|char: char| !char.is_alphanumeric() && char != '_')?;
        Some(rest[..end].to_owned())
    });
    let listed = source.split("export {").skip(1).flat_map(|rest| {
        let names = rest.split('}').next().unwrap_or_default().split(',');
        names.map(|name| name.trim().to_owned())
    });
    declared.chain(listed).collect()
}

/// Data goes into a page as text. The library for markup escapes; these would not.
#[test]
fn modules_make_no_markup_of_text() {
    for module in own_modules() {
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
