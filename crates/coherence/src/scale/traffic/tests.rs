use super::*;

const STEADY: Sellers = Sellers {
    requests_per_minute: 60.0,
    entries: 1,
    invalidations_per_minute: 0.0,
    covered: 1.0,
    followed: 50,
};

fn assert_near(found: f64, expected: f64) {
    let share = found / expected;
    assert!(
        (0.97..1.03).contains(&share),
        "{found} is not about {expected}"
    );
}

#[test]
fn every_request_is_a_hit_a_promotion_or_a_load() {
    let sellers = Sellers {
        invalidations_per_minute: 2.0,
        entries: 10,
        ..STEADY
    };
    for routing in [Routing::Any, Routing::Own] {
        let rates = simulate(&sellers, 10, routing);
        let answered = rates.local_hits + rates.promotions + rates.loads;
        assert!((answered - rates.requests).abs() < 1e-9);
        assert_near(rates.requests, 1.0);
        assert_near(rates.invalidations, 2.0 / 60.0);
    }
}

#[test]
fn a_table_is_read_again_by_the_first_hit_after_half_of_the_bound() {
    // A renewal: half of the bound, then the wait for the next request. What is asked for an entry gives the table, too.
    let reads = |sellers: &Sellers, nodes| {
        let rates = simulate(sellers, nodes, Routing::Any);
        rates.table_reads + rates.promotions + rates.loads
    };
    assert_near(reads(&STEADY, 1), 1.0 / (1.0 + 1.0));
    let busy = Sellers {
        requests_per_minute: 6_000.0,
        followed: 5,
        ..STEADY
    };
    assert_near(reads(&busy, 1), 1.0 / (1.0 + 0.01));
    // On ten nodes each has a tenth of the requests.
    assert_near(reads(&STEADY, 10), 10.0 / (1.0 + 10.0));
}

#[test]
fn only_the_first_of_the_nodes_loads() {
    let rates = simulate(&STEADY, 10, Routing::Any);
    // One load for each TTL, and then the next request on some node.
    assert_near(rates.loads, 1.0 / (SOFT_TTL + 1.0));
    assert_near(rates.promotions / rates.loads, 9.0);
    let own = simulate(&STEADY, 10, Routing::Own);
    assert!(own.promotions == 0.0, "{own:?}");
}

#[test]
fn an_invalidation_makes_the_nodes_read_that_rely_on_the_table() {
    let busy = Sellers {
        requests_per_minute: 600.0,
        invalidations_per_minute: 30.0,
        covered: 0.0,
        followed: 5,
        ..STEADY
    };
    let rates = simulate(&busy, 4, Routing::Any);
    // 2.5 requests a second on each node: hardly ever is the bound over before the next.
    assert!(rates.relied_on > 3.5, "{rates:?}");
    let quiet = Sellers {
        invalidations_per_minute: 0.0,
        ..busy
    };
    let without = simulate(&quiet, 4, Routing::Any);
    assert!(rates.table_reads > without.table_reads);
    assert!(rates.loads < 0.01, "nothing was covered: {rates:?}");
    let everything = Sellers {
        covered: 1.0,
        ..busy
    };
    // Each invalidation costs a load, unless the next comes before the next request.
    assert_near(
        simulate(&everything, 4, Routing::Any).loads,
        0.5 * 10.0 / 10.5,
    );
}
