//! Redis loses data, or gets older data back.

use crate::node::Node;
use crate::world::World;

pub(super) async fn flushall<N: Node>(world: &mut World<N>) {
    world.pause(1.0).await;
    let disturbance = world.disturb();
    world.cli(&["FLUSHALL"]);
    world.settle(disturbance).await;
}

pub(super) async fn swapdb<N: Node>(world: &mut World<N>) {
    world.pause(1.5).await;
    let disturbance = world.disturb();
    world.cli(&["SWAPDB", "0", "1"]);
    world.settle(disturbance).await;
}

pub(super) async fn table_eviction<N: Node>(world: &mut World<N>, by_memory: bool) {
    world.pause(0.5).await;
    let disturbance = world.disturb();
    if by_memory {
        world.cli(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
        world.cli(&["CONFIG", "SET", "maxmemory", "1"]);
        world.pause(0.2).await;
        world.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    } else {
        let tables: Vec<_> = world
            .tenants
            .iter()
            .filter(|_| fastrand::bool())
            .map(|tenant| format!("tenantcache:table:{tenant}"))
            .collect();
        let command = std::iter::once("UNLINK").chain(tables.iter().map(String::as_str));
        world.cli(&command.collect::<Vec<_>>());
    }
    world.settle(disturbance).await;
}

pub(super) async fn snapshot_restart<N: Node>(world: &mut World<N>) {
    tokio::task::block_in_place(|| world.primary.snapshot());
    world.pause(1.5).await;
    let disturbance = world.disturb();
    world.primary.kill();
    world.pause(0.1).await;
    world.primary.restart().await;
    world.settle(disturbance).await;
    world.pause(0.5).await;
}
