//! What each thing that nodes do costs their Redis, measured.

mod listeners;
mod node;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use serde::{Deserialize, Serialize};
use testkit::RedisServer;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::usage::{Meter, Usage, to_f64};
use listeners::Listeners;
use node::{BODY_BYTES, Node};

/// Connections that are told of changes and do nothing else.
const LISTENERS: usize = 200;

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Measurement {
    /// Nodes that do a thing at the same time, one after the other each
    #[arg(long, default_value_t = 64)]
    nodes: usize,
    /// How often each of them does it
    #[arg(long, default_value_t = 250)]
    times: usize,
    /// Seconds for which Redis is watched alone, and with nodes that nobody asks
    #[arg(long, default_value_t = 4.0)]
    idle_seconds: f64,
}

/// What things cost one Redis.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Costs {
    /// The server's version.
    pub(crate) redis: String,
    /// Bytes of an entry's body.
    pub(crate) body_bytes: f64,
    /// A table is read alone.
    pub(crate) table_read: Usage,
    /// An entry is taken from Redis, with the table.
    pub(crate) promotion: Usage,
    /// An entry is missed, loaded and filled.
    pub(crate) load: Usage,
    /// An endpoint is invalidated; what the node itself then reads is included, what other nodes are told is not.
    pub(crate) invalidation: Usage,
    /// One node is told of that.
    pub(crate) push: Usage,
    /// A node exists for a second: heartbeats, epoch, stream of events.
    pub(crate) idle_second: Usage,
    /// A node connects, and finds its place in the stream of events.
    pub(crate) connect: Usage,
    /// Connections of a node.
    pub(crate) node_connections: f64,
    /// Memory of them, in bytes.
    pub(crate) node_bytes: f64,
    /// Memory of a table, in bytes.
    pub(crate) table_bytes: f64,
    /// Memory of an entry beside its body, in bytes: key, header, and its place in the operators' index.
    pub(crate) entry_extra_bytes: f64,
}

/// What a node is told to do.
#[derive(Clone, Copy, Debug)]
enum Action {
    Invalidate,
    Load,
    Promote,
    ReadTable,
}

/// Measures all of it on a Redis that is started for that.
pub(crate) async fn measure(measurement: &Measurement) -> anyhow::Result<Costs> {
    ensure!(
        measurement.nodes > 1,
        "what one node takes, another must have stored"
    );
    let redis = RedisServer::start().await;
    let mut meter = Meter::connect(&redis).await?;
    let idle_seconds = measurement.idle_seconds;
    let alone = watch(&mut meter, idle_seconds).await?;
    let (clients, memory) = (meter.clients().await?, meter.memory().await?);
    let before = meter.usage().await?;
    let mut nodes = Vec::new();
    for number in 0..measurement.nodes {
        nodes.push(Arc::new(
            Node::start(&redis, number, measurement.nodes).await?,
        ));
    }
    let count = to_f64(nodes.len());
    let connect = meter.usage().await?.minus(before, 1.0).per(count);
    let node_connections = (meter.clients().await? - clients) / count;
    let node_bytes = (meter.memory().await? - memory) / count;

    for node in &nodes {
        node.prepare().await?;
    }
    let idle = watch(&mut meter, idle_seconds).await?;
    let times = measurement.times;
    let mut bench = Bench { meter, times, idle };
    let before = bench.meter.memory().await?;
    let load = bench.measure(&nodes, Action::Load).await?;
    let filled = bench.meter.memory().await? - before;
    let promotion = bench.measure(&nodes, Action::Promote).await?;
    let table_read = bench.measure(&nodes, Action::ReadTable).await?;
    let table_bytes = bench.meter.memory_of(&nodes[0].table_key()).await?;

    // One at a time: what happens at once is told at once.
    let told = bench.measure(&nodes[..1], Action::Invalidate).await?;
    let listeners = Listeners::connect(&redis, LISTENERS).await?;
    let told_more = bench.measure(&nodes[..1], Action::Invalidate).await?;
    drop(listeners);
    let push = told_more.minus(told, 1.0).per(to_f64(LISTENERS));
    let body_bytes = to_f64(BODY_BYTES);
    Ok(Costs {
        redis: bench.meter.version().await?,
        body_bytes,
        table_read,
        promotion,
        load,
        invalidation: told.minus(push, count),
        push,
        idle_second: idle.minus(alone, 1.0).per(count),
        connect,
        node_connections,
        node_bytes,
        table_bytes,
        entry_extra_bytes: filled / (count * to_f64(times)) - body_bytes,
    })
}

/// What is used in a second, while nobody asks for anything.
async fn watch(meter: &mut Meter, seconds: f64) -> anyhow::Result<Usage> {
    let before = meter.usage().await?;
    let begun = Instant::now();
    sleep(Duration::from_secs_f64(seconds)).await;
    let used = meter.usage().await?.minus(before, 1.0);
    Ok(used.per(begun.elapsed().as_secs_f64()))
}

/// Measures what is done beside what is done anyhow.
struct Bench {
    meter: Meter,
    times: usize,
    /// What is used in a second anyhow.
    idle: Usage,
}

impl Bench {
    /// What it costs that one of the nodes does it once.
    async fn measure(&mut self, nodes: &[Arc<Node>], action: Action) -> anyhow::Result<Usage> {
        let times = self.times;
        let before = self.meter.usage().await?;
        let begun = Instant::now();
        let mut tasks = JoinSet::new();
        for node in nodes {
            let node = Arc::clone(node);
            tasks.spawn(async move {
                for time in 0..times {
                    node.act(action, time).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        let used = self.meter.usage().await?.minus(before, 1.0);
        let used = used.minus(self.idle, begun.elapsed().as_secs_f64());
        Ok(used.per(to_f64(nodes.len() * times)))
    }
}
