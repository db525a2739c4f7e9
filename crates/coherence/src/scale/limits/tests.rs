use super::*;

const ONE: Usage = Usage {
    cpu_us: 100.0,
    commands: 5.0,
    received: 1_000.0,
    sent: 2_000.0,
};

const SITE: Site = Site {
    active: 0.5,
    network: 1.0,
    memory: 1.0,
    connections: 10.0,
    local: 1.0,
};

fn costs() -> Costs {
    Costs {
        redis: "7".to_owned(),
        body_bytes: 800.0,
        table_read: ONE,
        promotion: ONE,
        load: ONE,
        invalidation: ONE,
        push: ONE,
        idle_second: ONE,
        connect: ONE,
        node_connections: 2.0,
        node_bytes: 0.0,
        table_bytes: 500.0,
        entry_extra_bytes: 200.0,
    }
}

fn need(rates: Rates, tenants: f64, nodes: usize) -> Need {
    let crowd = Crowd {
        tenants,
        nodes,
        routing: Routing::Own,
        rates,
    };
    Need::of(&costs(), &SITE, &crowd)
}

#[test]
fn nodes_cost_something_without_tenants() {
    let need = need(Rates::default(), 0.0, 3);
    assert_eq!(need.redis, Usage::default().plus(ONE, 3.0));
    assert_eq!(need.redis, need.idle);
    let first = need.limits(&SITE)[0];
    assert_eq!(first.name, "Redis' connections");
    assert!((first.used - 0.6).abs() < 1e-9, "{first:?}");
}

#[test]
fn an_invalidation_is_told_to_every_node() {
    let rates = Rates {
        invalidations: 1.0,
        ..Rates::default()
    };
    // Ten of twenty tenants are active, on four nodes: ten invalidations, forty pushes, four nodes that are there.
    let need = need(rates, 20.0, 4);
    assert_eq!(need.redis, Usage::default().plus(ONE, 10.0 + 40.0 + 4.0));
    assert!((need.told - 10.0).abs() < 1e-9, "{need:?}");
}

#[test]
fn memory_is_of_all_tenants_and_of_the_entries_of_active_ones() {
    let rates = Rates {
        entries: 3.0,
        held: 6.0,
        ..Rates::default()
    };
    let need = need(rates, 100.0, 2);
    assert!((need.redis_bytes - (100.0 * 500.0 + 50.0 * 3.0 * 1_000.0)).abs() < 1e-6);
    assert!((need.entries_bytes - 50.0 * 3.0 * 1_000.0).abs() < 1e-6);
    assert!((need.tenants_bytes - 50.0 * IDLE_TENANT_BYTES).abs() < 1e-6);
}
