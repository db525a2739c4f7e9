//! Between the nodes and Redis.

use std::time::Duration;

use testkit::TcpProxy;

use crate::node::Node;
use crate::world::World;

/// How late a push may be.
const PUSH_DELAY_MAX: Duration = Duration::from_secs(1);

pub(super) async fn drop_tracking<N: Node>(world: &mut World<N>) -> u64 {
    world.pause(0.5).await;
    let at = world.any_proxy();
    u64::try_from(world.proxies[at].cut_tracking()).unwrap_or_default()
}

pub(super) async fn client_kill<N: Node>(world: &mut World<N>) {
    world.pause(2.0).await;
    let disturbance = world.disturb();
    world.cli(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    // The nodes notice when they next use their connections.
    world.pause(0.1).await;
    world.settle(disturbance).await;
}

pub(super) async fn delayed_pushes<N: Node>(world: &mut World<N>) {
    for proxy in &world.proxies {
        proxy.delay_pushes(PUSH_DELAY_MAX);
    }
    world.pause(2.0).await;
    for proxy in &world.proxies {
        proxy.heal();
    }
    world.pause(0.5).await;
}

/// All pushes of a while: among those of the hot tenants, those of the calm ones are rare.
pub(super) async fn deleted_push<N: Node>(world: &mut World<N>) -> u64 {
    let at = world.any_proxy();
    let deleted = world.proxies[at].counts().pushes_deleted;
    world.proxies[at].delete_pushes(u64::MAX);
    world.pause(1.0).await;
    world.proxies[at].heal();
    world.pause(0.2).await;
    world.proxies[at].counts().pushes_deleted - deleted
}

pub(super) async fn garble<N: Node>(world: &mut World<N>) -> u64 {
    let garbled = |world: &World<N>| -> u64 {
        let counts = world.proxies.iter().map(TcpProxy::counts);
        counts.map(|counts| counts.swapped + counts.flipped).sum()
    };
    let before = garbled(world);
    let disturbance = world.disturb();
    // Scripts answer with arrays; other replies stay where they are.
    let at = world.any_proxy();
    world.proxies[at].swap_replies(20, b"*");
    world.pause(0.3).await;
    world.proxies[at].flip_bits(5);
    world.pause(0.3).await;
    for proxy in &world.proxies {
        proxy.heal();
    }
    world.settle(disturbance).await;
    garbled(world) - before
}
