//! The products that order lines tell of.

use std::collections::{HashMap, HashSet};

use crate::{
    line::{Class, Line, is_fee},
    writes::ProductRow,
};

/// Before the knowledge of any line: a name or price that stands for none.
const NEVER: i64 = i64::MIN;

/// Names from other lines than sales are older than any sale, in this distance.
const DOUBTFUL: i64 = 1 << 52;

/// The most recent name and price of each product. Grows with the number of products only.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    known: HashMap<String, Known>,
    changed: HashSet<String>,
}

#[derive(Debug)]
struct Known {
    name: (i64, String),
    price: (i64, i64),
    seen: i64,
}

impl Catalogue {
    /// Learns from a line. Fees are no products.
    pub(super) fn learn(&mut self, line: &Line) {
        if is_fee(&line.product_id) {
            return;
        }
        let code = &line.product_id;
        let known = self.known.entry(code.clone()).or_insert_with(|| {
            self.changed.insert(code.clone());
            Known {
                name: (NEVER, code.clone()),
                price: (NEVER, 0),
                seen: line.instant,
            }
        });
        let mut changed = false;
        if let Some(age) = name_age(line) {
            let newer = (age, line.description.as_str()) > (known.name.0, known.name.1.as_str());
            if newer {
                changed |= known.name.1 != line.description || known.name.0 < age;
                known.name = (age, line.description.clone());
            }
        }
        if line.price > 0 && (line.instant, line.price) > known.price {
            known.price = (line.instant, line.price);
            changed = true;
        }
        known.seen = known.seen.max(line.instant);
        if changed {
            self.changed.insert(code.clone());
        }
    }

    /// The products that changed since the last call.
    pub(super) fn take_changed(&mut self, tenant: &str) -> Vec<ProductRow> {
        let rows = self.changed.drain().filter_map(|id| {
            let known = self.known.get(&id)?;
            Some(ProductRow {
                tenant: tenant.to_owned(),
                sku: id.clone(),
                name: known.name.1.clone(),
                category: String::new(),
                price: known.price.1,
                stock: None,
                name_at: known.name.0,
                price_at: known.price.0,
                updated_at: known.seen,
                id,
            })
        });
        rows.collect()
    }
}

/// When a line's description was learnt as a name; `None` for remarks such as `?` or `damaged`.
///
/// Sales carry the name; on other lines people write what happened, so those count less.
fn name_age(line: &Line) -> Option<i64> {
    let letters = line
        .description
        .chars()
        .filter(|c| c.is_alphabetic())
        .count();
    if letters < 3 || line.description.contains('?') {
        return None;
    }
    if line.class() == Class::Sale {
        return Some(line.instant);
    }
    // Names are written in capitals; remarks are not.
    let is_remark = line.price <= 0 && !line.description.chars().any(char::is_uppercase);
    (!is_remark).then_some(line.instant - DOUBTFUL)
}
