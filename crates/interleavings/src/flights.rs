//! Flights: joining, landing, and pilots that go away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use shuttle::future::block_on;
use shuttle::thread;
use tenantcache_core::{Generation, Tags};

use crate::flight::{Flight, Flights, Landing, Pilot, Progress};
use crate::hashing::Hashing;
use crate::mirror::TenantState;
use crate::support::{at, explore, key, scope, tenant, value};

/// A pilot that goes away without landing fails its flight: waiters get an error, and the next caller begins anew.
pub fn a_dropped_pilot_fails_its_waiters() {
    explore(|| {
        let flights = Arc::new(Flights::new(&Hashing::default()));
        let (_, pilot) = flights.join_or_begin(&key(), |_| true, || 1);
        let waiter = thread::spawn({
            let flights = Arc::clone(&flights);
            move || {
                let (flight, pilot) = flights.join_or_begin(&key(), |_| true, || 2);
                if pilot.is_none() {
                    assert!(matches!(landing_of(&flight), Landing::Failed(_)));
                }
                drop(pilot);
            }
        });
        drop(pilot);
        waiter.join().expect("it is not left waiting");
        assert!(flights.get(&key()).is_none());
    });
}

/// Whoever saw a flight land no longer finds it.
pub fn a_landed_flight_is_found_by_nobody() {
    explore(|| {
        let flights = Arc::new(Flights::new(&Hashing::default()));
        let (flight, pilot) = flights.join_or_begin(&key(), |_| true, || 1);
        let lander = thread::spawn(move || drop(pilot));
        for _ in 0..2 {
            let landed = matches!(flight.progress(), Progress::Landed(_));
            let found = flights.get(&key());
            assert!(!landed || found.is_none(), "a landed flight was found");
        }
        lander.join().expect("it ends");
    });
}

/// A flight that would not do is replaced by a newer one, which its landing leaves in place.
pub fn a_late_landing_leaves_the_newer_flight() {
    explore(|| {
        let flights = Arc::new(Flights::new(&Hashing::default()));
        let (_, old) = flights.join_or_begin(&key(), |_| true, || 1);
        let lander = thread::spawn(move || drop(old));
        let (newer, pilot) = flights.join_or_begin(&key(), |flight| flight.began > 1, || 2);
        assert!(pilot.is_some(), "the old one would not do");
        lander.join().expect("it ends");
        let (found, second) = flights.join_or_begin(&key(), |_| true, || 3);
        assert!(second.is_none(), "two loads of one key at the same time");
        assert!(Arc::ptr_eq(&found, &newer));
    });
}

/// A load is under way while its key is invalidated. A request that comes after the acknowledgement never gets what was
/// loaded before the change, though it may join flights and wait for them.
pub fn nobody_gets_what_was_invalidated_before_it_came() {
    explore(|| {
        let node = Arc::new(Node {
            state: TenantState::new(tenant()),
            flights: Arc::new(Flights::new(&Hashing::default())),
            origin: AtomicU64::new(1),
        });
        let early = thread::spawn({
            let node = Arc::clone(&node);
            move || node.request()
        });
        let late = thread::spawn({
            let node = Arc::clone(&node);
            move || {
                node.origin.store(2, Ordering::SeqCst);
                node.state.invalidate_own(&[scope("products")], at(2));
                node.request()
            }
        });
        early.join().expect("it ends");
        assert_eq!(late.join().expect("it ends"), "new");
    });
}

/// A node without tiers, so that flights are all there is.
struct Node {
    state: TenantState,
    flights: Arc<Flights>,
    origin: AtomicU64,
}

impl Node {
    /// What the read path does: join if what the flight will bring is valid now, and look again when it has landed.
    fn request(&self) -> &'static str {
        let mut turn = 0;
        loop {
            turn += 1;
            let (flight, pilot) =
                self.flights
                    .join_or_begin(&key(), |flight| self.will_do(flight), || turn);
            if let Some(pilot) = pilot {
                return self.fly(pilot);
            }
            let Landing::Loaded { value, .. } = landing_of(&flight) else {
                continue;
            };
            if self.state.admits_value(&value) {
                return body_of(value.body());
            }
        }
    }

    fn will_do(&self, flight: &Flight) -> bool {
        match flight.progress() {
            Progress::Loading { stamp, .. } => self.state.admits(stamp, &key(), &Tags::none()),
            Progress::Looking { .. } => true,
            Progress::Landed(_) => false,
        }
    }

    fn fly(&self, pilot: Pilot) -> &'static str {
        let stamp = self.state.stamp(true, Generation::ZERO, at(1));
        pilot.loading(stamp, None);
        thread::yield_now();
        let version = match self.origin.load(Ordering::SeqCst) {
            1 => "old",
            _ => "new",
        };
        thread::yield_now();
        pilot.land(Landing::Loaded {
            value: value(stamp, version),
            stored: true,
            remote_down: false,
        });
        version
    }
}

fn body_of(body: &[u8]) -> &'static str {
    if body == b"old" { "old" } else { "new" }
}

fn landing_of(flight: &Flight) -> Landing {
    let mut place = flight.watch().expect("there is a place");
    block_on(async move {
        let landed = place
            .wait_for(|progress| matches!(progress, Progress::Landed(_)))
            .await
            .expect("the flight is held");
        match &*landed {
            Progress::Landed(landing) => landing.clone(),
            Progress::Loading { .. } | Progress::Looking { .. } => {
                unreachable!("it was waited for")
            }
        }
    })
}
