//! Redis is there, but one node does not reach it, or hears it late.

use std::time::Duration;

use testkit::Direction;

use crate::node::Node;
use crate::world::World;

/// How late a reply is, at least, and by how much it may be later. Well within what a command of Redis may take.
const REPLY_DELAY: Duration = Duration::from_millis(50);
const REPLY_JITTER: Duration = Duration::from_millis(20);

/// By how much replies are late around a short outage.
const BLIP_DELAY: Duration = Duration::from_millis(10);

/// One node is cut off: for longer than the coherence bound, or so shortly that it is read before what it has queued is
/// through.
pub(super) async fn outage<N: Node>(world: &mut World<N>, times: u64) {
    world.pause(0.5).await;
    let disturbance = world.disturb();
    let at = world.any_proxy();
    if times.is_multiple_of(3) {
        world.proxies[at].refuse(true);
        world.proxies[at].cut_all();
        let bounds = world.plan.coherence_bound.mul_f64(1.2 + world.rng.f64());
        tokio::time::sleep(bounds).await;
    } else {
        world.proxies[at].delay(Direction::Down, BLIP_DELAY, BLIP_DELAY);
        world.proxies[at].cut_all();
        // The node notices when it next uses its connection.
        world.pause(0.1).await;
    }
    world.proxies[at].refuse(false);
    world.settle(disturbance).await;
    world.pause(0.5).await;
    world.proxies[at].heal();
}

/// What Redis answers to one node takes a while to come, and what it tells of its own accord does not come at all: nothing
/// but the age of what it knows tells the node that it is outdated.
pub(super) async fn late_replies<N: Node>(world: &mut World<N>) -> u64 {
    let at = world.any_proxy();
    let deleted = world.proxies[at].counts().pushes_deleted;
    world.proxies[at].delay(Direction::Down, REPLY_DELAY, REPLY_JITTER);
    world.proxies[at].delete_pushes(u64::MAX);
    world.pause(4.0).await;
    world.proxies[at].heal();
    world.pause(0.5).await;
    world.proxies[at].counts().pushes_deleted - deleted
}
