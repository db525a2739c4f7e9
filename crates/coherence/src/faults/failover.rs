//! A replica that did not get everything is promoted.

use std::time::Duration;

use testkit::{Direction, RedisServer, TcpProxy};

use crate::node::Node;
use crate::world::World;

const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// Gives the primary a replica, cuts the link between them, lets invalidations be acknowledged that the replica never
/// hears of, then promotes it. The old primary is killed at once; or, in a split brain, after one node has stayed with it
/// for a while longer than the others; or it copies the replica, loses what that does not have, and is the primary again.
pub(super) async fn failover<N: Node>(world: &mut World<N>, times: u64) {
    let (split_brain, fail_back) = (times % 3 == 1, times % 3 == 2);
    let replica = start_server().await;
    let link = TcpProxy::start(world.primary.port()).await;
    // A primary begins a new history when it gets its first replica.
    let attaching = world.disturb();
    tokio::task::block_in_place(|| replica.replicate(link.port()));
    while !tokio::task::block_in_place(|| replica.is_in_step()) {
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    world.settle(attaching).await;
    world.pause(1.0).await;
    for direction in [Direction::Up, Direction::Down] {
        link.drop_silently(direction, true);
    }
    world.pause(1.0).await;
    let disturbance = world.disturb();
    if fail_back {
        come_back(world, &replica).await;
        world.settle(disturbance).await;
        return;
    }
    let late = split_brain.then(|| world.rng.usize(..world.proxies.len()));
    if let Some(late) = late {
        let node = u8::try_from(late).unwrap_or(u8::MAX);
        world.recorder.cut_off(node, world.clock.now());
        tokio::task::block_in_place(|| replica.promote());
    } else {
        world.primary.kill();
        world.pause(0.1).await;
        tokio::task::block_in_place(|| replica.promote());
    }
    for (at, proxy) in world.proxies.iter().enumerate() {
        if Some(at) != late {
            proxy.retarget(replica.port());
            proxy.cut_all();
        }
    }
    if let Some(late) = late {
        world.pause(1.5).await;
        world.proxies[late].retarget(replica.port());
        world.proxies[late].cut_all();
        world.recorder.joined(world.clock.now());
    }
    // The old primary ends here; what it alone had is gone.
    world.primary = replica;
    drop(link);
    world.pause(0.1).await;
    world.settle(disturbance).await;
}

/// The primary takes the data of its replica, while no node is told of another address.
async fn come_back<N: Node>(world: &mut World<N>, replica: &RedisServer) {
    tokio::task::block_in_place(|| replica.promote());
    tokio::task::block_in_place(|| world.primary.replicate(replica.port()));
    while !tokio::task::block_in_place(|| world.primary.is_in_step()) {
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    tokio::task::block_in_place(|| world.primary.promote());
}

/// A server that a replica can copy at once.
pub(crate) async fn start_server() -> RedisServer {
    let builder = RedisServer::builder();
    builder
        .with_config("repl-diskless-sync-delay", &["0"])
        .start()
        .await
}
