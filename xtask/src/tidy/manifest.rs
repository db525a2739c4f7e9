//! Rules about `Cargo.toml`, read line by line: the manifests keep to one form, so that no parser is needed.

use super::File;

/// What is wrong with a manifest; nothing for other files.
pub(super) fn check(file: &File) -> Vec<String> {
    let name = file.path.rsplit('/').next();
    if name != Some("Cargo.toml") {
        return Vec::new();
    }
    let manifest = Manifest { text: &file.text };
    let problems = if manifest.has("workspace", "members = [") {
        check_root(&manifest)
    } else {
        check_member(&manifest)
    };
    problems
        .into_iter()
        .map(|what| format!("{}: {what}", file.path))
        .collect()
}

fn check_root(manifest: &Manifest<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    if !manifest.has("workspace.package", "license = \"MIT OR Apache-2.0\"") {
        problems.push("the workspace's licence is not `MIT OR Apache-2.0`".to_owned());
    }
    for line in manifest.section("workspace") {
        if line.starts_with("    \"") && !line.contains('#') {
            problems.push(format!(
                "the member {} has no purpose beside it",
                line.trim()
            ));
        }
    }
    problems
}

fn check_member(manifest: &Manifest<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    // A crate outside the workspace, as fuzz targets are, has a `[workspace]` of its own and inherits nothing.
    let stands_alone = manifest
        .text
        .lines()
        .any(|line| line.trim() == "[workspace]");
    let licences = [
        "license.workspace = true",
        "license = \"MIT OR Apache-2.0\"",
    ];
    if !licences.iter().any(|line| manifest.has("package", line)) {
        problems.push("no licence: write `license.workspace = true`".to_owned());
    }
    if !manifest.has("package", "description = ") {
        problems.push("no `description`".to_owned());
    }
    if stands_alone {
        return problems;
    }
    let inherits =
        manifest.has("lints", "workspace = true") || manifest.has("", "lints.workspace = true");
    if !inherits {
        problems.push(
            "the workspace's lints are not on: write `[lints]` `workspace = true`".to_owned(),
        );
    }
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for line in manifest.section(section).filter(|line| line.contains('=')) {
            let is_comment = line.trim_start().starts_with('#');
            let inherits = line.contains("workspace = true");
            if !is_comment && !inherits {
                problems.push(format!(
                    "`{}`: versions stand in the root manifest",
                    line.trim()
                ));
            }
        }
    }
    problems
}

struct Manifest<'a> {
    text: &'a str,
}

impl<'a> Manifest<'a> {
    fn has(&self, section: &'a str, start: &str) -> bool {
        self.section(section).any(|line| line.starts_with(start))
    }

    /// The lines below `[name]`; below no heading at all for the empty name.
    fn section(&self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let mut current = "";
        self.text.lines().filter(move |line| {
            if let Some(heading) = line
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
            {
                current = heading;
                return false;
            }
            current == name
        })
    }
}
