use super::*;

/// A breaker and its time.
struct Bench {
    breaker: Breaker,
    now: Duration,
}

impl Bench {
    fn new() -> Self {
        Self {
            breaker: Breaker::new(),
            now: Duration::from_secs(3_600),
        }
    }

    fn pass(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    fn admit(&mut self) -> Result<Ticket, Duration> {
        self.breaker.admit(self.now)
    }

    /// The longest pauses.
    fn end(&mut self, ticket: &Ticket, end: End) {
        self.breaker.ended(ticket, end, self.now, u64::MAX);
    }

    fn call(&mut self, end: End) {
        let ticket = self.admit().unwrap();
        self.end(&ticket, end);
    }

    fn opened() -> Self {
        let mut bench = Self::new();
        for _ in 0..ROW_MAX {
            bench.call(End::Failed);
        }
        assert_eq!(bench.breaker.state(), BreakerState::Open);
        bench
    }

    /// Until a probe is let through, to the millisecond.
    fn await_probe(&mut self) -> (u64, Ticket) {
        let mut waited = 0;
        loop {
            if let Ok(ticket) = self.admit() {
                return (waited, ticket);
            }
            self.pass(1);
            waited += 1;
        }
    }
}

#[test]
fn failures_in_a_row_open_it() {
    let mut bench = Bench::new();
    for _ in 0..ROW_MAX - 1 {
        bench.call(End::Failed);
    }
    bench.call(End::Succeeded);
    for _ in 0..ROW_MAX - 1 {
        bench.call(End::Failed);
        bench.call(End::Abandoned);
    }
    assert_eq!(bench.breaker.state(), BreakerState::Closed);
    bench.call(End::Failed);
    assert_eq!(bench.breaker.state(), BreakerState::Open);
    assert!(bench.admit().unwrap_err() <= PAUSE_MIN);
}

#[test]
fn a_share_of_half_opens_it_once_there_are_enough_calls() {
    let alternate = |failures_of_ten: u64, span_millis: u64| {
        let mut bench = Bench::new();
        let mut calls = 0;
        for n in 0..200 {
            if bench.breaker.state() == BreakerState::Open {
                break;
            }
            // Spread, so that none are many in a row.
            let failed = (n * failures_of_ten) % 10 < failures_of_ten;
            bench.call(if failed { End::Failed } else { End::Succeeded });
            bench.pass(span_millis);
            calls += 1;
        }
        (bench.breaker.state(), calls)
    };
    assert_eq!(
        alternate(5, 10),
        (BreakerState::Open, u64::from(CALLS_MIN) + 1)
    );
    assert_eq!(alternate(4, 10), (BreakerState::Closed, 200));
    assert_eq!(alternate(5, 600), (BreakerState::Closed, 200), "17 in 10 s");
}

#[test]
fn one_probe_at_a_time_after_pauses_that_grow() {
    let mut bench = Bench::opened();
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let (waited, probe) = bench.await_probe();
        pauses.push(waited);
        assert_eq!(bench.breaker.state(), BreakerState::HalfOpen);
        for _ in 0..3 {
            assert!(bench.admit().is_err());
            bench.pass(100);
        }
        bench.end(&probe, End::Failed);
    }
    assert_eq!(pauses, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);

    let (_, probe) = bench.await_probe();
    bench.end(&probe, End::Succeeded);
    assert_eq!(bench.breaker.state(), BreakerState::Closed);
    // Nothing of the past counts.
    for _ in 0..ROW_MAX - 1 {
        bench.call(End::Failed);
    }
    bench.call(End::Succeeded);
    assert_eq!(bench.breaker.state(), BreakerState::Closed);
}

#[test]
fn pauses_are_spread_over_half_their_length() {
    let mut bench = Bench::opened();
    let (_, probe) = bench.await_probe();
    bench.breaker.ended(&probe, End::Failed, bench.now, 0);
    assert_eq!(bench.admit().unwrap_err(), PAUSE_MIN);
    let mut other = Bench::opened();
    let (_, probe) = other.await_probe();
    other.end(&probe, End::Failed);
    let longest = PAUSE_MIN * 2 - Duration::from_micros(1);
    assert_eq!(other.admit().unwrap_err(), longest);
}

#[test]
fn a_probe_whose_caller_goes_away_makes_room_for_another() {
    let mut bench = Bench::opened();
    let (_, probe) = bench.await_probe();
    bench.end(&probe, End::Abandoned);
    assert_eq!(bench.await_probe().0, 0);
}

#[test]
fn what_began_before_it_opened_has_no_say() {
    let mut bench = Bench::new();
    let late: Vec<_> = (0..3).map(|_| bench.admit().unwrap()).collect();
    for _ in 0..ROW_MAX {
        bench.call(End::Failed);
    }
    for ticket in &late {
        bench.end(ticket, End::Succeeded);
        assert_eq!(bench.breaker.state(), BreakerState::Open);
    }
    let (_, _probe) = bench.await_probe();
    bench.end(&late[0], End::Failed);
    assert_eq!(bench.breaker.state(), BreakerState::HalfOpen);
}
