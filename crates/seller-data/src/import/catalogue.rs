//! The products that order lines tell of.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    line::{Class, Line},
    writes::{NEVER, ProductRow},
};

/// Names from other lines than sales are older than any sale, in this distance.
const DOUBTFUL: i64 = 1 << 52;

/// The most recent name and price of each product of some lines, in the order of their ids: two
/// imports that write the same products never wait for each other in a circle.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    known: BTreeMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    name: (i64, String),
    price: (i64, i64),
    seen: i64,
}

impl Catalogue {
    /// Learns from a line. Fees are no products.
    pub(super) fn learn(&mut self, line: &Line, class: Class) {
        if class == Class::Fee {
            return;
        }
        let code = &line.product_id;
        if !self.known.contains_key(code) {
            let nothing = Known {
                name: (NEVER, code.clone()),
                price: (NEVER, 0),
                seen: line.instant,
            };
            self.known.insert(code.clone(), nothing);
        }
        let Some(known) = self.known.get_mut(code) else {
            return;
        };
        if let Some(age) = name_age(line, class)
            && (age, line.description.as_str()) > (known.name.0, known.name.1.as_str())
        {
            known.name = (age, line.description.clone());
        }
        if line.price > 0 {
            known.price = known.price.max((line.instant, line.price));
        }
        known.seen = known.seen.max(line.instant);
    }

    pub(super) fn into_rows(self, tenant: &str) -> Vec<ProductRow> {
        let rows = self.known.into_iter().map(|(id, known)| ProductRow {
            tenant: tenant.to_owned(),
            sku: id.clone(),
            name: known.name.1,
            category: String::new(),
            price: known.price.1,
            stock: None,
            name_at: known.name.0,
            price_at: known.price.0,
            updated_at: known.seen,
            id,
        });
        rows.collect()
    }
}

/// Products of which nothing is known but their ids; those that are there already stay as they are.
pub(super) fn stubs<'a>(tenant: &str, ids: impl Iterator<Item = &'a str>) -> Vec<ProductRow> {
    let ids: BTreeSet<&str> = ids.collect();
    let rows = ids.into_iter().map(|id| ProductRow {
        tenant: tenant.to_owned(),
        id: id.to_owned(),
        sku: id.to_owned(),
        name: id.to_owned(),
        category: String::new(),
        price: 0,
        stock: None,
        name_at: NEVER,
        price_at: NEVER,
        updated_at: 0,
    });
    rows.collect()
}

/// When a line's description was learnt as a name; `None` for remarks such as `?` or `damaged`.
///
/// Sales carry the name; on other lines people write what happened, so those count less.
fn name_age(line: &Line, class: Class) -> Option<i64> {
    let letters = line
        .description
        .chars()
        .filter(|c| c.is_alphabetic())
        .count();
    if letters < 3 || line.description.contains('?') {
        return None;
    }
    if class == Class::Sale {
        return Some(line.instant);
    }
    // Names are written in capitals; remarks are not.
    let is_remark = line.price <= 0 && !line.description.chars().any(char::is_uppercase);
    (!is_remark).then_some(line.instant - DOUBTFUL)
}
