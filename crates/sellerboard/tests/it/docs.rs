use sellerboard::config::VARIABLES;

const PAGE: &str = include_str!("../../../../docs/configuration.md");

#[test]
fn the_page_lists_every_variable_with_its_default_in_order() {
    let rows: Vec<Vec<&str>> = PAGE
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let names: Vec<&str> = rows
        .iter()
        .map(|cells| cells[1].trim_matches('`'))
        .collect();
    let known: Vec<&str> = VARIABLES.iter().map(|variable| variable.name).collect();
    assert_eq!(names, known);
    for (cells, variable) in rows.iter().zip(VARIABLES) {
        if let Some(default) = variable.default {
            assert_eq!(cells[2].trim_matches('`'), default, "{}", variable.name);
        }
    }
}
