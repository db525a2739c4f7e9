//! Links within the repository.

use std::path::{Component, Path, PathBuf};

use libtest_mimic::Failed;

use crate::page::Page;

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
