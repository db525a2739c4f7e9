//! Events: something changed at the source, told in its own words, which a table of rules turns into invalidations.
//!
//! An [`Event`] is what CloudEvents 1.0 calls its context: who says it (`source`), what kind of change it is (`type`),
//! which thing it is about (`subject`), and the extension `tenantid`. What the event carries as `data` is ignored, and so
//! is every other attribute: an event says *that* something changed, and the new value is read from the origin.
//!
//! [`Rules`] name the endpoints and tags that a kind of event concerns. [`Cache::publish`](crate::Cache::publish) applies
//! them. Events may come twice, late, or in any order: an invalidation that is repeated changes nothing but the load that
//! follows it, so nothing is remembered of an event.
//!
//! ```
//! use tenantcache::events::{Event, Rule, Rules};
//! use tenantcache::{Cache, Endpoint, Scope, Tag};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let products = Endpoint::new("products")?;
//! let rule = Rule::new()
//!     .with_endpoint(products.clone())
//!     .with_tag("product:{subject}".parse()?);
//! let cache = Cache::builder()
//!     .with_event_rules(Rules::new().with("product.*", rule)?)
//!     .build()?;
//!
//! let event = Event::from_json(
//!     br#"{"specversion":"1.0","id":"1","source":"/shop","type":"product.updated","subject":"7","tenantid":"tenant-001"}"#,
//! )?;
//! let published = cache.publish(&event).await?;
//! assert_eq!(published.scopes, [Scope::Endpoint(products), Scope::Tag(Tag::new("product:7")?)]);
//! # Ok(()) }
//! ```

mod attributes;
mod error;
mod event;
mod json;
mod publish;
mod rules;
mod template;

pub use error::EventError;
pub use event::Event;
pub use publish::Published;
pub use rules::{Rule, RuleError, Rules};
pub use template::TagTemplate;

#[cfg(test)]
mod tests;
