//! Bodies of a chosen size, whose tenant can be told.

/// What the service puts around a payload.
const ENVELOPE: (&str, &str) = (r#"{"payload":"#, "}");

/// The product that an origin answers for `tenant`, such that the service's answer has `bytes` bytes in all; more if they are too few
/// for a product. The fields stand in the order in which the service writes them, so that it answers the same text in an envelope.
#[must_use]
pub fn product(tenant: &str, id: &str, bytes: usize) -> String {
    let with_name = |padding: &str| {
        let mark = mark(tenant);
        format!(
            concat!(
                r#"{{"as_of":"2026-01-01","currency":"GBP","timezone":"UTC","id":"{}","sku":"sku","#,
                r#""name":"{}{}","category":"","price":"1.00","stock":1,"units_30d":1,"revenue_30d":"1.00","#,
                r#""rating":null,"reviews":0,"updated_at":"2026-01-01T00:00:00Z"}}"#
            ),
            id, mark, padding
        )
    };
    let least = with_name("").len() + ENVELOPE.0.len() + ENVELOPE.1.len();
    with_name(&"x".repeat(bytes.saturating_sub(least)))
}

/// What stands in every body of a tenant and in no other's.
#[must_use]
pub fn mark(tenant: &str) -> String {
    format!("<{tenant}>")
}

/// The path of a product whose answer has `bytes` bytes. The origin reads the size from the id.
#[must_use]
pub fn path(bytes: usize, number: usize) -> String {
    format!("/api/v1/products/{bytes}-{number:08}")
}

/// The path of a product that has `bytes` bytes as the origin answers it, without the service's envelope.
#[must_use]
pub fn plain_path(bytes: usize, number: usize) -> String {
    path(bytes + ENVELOPE.0.len() + ENVELOPE.1.len(), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_has_the_size_that_was_asked_for() {
        for bytes in [1_024, 16_384] {
            let product = product("tenant-000001", "1024-00000001", bytes);
            let answer = format!("{}{product}{}", ENVELOPE.0, ENVELOPE.1);
            assert_eq!(answer.len(), bytes);
            assert!(answer.contains("<tenant-000001>"));
        }
    }
    #[test]
    fn a_plain_path_is_of_a_product_without_an_envelope() {
        let path = plain_path(1_024, 1);
        assert_eq!(path, "/api/v1/products/1036-00000001");
        assert_eq!(
            product("tenant-000001", "1036-00000001", 1_036).len(),
            1_024
        );
    }
}
