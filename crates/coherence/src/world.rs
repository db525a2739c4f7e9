use std::sync::Arc;
use std::time::Duration;

use testkit::{RedisServer, TcpProxy};

use crate::clock::{Clock, nanos};
use crate::node::Node;
use crate::plan::{Nodes, Plan};
use crate::recorder::Recorder;

/// For so long after a disturbance loads may still meet that began in it.
const AFTERMATH: Duration = Duration::from_millis(200);
/// Services read events from a stream in the same Redis. They look for it once a second, and when it was lost with the data
/// they invalidate everything, so a load that is under way then is of no use to newcomers.
#[cfg(feature = "service")]
const AFTERMATH_OF_SERVICES: Duration = Duration::from_millis(1_500);
/// How often a condition is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);
/// After which time nodes that do not come back are left to the judge.
const PATIENCE: Duration = Duration::from_secs(10);

/// The servers, the nodes, and the proxies between them.
pub(crate) struct World<N> {
    pub(crate) plan: Plan,
    pub(crate) clock: Clock,
    pub(crate) rng: fastrand::Rng,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) nodes: Vec<Arc<N>>,
    pub(crate) proxies: Vec<TcpProxy>,
    pub(crate) primary: RedisServer,
    pub(crate) tenants: Vec<String>,
}

impl<N: Node> World<N> {
    /// Runs `redis-cli` against the primary without holding up other tasks of this thread.
    pub(crate) fn cli(&self, args: &[&str]) -> String {
        tokio::task::block_in_place(|| self.primary.cli(args))
    }

    pub(crate) async fn pause(&mut self, beats: f64) {
        let pause = self.plan.beat().mul_f64(beats * (0.5 + self.rng.f64()));
        tokio::time::sleep(pause).await;
    }

    pub(crate) fn any_proxy(&mut self) -> usize {
        self.rng.usize(..self.proxies.len())
    }

    /// Notes that Redis is not itself from now on.
    pub(crate) fn disturb(&self) -> usize {
        self.recorder.unsteady(self.clock.now())
    }

    fn aftermath(&self) -> Duration {
        match self.plan.nodes {
            Nodes::Library => AFTERMATH,
            #[cfg(feature = "service")]
            Nodes::Service => AFTERMATH_OF_SERVICES,
        }
    }

    /// Waits until all nodes are connected again, and notes that this disturbance is over.
    pub(crate) async fn settle(&self, disturbance: usize) {
        let waited = async {
            for node in &self.nodes {
                while !node.state().await.is_some_and(|state| state.is_up) {
                    tokio::time::sleep(LOOK_INTERVAL).await;
                }
            }
        };
        let _judged_anyway = tokio::time::timeout(PATIENCE, waited).await;
        self.recorder
            .steady(disturbance, self.clock.now() + nanos(self.aftermath()));
    }
}
