//! One invalidation of a tag covers every entry that carries it, and nothing else; a load that is under way meanwhile
//! leaves nothing behind.
//!
//! Run with `cargo run -p tenantcache --example tags`. It prints:
//!
//! ```text
//! product 1: miss, product 2: miss
//! product 1: hit, product 2: hit
//! product:1 changed
//! product 1: miss, product 2: hit
//! the load that began before the change was not stored
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::io;

use tenantcache::{BoxError, Cache, Endpoint, Loaded, Scope, Tag, Tenant, TenantId};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let cache = Cache::builder().build()?;
    let tenant = cache.tenant(&TenantId::new("tenant-001")?);
    for _ in 0..2 {
        let (one, two) = (read(&tenant, 1).await?, read(&tenant, 2).await?);
        println!("product 1: {one}, product 2: {two}");
    }

    let changed = Scope::Tag(Tag::new("product:1")?);
    let _applied = tenant.invalidate(std::slice::from_ref(&changed)).await?;
    println!("product:1 changed");
    let (one, two) = (read(&tenant, 1).await?, read(&tenant, 2).await?);
    println!("product 1: {one}, product 2: {two}");

    let meanwhile = tenant.clone();
    let search = tenant.entry(&Endpoint::new("products")?).param("q", "tea");
    let answer = search.get_or_load(async move |_| {
        let _applied = meanwhile.invalidate(&[changed]).await?;
        Ok::<_, BoxError>(Loaded::new("[1,2]").with_tags([Tag::new("product:1")?]))
    });
    if !answer.await?.outcome().stored {
        println!("the load that began before the change was not stored");
    }
    Ok(())
}

async fn read(tenant: &Tenant, id: u32) -> Result<&'static str, BoxError> {
    let entry = tenant.entry(&Endpoint::new("products")?).param("id", id);
    let tag = Tag::new(&format!("product:{id}"))?;
    let load = async move |_| io::Result::Ok(Loaded::new("{}").with_tags([tag]));
    let answer = entry.get_or_load(load).await?;
    Ok(answer.outcome().status.name())
}
