mod parse;
mod publish;
mod rules;

use tenantcache_core::{Endpoint, Scope, Tag, TenantId};

use super::Event;

fn tenant(id: &str) -> TenantId {
    TenantId::new(id).unwrap()
}

fn event(kind: &str, subject: Option<&str>) -> Event {
    let event = Event::new("e-1", "/shop", kind, &tenant("tenant-001")).unwrap();
    match subject {
        Some(subject) => event.with_subject(subject).unwrap(),
        None => event,
    }
}

fn endpoint(name: &str) -> Endpoint {
    Endpoint::new(name).unwrap()
}

fn endpoint_scope(name: &str) -> Scope {
    Scope::Endpoint(endpoint(name))
}

fn tag_scope(tag: &str) -> Scope {
    Scope::Tag(Tag::new(tag).unwrap())
}
