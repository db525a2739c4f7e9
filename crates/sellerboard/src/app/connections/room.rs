//! Who may be connected: so many in all, so many of one client, and nobody for ever.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::MissedTickBehavior;

use super::activity::{Activity, Seconds, Verdict};

/// The most connections at a time; the system lets further ones wait.
const CONNECTIONS_MAX: u32 = 10_000;
/// When fewer seats are free, those who have been idle longest are asked to leave, until [`FREE_AGAIN`] are.
const FREE_MIN: usize = 100;
const FREE_AGAIN: usize = 200;
/// How often the connections' times are looked at, which makes a second of [`Seconds`].
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// How many looks pass at least between two log lines on what had to be closed.
const SWEEPS_PER_LINE: u32 = 10;

/// The connections there are.
#[derive(Debug)]
pub(super) struct Room {
    /// One permit for each connection.
    seats: Arc<Semaphore>,
    client_max: Option<NonZeroU32>,
    seconds: Arc<Seconds>,
    taken: Mutex<Taken>,
    /// Those who have been told to go and have not gone yet.
    leaving: AtomicUsize,
    /// What was closed for want of room since the last log line.
    displaced: AtomicU64,
    /// What was closed because its client had too many since the last log line.
    refused: AtomicU64,
}

#[derive(Debug, Default)]
struct Taken {
    places: HashMap<u64, Arc<Activity>>,
    /// Only clients with a connection stand here.
    by_client: HashMap<IpAddr, u32>,
    next_id: u64,
}

/// A connection's place, free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) activity: Arc<Activity>,
    room: Arc<Room>,
    id: u64,
    client: IpAddr,
    _seat: OwnedSemaphorePermit,
}

impl Room {
    pub(super) fn new(client_max: Option<NonZeroU32>) -> Self {
        Self {
            seats: Arc::new(Semaphore::new(CONNECTIONS_MAX as usize)),
            client_max,
            seconds: Arc::default(),
            taken: Mutex::default(),
            leaving: AtomicUsize::new(0),
            displaced: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// A seat, once there is one. When few are left, those are asked to leave who have been idle longest.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(super) async fn seat(&self) -> OwnedSemaphorePermit {
        loop {
            let free = self.seats.available_permits();
            if free < FREE_MIN {
                self.displace(FREE_AGAIN - free);
            }
            let seat = Arc::clone(&self.seats).acquire_owned();
            // Whoever is busy now may be idle when we look again.
            if let Ok(seat) = tokio::time::timeout(SWEEP_INTERVAL, seat).await {
                return seat.expect("the semaphore is never closed");
            }
        }
    }

    /// A seat, if there is one at once.
    pub(super) fn free_seat(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.seats).try_acquire_owned().ok()
    }

    /// Takes a place for a connection from `addr`; `None` if that client has too many.
    pub(super) fn enter(
        self: &Arc<Self>,
        addr: IpAddr,
        seat: OwnedSemaphorePermit,
    ) -> Option<Place> {
        let client = client_of(addr);
        let activity = Arc::new(Activity::new(Arc::clone(&self.seconds)));
        let mut taken = self.taken.lock();
        let own = taken.by_client.entry(client).or_default();
        if self.client_max.is_some_and(|max| *own >= max.get()) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        *own += 1;
        let id = taken.next_id;
        taken.next_id += 1;
        taken.places.insert(id, Arc::clone(&activity));
        Some(Place {
            activity,
            room: Arc::clone(self),
            id,
            client,
            _seat: seat,
        })
    }

    /// Asks those to leave who have been idle longest, `count` of them with those who are leaving already.
    pub(super) fn displace(&self, count: usize) {
        let count = count.saturating_sub(self.leaving.load(Ordering::Relaxed));
        if count == 0 {
            return;
        }
        let taken = self.taken.lock();
        let mut idle: Vec<_> = taken
            .places
            .values()
            .filter(|activity| activity.verdict() == Verdict::Stay)
            .filter_map(|activity| Some((activity.idle_for()?, activity)))
            .collect();
        let count = count.min(idle.len());
        if count == 0 {
            return;
        }
        idle.select_nth_unstable_by(count - 1, |one, other| other.0.cmp(&one.0));
        for (_, activity) in &idle[..count] {
            self.sentence(activity, Verdict::Leave);
        }
        self.displaced.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Looks at the connections' times at intervals, for as long as the future is polled.
    pub(super) async fn sweep(&self) {
        let mut interval = tokio::time::interval(SWEEP_INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut quiet = SWEEPS_PER_LINE;
        loop {
            interval.tick().await;
            self.seconds.pass();
            self.judge_all();
            quiet = quiet.saturating_add(1);
            if quiet >= SWEEPS_PER_LINE && self.tell() {
                quiet = 0;
            }
        }
    }

    /// Says what was closed since it was said last, and gives whether anything was.
    pub(super) fn tell(&self) -> bool {
        let displaced = self.displaced.swap(0, Ordering::Relaxed);
        let refused = self.refused.swap(0, Ordering::Relaxed);
        let any = displaced > 0 || refused > 0;
        if any {
            tracing::warn!(displaced, refused, "connections closed for want of room");
        }
        any
    }

    /// Asks everybody to leave.
    pub(super) fn dismiss(&self) {
        for activity in self.taken.lock().places.values() {
            self.sentence(activity, Verdict::Leave);
        }
    }

    /// Completes when no connection is left.
    pub(super) async fn emptied(&self) {
        let _all = self.seats.acquire_many(CONNECTIONS_MAX).await;
    }

    /// Under the lock, so that its place is still taken.
    fn sentence(&self, activity: &Activity, verdict: Verdict) -> bool {
        let first = activity.sentence(verdict);
        if first {
            self.leaving.fetch_add(1, Ordering::Relaxed);
        }
        first
    }

    fn judge_all(&self) {
        let mut ended = 0_usize;
        for activity in self.taken.lock().places.values() {
            let verdict = activity.judge();
            if verdict != Verdict::Stay && self.sentence(activity, verdict) {
                ended += 1;
            }
        }
        if ended > 0 {
            tracing::debug!(ended, "connections idle, late or stuck");
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.room.taken.lock();
        taken.places.remove(&self.id);
        if self.activity.verdict() != Verdict::Stay {
            self.room.leaving.fetch_sub(1, Ordering::Relaxed);
        }
        if let Some(own) = taken.by_client.get_mut(&self.client) {
            *own -= 1;
            if *own == 0 {
                taken.by_client.remove(&self.client);
            }
        }
    }
}

/// Who counts as one client: an IPv4 address, or the /64 network that a household or a machine has of IPv6.
fn client_of(addr: IpAddr) -> IpAddr {
    match addr.to_canonical() {
        IpAddr::V6(addr) => {
            let network = addr.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        addr @ IpAddr::V4(_) => addr,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(client_max: u32) -> Arc<Room> {
        Arc::new(Room::new(NonZeroU32::new(client_max)))
    }

    fn enter(room: &Arc<Room>, addr: &str) -> Option<Place> {
        room.enter(addr.parse().unwrap(), room.free_seat().unwrap())
    }

    #[test]
    fn a_client_has_so_many_places_and_another_its_own() {
        let room = room(2);
        let first = enter(&room, "192.0.2.1").unwrap();
        let _second = enter(&room, "::ffff:192.0.2.1").unwrap();
        assert!(enter(&room, "192.0.2.1").is_none());
        let _other = enter(&room, "192.0.2.2").unwrap();
        drop(first);
        assert!(enter(&room, "192.0.2.1").is_some());
        let _one = enter(&room, "2001:db8::1").unwrap();
        let _same = enter(&room, "2001:db8::2").unwrap();
        assert!(enter(&room, "2001:db8:0:0:f::").is_none());
        assert!(enter(&room, "2001:db8:0:1::").is_some());
    }

    #[test]
    fn nothing_is_left_of_those_who_went() {
        let room = room(2);
        drop(enter(&room, "192.0.2.1"));
        let taken = room.taken.lock();
        assert!(taken.places.is_empty() && taken.by_client.is_empty());
        assert_eq!(room.seats.available_permits(), CONNECTIONS_MAX as usize);
    }

    #[test]
    fn the_longest_idle_make_room_and_those_who_work_stay() {
        let room = room(100);
        let mut places = Vec::new();
        for _ in 0..10 {
            places.push(enter(&room, "192.0.2.1").unwrap());
            room.seconds.pass();
        }
        places[0].activity.request_begins();
        room.seconds.pass();
        room.seconds.pass();
        room.displace(3);
        let left = |place: &Place| place.activity.verdict() == Verdict::Leave;
        let gone: Vec<bool> = places.iter().map(left).collect();
        let expected: Vec<bool> = (0..10).map(|index| (1..=3).contains(&index)).collect();
        assert_eq!(gone, expected);
        // Those who are leaving already count.
        room.displace(3);
        assert_eq!(places.iter().filter(|place| left(place)).count(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_room_gives_a_seat_once_somebody_has_left() {
        let room = room(u32::MAX);
        let mut places = Vec::new();
        while let Some(seat) = room.free_seat() {
            places.push(room.enter("192.0.2.1".parse().unwrap(), seat).unwrap());
        }
        assert_eq!(places.len(), CONNECTIONS_MAX as usize);
        let waits = tokio::spawn({
            let room = Arc::clone(&room);
            async move {
                tokio::select! {
                    seat = room.seat() => seat,
                    () = room.sweep() => unreachable!("it sweeps for ever"),
                }
            }
        });
        tokio::time::sleep(Duration::from_secs(5)).await;
        let leaving = |place: &Place| place.activity.verdict() == Verdict::Leave;
        assert_eq!(places.iter().filter(|place| leaving(place)).count(), 200);
        places.retain(|place| !leaving(place));
        drop(waits.await.unwrap());
    }
}
