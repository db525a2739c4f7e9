//! Pages and their blocks.

use std::path::Path;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// Folders whose pages are taken, and how deep they are looked into.
const PLACES: [(&str, usize); 4] = [("", 0), ("docs", 3), ("crates", 1), ("bench", 1)];

#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// From the root, with `/`.
    pub(crate) path: String,
    pub(crate) blocks: Vec<Block>,
    pub(crate) links: Vec<Link>,
    /// The anchors of its headings.
    pub(crate) anchors: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) line: usize,
    pub(crate) language: String,
    pub(crate) role: Role,
    pub(crate) text: String,
}

/// What a block is there for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Background { name: String },
    Demo,
    Eventually,
    File { name: String },
    Output { of: Option<String> },
    Run { exit: i32 },
    Sample,
    Unrun { reason: String },
}

#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) line: usize,
    pub(crate) target: String,
}

/// Every page, in the order of their paths.
pub(crate) fn all(root: &Path) -> Vec<Page> {
    let mut paths = Vec::new();
    for (folder, depth) in PLACES {
        collect(root, folder, depth, &mut paths);
    }
    paths.sort();
    let read = |path: String| {
        let text = std::fs::read_to_string(root.join(&path)).unwrap();
        Page::parse(path, &text)
    };
    paths.into_iter().map(read).collect()
}

fn collect(root: &Path, folder: &str, depth: usize, paths: &mut Vec<String>) {
    for entry in std::fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = if folder.is_empty() {
            name.clone()
        } else {
            format!("{folder}/{name}")
        };
        if name.ends_with(".md") {
            paths.push(path);
        } else if depth > 0 && entry.path().is_dir() {
            collect(root, &path, depth - 1, paths);
        }
    }
}

impl Page {
    pub(crate) fn parse(path: String, text: &str) -> Self {
        let mut page = Self {
            path,
            blocks: Vec::new(),
            links: Vec::new(),
            anchors: Vec::new(),
        };
        let mut heading: Option<String> = None;
        let mut is_in_block = false;
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            let line = text[..range.start].matches('\n').count() + 1;
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(words))) => {
                    let (language, role) = role(&words);
                    page.blocks.push(Block {
                        line,
                        language,
                        role,
                        text: String::new(),
                    });
                    is_in_block = true;
                }
                Event::End(TagEnd::CodeBlock) => is_in_block = false,
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    let target = dest_url.into_string();
                    page.links.push(Link { line, target });
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    page.anchors
                        .extend(heading.take().map(|text| anchor(&text)));
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    } else if is_in_block && let Some(block) = page.blocks.last_mut() {
                        block.text.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// Whether anything of the page can be tried.
    pub(crate) fn does_something(&self) -> bool {
        let inert = |block: &Block| matches!(block.role, Role::Unrun { .. });
        let is_tried = |block: &Block| match block.language.as_str() {
            "sh" => !inert(block),
            "json" | "toml" => true,
            _ => false,
        };
        self.blocks.iter().any(is_tried)
    }
}

/// The language, and what the words after it make of a block.
fn role(words: &str) -> (String, Role) {
    let (language, words) = words.split_once(' ').unwrap_or((words, ""));
    let (word, value) = words.split_once('=').unwrap_or((words, ""));
    let value = value.to_owned();
    let role = match (language, word) {
        ("sh", "") => Role::Run { exit: 0 },
        ("sh", "exit") => Role::Run {
            exit: value.parse().unwrap(),
        },
        ("sh", "background") => Role::Background { name: value },
        ("sh", "demo") => Role::Demo,
        ("sh", "eventually") => Role::Eventually,
        ("sh", "no-run") => Role::Unrun { reason: value },
        ("json" | "text", "output") => Role::Output {
            of: Some(value).filter(|name| !name.is_empty()),
        },
        (_, "file") => Role::File { name: value },
        (_, "") => Role::Sample,
        _ => panic!("`{language} {words}` is not understood"),
    };
    (language.to_owned(), role)
}

/// As GitHub makes it: lower case, blanks become hyphens, punctuation goes.
fn anchor(heading: &str) -> String {
    let heading = heading.trim().to_lowercase();
    let kept = heading.chars().filter_map(|it| match it {
        ' ' => Some('-'),
        it if it.is_alphanumeric() || it == '-' || it == '_' => Some(it),
        _ => None,
    });
    kept.collect()
}
