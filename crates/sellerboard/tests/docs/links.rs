//! Links within the repository.

use std::path::{Component, Path, PathBuf};

use libtest_mimic::Failed;

use crate::page::Page;

const CONTENTS: &str = "docs/README.md";

/// Each link leads to a file that is there, and to a heading of it. Addresses elsewhere are not asked.
pub(crate) fn check(root: &Path, pages: &[Page]) -> Result<(), Failed> {
    let mut dead = Vec::new();
    for page in pages {
        for link in &page.links {
            if !is_elsewhere(&link.target) && !leads_somewhere(root, pages, page, &link.target) {
                dead.push(format!("{}:{}: {}", page.path, link.line, link.target));
            }
        }
    }
    if dead.is_empty() {
        Ok(())
    } else {
        Err(format!("these lead nowhere:\n{}", dead.join("\n")).into())
    }
}

/// Each page of the documentation is found from its contents.
pub(crate) fn check_contents(pages: &[Page]) -> Result<(), Failed> {
    let contents = pages.iter().find(|page| page.path == CONTENTS);
    let links = &contents.expect("the documentation has contents").links;
    let listed: Vec<String> = links
        .iter()
        .map(|link| resolve(CONTENTS, link.target.split('#').next().unwrap_or_default()))
        .collect();
    let is_lost = |page: &&Page| page.path.starts_with("docs/") && !listed.contains(&page.path);
    let lost: Vec<&str> = pages
        .iter()
        .filter(|page| page.path != CONTENTS)
        .filter(is_lost)
        .map(|page| page.path.as_str())
        .collect();
    if lost.is_empty() {
        Ok(())
    } else {
        Err(format!("{CONTENTS} does not name {}", lost.join(", ")).into())
    }
}

fn is_elsewhere(target: &str) -> bool {
    ["http://", "https://", "mailto:"]
        .iter()
        .any(|scheme| target.starts_with(scheme))
}

fn leads_somewhere(root: &Path, pages: &[Page], page: &Page, target: &str) -> bool {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() {
        page.path.clone()
    } else {
        resolve(&page.path, path)
    };
    let has_anchor = |page: &Page| page.anchors.iter().any(|known| known == anchor);
    let is_there = root.join(&path).exists();
    let target = pages.iter().find(|page| page.path == path);
    is_there && (anchor.is_empty() || target.is_some_and(has_anchor))
}

/// The target, from the root.
fn resolve(page: &str, target: &str) -> String {
    let mut resolved = PathBuf::from(page);
    resolved.pop();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            part => resolved.push(part),
        }
    }
    resolved.to_string_lossy().into_owned()
}
