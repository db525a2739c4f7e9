//! The tests of these tests: what is wrong in a page is noticed.

use std::path::Path;

use libtest_mimic::Trial;

use crate::expected::Expected;
use crate::links;
use crate::page::{Page, Role};
use crate::ports::Ports;
use crate::samples;

macro_rules! trials {
    ($($name:ident),*) => {
        vec![$(Trial::test(concat!("own::", stringify!($name)), || {
            $name();
            Ok(())
        })),*]
    };
}

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_block_without_a_reason_is_noticed,
        blocks_say_what_they_are,
        dead_links_are_noticed,
        outputs_are_compared,
        ports_are_replaced
    ]
}

fn outputs_are_compared() {
    let check = |language, shown, output, expected| {
        assert_eq!(
            Expected::new(language, shown).is_met_by(output),
            expected,
            "{shown:?} {output:?}"
        );
    };
    check("text", "age: 0\nhit", "age: 0\r\nhit\n", true);
    check("text", "age: 0\nhit", "age: 0\nmiss\n", false);
    check("text", "hit", "hit\nmiss", false);
    check("text", "ttl=…; hit", "ttl=12; hit", true);
    check("text", "first\n…\nlast", "first\na\nb\nlast\n", true);
    check("text", "a.c", "abc", false);
    check(
        "json",
        "{\"a\": 1,\n \"b\": …}",
        "{\"a\":1,\"b\":[2]}",
        true,
    );
    check("json", "{\"a\": 1}", "{\"a\":2}", false);
}

fn ports_are_replaced() {
    let ports = Ports::new(vec![("8000", 41_000)]);
    let text = "curl http://127.0.0.1:8000/8000; --port 8000; 127.0.0.1:8001";
    let replaced = "curl http://127.0.0.1:41000/8000; --port 41000; 127.0.0.1:8001";
    assert_eq!(ports.put_into(text), replaced);
}

fn a_block_without_a_reason_is_noticed() {
    let check = |text: &str, is_right| {
        let page = Page::parse("page.md".to_owned(), text);
        assert_eq!(samples::check_unrun(&[page]).is_ok(), is_right, "{text}");
    };
    check("```sh no-run=it takes hours\nsleep 9999\n```", true);
    check("```sh no-run\nsleep 9999\n```", false);
    check("```sh no-run=it takes hours\nif\n```", false);
}

fn dead_links_are_noticed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let check = |target: &str, is_right| {
        let text = format!("# Any Heading\n[link]({target})");
        let page = Page::parse("Cargo.toml".to_owned(), &text);
        assert_eq!(links::check(root, &[page]).is_ok(), is_right, "{target}");
    };
    check("src/main.rs", true);
    check("src/gone.rs", false);
    check("#any-heading", true);
    check("#gone", false);
    check("https://elsewhere.example", true);
}

fn blocks_say_what_they_are() {
    let check = |words: &str, expected| {
        let page = Page::parse("page.md".to_owned(), &format!("```{words}\n:\n```"));
        assert_eq!(page.blocks[0].role, expected, "{words}");
    };
    check("sh", Role::Run { exit: 0 });
    check("sh exit=22", Role::Run { exit: 22 });
    check("text", Role::Sample);
    check("text output", Role::Output { of: None });
    let of = Some("stream".to_owned());
    check("text output=stream", Role::Output { of });
    let name = "sales.csv".to_owned();
    check("csv file=sales.csv", Role::File { name });
}
