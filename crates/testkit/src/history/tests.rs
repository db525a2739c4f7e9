//! For each rule a history that breaks it and is caught, and a lawful one beside it that passes.

use super::*;

const MILLI: u64 = 1_000_000;

/// Key 0: `products:a:id:1`, with a tag that only its value shows. Key 1: `orders:a`. Key 2: `products:b`.
fn log() -> Log {
    let key = |text: &str, tenant: &str, endpoint: &str, tags: &[&str]| KeyFacts {
        text: text.to_owned(),
        tenant: tenant.to_owned(),
        endpoint: endpoint.to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        strict: false,
    };
    Log {
        keys: vec![
            key("products:a:id:1", "a", "products", &["value"]),
            key("orders:a", "a", "orders", &[]),
            key("products:b", "b", "products", &["value"]),
        ],
        scopes: vec![Scope::Tenant { tenant: "a".into() }],
        nodes: 3,
        ..Log::default()
    }
}

fn limits() -> Limits {
    Limits {
        slack: Duration::from_millis(5),
        ..Limits::default()
    }
}

/// A read of key 0 on a node that took 1 ms and was answered with a version out of the local tier.
fn read(node: u8, start_ms: u64, version: u32) -> Read {
    Read {
        start: start_ms * MILLI,
        end: (start_ms + 1) * MILLI,
        key: 0,
        node,
        status: Status::HitLocal,
        degraded: false,
        collapsed: false,
        age: start_ms * MILLI,
        said: Some(Said {
            key: Some(0),
            version,
            nonce: Some(version),
        }),
    }
}

fn load(nonce: u32, node: u8, begin_ms: u64, end_ms: u64) -> Load {
    Load {
        begin: begin_ms * MILLI,
        end: end_ms * MILLI,
        nonce,
        key: 0,
        version: nonce,
        node,
        failed: false,
    }
}

/// Version 2 of everything is written at 100 ms, and scope 0 invalidated on node 0, acknowledged at 110 ms.
fn invalidated(mut log: Log, applied: bool) -> Log {
    for key in 0..3 {
        log.writes.push(Write {
            at: 0,
            key,
            version: 1,
        });
        log.writes.push(Write {
            at: 100 * MILLI,
            key,
            version: 2,
        });
    }
    log.invalidations.push(Invalidation {
        begin: 100 * MILLI,
        acknowledged: 110 * MILLI,
        node: 0,
        scope: 0,
        applied,
    });
    log.loads.push(load(1, 0, 0, 5));
    log.loads.push(load(2, 0, 120, 125));
    log
}

#[track_caller]
fn breaks(log: &Log, rule: Rule) {
    let report = check(log, &limits());
    assert!(report.violations(rule) > 0, "{report}");
    for other in Rule::ALL {
        assert!(other == rule || report.violations(other) == 0, "{report}");
    }
}

#[track_caller]
fn lawful(log: &Log) {
    let report = check(log, &limits());
    assert!(report.is_lawful(), "{report}");
}

#[track_caller]
fn with_reads(log: &Log, reads: &[Read]) -> Log {
    let mut log = log.clone();
    log.reads.extend(reads);
    log
}

#[test]
fn c1_another_keys_answer_is_caught() {
    let log = invalidated(log(), true);
    lawful(&with_reads(&log, &[read(0, 20, 1)]));
    for key in [Some(2), Some(1), None] {
        let said = Said {
            key,
            version: 1,
            nonce: Some(1),
        };
        let foreign = Read {
            said: Some(said),
            ..read(0, 20, 1)
        };
        breaks(&with_reads(&log, &[foreign]), Rule::C1);
    }
}

#[test]
fn c1_an_answer_that_no_load_brought_is_caught() {
    let log = invalidated(log(), true);
    for nonce in [2, 7] {
        let said = Said {
            key: Some(0),
            version: 1,
            nonce: Some(nonce),
        };
        let forged = Read {
            said: Some(said),
            ..read(0, 20, 1)
        };
        breaks(&with_reads(&log, &[forged]), Rule::C1);
    }
}

#[test]
fn c2_binds_the_own_node_from_the_acknowledgement_on() {
    for applied in [true, false] {
        let log = invalidated(log(), applied);
        lawful(&with_reads(&log, &[read(0, 110, 1), read(0, 130, 2)]));
        breaks(&with_reads(&log, &[read(0, 111, 1)]), Rule::C2);
    }
}

#[test]
fn c2_binds_other_nodes_after_the_bound() {
    let log = invalidated(log(), true);
    lawful(&with_reads(&log, &[read(1, 2_110, 1)]));
    breaks(&with_reads(&log, &[read(1, 2_111, 1)]), Rule::C2);
}

#[test]
fn c2_binds_other_nodes_at_once_where_reads_are_strict() {
    let mut log = invalidated(log(), true);
    log.keys[0].strict = true;
    lawful(&with_reads(&log, &[read(1, 110, 1)]));
    breaks(&with_reads(&log, &[read(1, 111, 1)]), Rule::C2);
}

#[test]
fn c2_gives_a_node_that_is_cut_off_the_outage_ttl() {
    let log = invalidated(log(), true);
    let degraded = |start_ms| Read {
        degraded: true,
        ..read(1, start_ms, 1)
    };
    lawful(&with_reads(&log, &[degraded(5_110)]));
    breaks(&with_reads(&log, &[degraded(5_111)]), Rule::C2);
}

#[test]
fn c2_binds_other_nodes_to_what_was_queued_once_it_is_settled() {
    let mut log = invalidated(log(), false);
    lawful(&with_reads(&log, &[read(1, 60_000, 1)]));
    log.settled.push(Settled {
        node: 0,
        asked: 105 * MILLI,
        at: 106 * MILLI,
    });
    lawful(&with_reads(&log, &[read(1, 60_000, 1)]));
    log.settled.push(Settled {
        node: 0,
        asked: 1_000 * MILLI,
        at: 1_001 * MILLI,
    });
    lawful(&with_reads(&log, &[read(1, 3_001, 1)]));
    breaks(&with_reads(&log, &[read(1, 3_002, 1)]), Rule::C2);
}

#[test]
fn c2_waits_for_the_end_of_a_split_brain() {
    let mut log = invalidated(log(), true);
    let span = Span {
        from: 50 * MILLI,
        to: 1_000 * MILLI,
    };
    log.cut_off.push(CutOff { node: 1, span });
    // The bound and the notice count from its end; the nodes that stayed together gain nothing by it.
    lawful(&with_reads(&log, &[read(1, 4_000, 1)]));
    breaks(&with_reads(&log, &[read(1, 4_001, 1)]), Rule::C2);
    breaks(&with_reads(&log, &[read(2, 2_111, 1)]), Rule::C2);
}

#[test]
fn c2_takes_the_greatest_version_acknowledged() {
    let mut log = invalidated(log(), true);
    // A later invalidation of what was written before adds nothing, and one that began before a write does not mean it.
    let again = Invalidation {
        begin: 90 * MILLI,
        acknowledged: 300 * MILLI,
        ..log.invalidations[0]
    };
    log.invalidations.push(again);
    lawful(&with_reads(&log, &[read(0, 310, 2)]));
    breaks(&with_reads(&log, &[read(0, 310, 1)]), Rule::C2);
}

#[test]
fn c2_heeds_what_each_scope_covers() {
    let of = |tenant: &str, what: &str| (tenant.to_owned(), what.to_owned());
    let endpoint = |(tenant, endpoint)| Scope::Endpoint { tenant, endpoint };
    let prefix = |(tenant, prefix)| Scope::Prefix { tenant, prefix };
    let tag = |(tenant, tag)| Scope::Tag { tenant, tag };
    let key = |text: &str| Scope::Key { text: text.into() };
    for (scope, covers) in [
        (key("products:a:id:1"), true),
        (key("products:a:id:2"), false),
        (endpoint(of("a", "products")), true),
        (endpoint(of("a", "orders")), false),
        (endpoint(of("b", "products")), false),
        (prefix(of("a", "prod")), true),
        (prefix(of("a", "od")), false),
        (tag(of("a", "value")), true),
        (tag(of("a", "other")), false),
        (tag(of("b", "value")), false),
        (Scope::Tenant { tenant: "a".into() }, true),
        (Scope::Tenant { tenant: "b".into() }, false),
    ] {
        let mut log = invalidated(log(), true);
        log.scopes = vec![scope];
        let log = with_reads(&log, &[read(0, 111, 1)]);
        if covers {
            breaks(&log, Rule::C2);
        } else {
            lawful(&log);
        }
    }
}

#[test]
fn c3_a_version_that_goes_back_is_caught() {
    let mut log = invalidated(log(), true);
    log.invalidations.clear();
    // They overlap: either may be older.
    lawful(&with_reads(&log, &[read(0, 130, 2), read(0, 131, 1)]));
    // Another node is another matter.
    lawful(&with_reads(&log, &[read(0, 130, 2), read(1, 140, 1)]));
    let log = with_reads(&log, &[read(0, 130, 2), read(0, 140, 1)]);
    breaks(&log, Rule::C3);
    let mut unsteady = log;
    unsteady.unsteady.push(Span {
        from: 135 * MILLI,
        to: 136 * MILLI,
    });
    lawful(&unsteady);
}

#[test]
fn c4_two_loads_at_once_are_caught_on_one_node_and_on_two() {
    for node in [0, 1] {
        let mut log = log();
        log.loads = vec![load(1, 0, 100, 110), load(2, node, 110, 120)];
        lawful(&log);
        log.loads[1].begin -= MILLI;
        breaks(&log, Rule::C4);
        let span = Span {
            from: 90 * MILLI,
            to: 100 * MILLI,
        };
        let steady = log.clone();
        log.unsteady.push(span);
        lawful(&log);
        let mut log = invalidated(steady, true);
        log.loads.truncate(2);
        lawful(&log);
    }
}

#[test]
fn c4_too_many_loads_in_a_second_are_caught() {
    let mut log = log();
    log.loads = (0..4)
        .map(|at| load(at, 0, 300 * u64::from(at), 0))
        .collect();
    lawful(&log);
    let tight = Limits {
        loads_per_second_max: Some(3),
        ..limits()
    };
    assert_eq!(check(&log, &tight).violations(Rule::C4), 1);
}

#[test]
fn c5_late_and_failed_requests_are_caught() {
    let mut log = invalidated(log(), true);
    let late = Read {
        end: 5_021 * MILLI,
        ..read(0, 20, 1)
    };
    breaks(&with_reads(&log, &[late]), Rule::C5);
    let failed = Read {
        status: Status::Error,
        said: None,
        ..read(0, 20, 1)
    };
    breaks(&with_reads(&log, &[failed]), Rule::C5);
    let loaded = Load {
        failed: true,
        ..load(3, 0, 10, 21)
    };
    log.loads.push(loaded);
    lawful(&with_reads(&log, &[failed]));
}

#[test]
fn c6_an_answer_that_makes_itself_younger_is_caught() {
    let log = invalidated(log(), true);
    let younger = Read {
        age: 14 * MILLI,
        ..read(0, 20, 1)
    };
    breaks(&with_reads(&log, &[younger]), Rule::C6);
    let own_miss = Read {
        status: Status::Miss,
        ..read(0, 20, 1)
    };
    breaks(&with_reads(&log, &[own_miss]), Rule::C6);
    let collapsed = Read {
        collapsed: true,
        ..own_miss
    };
    lawful(&with_reads(&log, &[collapsed]));
}

#[test]
fn c6_counters_that_disagree_are_caught() {
    let mut log = with_reads(&invalidated(log(), true), &[read(0, 20, 1)]);
    log.totals = vec![Totals {
        node: 0,
        hits: 1,
        misses: 0,
        loads: 2,
    }];
    lawful(&log);
    log.totals[0].misses = 1;
    breaks(&log, Rule::C6);
}

#[test]
fn lag_is_that_of_the_last_outdated_answer() {
    let log = invalidated(log(), true);
    let log = with_reads(
        &log,
        &[
            read(1, 150, 1),
            read(1, 170, 2),
            read(2, 400, 2),
            read(0, 109, 1),
        ],
    );
    let lag = check(&log, &limits()).lag;
    assert_eq!(lag.count, 2);
    assert_eq!(lag.max, Duration::from_millis(40));
    assert_eq!(lag.p50, Duration::from_millis(40));
}
