//! Whoever goes away, at whatever point of whatever operation, leaves a connection that is right for the next.
//!
//! Replies come late, so that most are still on their way when their caller goes.

use std::time::Duration;

use tenantcache::events::{Event, Rule, Rules};
use tenantcache::{Key, Loaded, Scope};
use tenantcache_redis::RedisOptions;
use testkit::{Direction, DropAfter, RedisServer, TcpProxy};

use crate::support::{Node, Origin};

/// How late a reply is.
const DELAY: Duration = Duration::from_millis(2);
/// More polls than any operation needs.
const POLLS_MAX: usize = 200;

struct Bench {
    node: Node,
    other: Node,
    proxy: TcpProxy,
    _server: RedisServer,
    round: usize,
}

impl Bench {
    async fn new() -> Self {
        let server = RedisServer::start().await;
        let proxy = TcpProxy::start(server.port()).await;
        let rule = Rule::new().with_tag("product:{subject}".parse().unwrap());
        let options = RedisOptions::new(&proxy.url()).unwrap();
        let options = options.with_command_timeout(Duration::from_secs(10));
        let rules = Rules::new().with("product.*", rule).unwrap();
        let node = Node::start_on(options, |builder| builder.with_event_rules(rules)).await;
        let other = Node::patient(&server, |builder| builder).await;
        proxy.delay(Direction::Down, DELAY, Duration::ZERO);
        Self {
            node,
            other,
            proxy,
            _server: server,
            round: 0,
        }
    }

    /// Drops what `begin` gives after 0, 1, 2, … polls until it ends by itself; after each, reads what another node stored
    /// for another tenant, which only the connection can bring.
    async fn drop_everywhere<F: Future>(&mut self, what: &str, begin: impl Fn(&Node, usize) -> F) {
        for polls in 0..POLLS_MAX {
            self.round += 1;
            let entry = |node: &Node| node.entry("b", "products").param("id", self.round);
            let said = format!("{what} {}", self.round);
            let value = said.clone();
            let load = async move |_| Ok::<_, std::io::Error>(Loaded::new(value));
            let _ = entry(&self.other).get_or_load(load).await.unwrap();
            let ended = DropAfter::new(begin(&self.node, self.round), polls).await;
            let found = entry(&self.node)
                .get()
                .await
                .unwrap()
                .expect("it is in Redis");
            assert_eq!(found.body(), said.as_bytes(), "{what} after {polls} polls");
            if ended.is_some() {
                assert!(polls > 0);
                return;
            }
        }
        panic!("{what} never ends");
    }
}

#[tokio::test]
async fn no_operation_that_is_given_up_disturbs_the_next() {
    let mut bench = Bench::new().await;
    let connections = bench.proxy.counts().connections;
    let key = |node: &Node, id: usize| -> Key {
        node.entry("a", "products").param("id", id).key().unwrap()
    };
    bench
        .drop_everywhere("get_or_load", |node, id| {
            let entry = node.entry("a", "products").param("id", id);
            async move { Origin::default().read(entry).await }
        })
        .await;
    bench
        .drop_everywhere("reload", |node, _| {
            let entry = node.entry("a", "products").param("id", 1).reload();
            async move { Origin::default().read(entry).await }
        })
        .await;
    bench
        .drop_everywhere("get", |node, id| {
            let entry = node.entry("a", "products").param("id", id);
            async move { entry.get().await.unwrap().is_some() }
        })
        .await;
    bench
        .drop_everywhere("get_many", |node, id| {
            let (tenant, keys) = (node.tenant("a"), [key(node, id), key(node, 1)]);
            async move { tenant.get_many(&keys).await.unwrap().len() }
        })
        .await;
    bench
        .drop_everywhere("insert", |node, id| {
            let entry = node.entry("a", "products").param("id", id);
            async move {
                let ticket = entry.begin().await;
                entry.insert(ticket, Loaded::new("inserted")).await.unwrap()
            }
        })
        .await;
    bench
        .drop_everywhere("invalidate", |node, _| {
            let tenant = node.tenant("a");
            async move { tenant.invalidate(&[Scope::Tenant]).await.unwrap() }
        })
        .await;
    bench
        .drop_everywhere("publish", |node, id| {
            let cache = node.cache.clone();
            async move {
                let text = format!(
                    r#"{{"specversion":"1.0","id":"{id}","source":"/","type":"product.updated","tenantid":"a","subject":"{id}"}}"#
                );
                let event = Event::from_json(text.as_bytes()).unwrap();
                cache.publish(&event).await.unwrap()
            }
        })
        .await;
    bench
        .drop_everywhere("keys", |node, _| {
            let tenant = node.tenant("a");
            async move { tenant.keys("", None, 10).await }
        })
        .await;
    bench
        .drop_everywhere("inspect", |node, id| {
            let (tenant, key) = (node.tenant("a"), key(node, id));
            async move { tenant.inspect(&key).await.unwrap().len() }
        })
        .await;
    // One more tells of changes.
    assert!(bench.proxy.counts().connections <= connections + 1);
    // Waits for replicas on a connection of its own, which is not used again after that.
    bench
        .drop_everywhere("invalidate_durably", |node, _| {
            let tenant = node.tenant("a");
            async move {
                let durability = tenantcache::remote::Durability::Replicated;
                let scopes = [Scope::Tenant];
                tenant
                    .invalidate_durably(&scopes, durability)
                    .await
                    .unwrap()
            }
        })
        .await;
    for polls in 0..POLLS_MAX {
        let everything = bench.node.cache.invalidate_everything();
        let ended = DropAfter::new(everything, polls).await;
        for tenant in ["a", "b"] {
            let value = format!("{tenant} {polls}");
            let entry = bench.node.entry(tenant, "trends").param("id", polls);
            let loaded = value.clone();
            let load = async move |_| Ok::<_, std::io::Error>(Loaded::new(loaded));
            assert_eq!(
                entry.get_or_load(load).await.unwrap().body(),
                value.as_bytes()
            );
        }
        if let Some(ended) = ended {
            ended.unwrap();
            break;
        }
    }
    let counters = bench.node.cache.counters();
    assert_eq!(counters.misdirected_replies, 0);
    let foreign = counters.unusable_entries.iter().map(|(_, count)| count);
    assert_eq!(foreign.sum::<u64>(), 0, "{:?}", counters.unusable_entries);
}
