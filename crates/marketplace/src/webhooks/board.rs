//! Which tenants have events, and whose turn it is.

use std::collections::{BTreeSet, HashMap, VecDeque};

use tokio::time::Instant;

use super::courier::{Rest, Trouble};

/// Tenants that are known at a time; others are found in the outbox once there is room.
pub(super) const TENANTS_MAX: usize = 10_000;

/// The tenants with events, each of which is with a courier, waits, or is next.
#[derive(Debug, Default)]
pub(super) struct Board {
    standings: HashMap<String, Standing>,
    queue: VecDeque<String>,
    timers: BTreeSet<(Instant, String)>,
}

#[derive(Clone, Copy, Debug)]
enum Standing {
    /// With a courier; `again` if something was written since.
    Busy { again: bool },
    /// In the queue.
    Ready(Trouble),
    /// Among the timers.
    Waiting(Trouble),
}

impl Board {
    /// Notes that a tenant may have something new. False if there is no room for it.
    pub(super) fn wake(&mut self, tenant: String) -> bool {
        let has_room = self.has_room();
        match self.standings.get_mut(&tenant) {
            Some(Standing::Busy { again }) => *again = true,
            Some(Standing::Ready(_) | Standing::Waiting(_)) => {}
            None if !has_room => return false,
            None => self.enqueue(tenant, Trouble::default()),
        }
        true
    }

    /// Takes the tenant whose turn it is; it is with a courier until it is settled.
    pub(super) fn next(&mut self) -> Option<(String, Trouble)> {
        let tenant = self.queue.pop_front()?;
        let busy = Standing::Busy { again: false };
        let trouble = match self.standings.insert(tenant.clone(), busy) {
            Some(Standing::Ready(trouble)) => trouble,
            _ => Trouble::default(),
        };
        Some((tenant, trouble))
    }

    /// Takes a tenant back from its courier.
    pub(super) fn settle(&mut self, tenant: String, rest: Rest) {
        let was_woken = matches!(
            self.standings.remove(&tenant),
            Some(Standing::Busy { again: true })
        );
        match rest {
            Rest::Drained if !was_woken => {}
            Rest::Drained | Rest::More => self.enqueue(tenant, Trouble::default()),
            Rest::Waiting { until, trouble } => {
                self.standings
                    .insert(tenant.clone(), Standing::Waiting(trouble));
                self.timers.insert((until, tenant));
            }
        }
    }

    /// Queues the tenants that have waited long enough.
    pub(super) fn release(&mut self, now: Instant) {
        while self.timers.first().is_some_and(|(until, _)| *until <= now) {
            if let Some((_, tenant)) = self.timers.pop_first() {
                let trouble = match self.standings.get(&tenant) {
                    Some(Standing::Waiting(trouble)) => *trouble,
                    _ => Trouble::default(),
                };
                self.enqueue(tenant, trouble);
            }
        }
    }

    /// When the next tenant has waited long enough.
    pub(super) fn next_release(&self) -> Option<Instant> {
        self.timers.first().map(|(until, _)| *until)
    }

    pub(super) fn has_room(&self) -> bool {
        self.standings.len() < TENANTS_MAX
    }

    fn enqueue(&mut self, tenant: String, trouble: Trouble) {
        self.standings
            .insert(tenant.clone(), Standing::Ready(trouble));
        self.queue.push_back(tenant);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Board, Instant, Rest, TENANTS_MAX, Trouble};

    fn next(board: &mut Board) -> Option<String> {
        board.next().map(|(tenant, _)| tenant)
    }

    #[test]
    fn a_tenant_is_with_one_courier_at_a_time_and_none_is_forgotten() {
        let mut board = Board::default();
        for tenant in ["a", "b", "a"] {
            assert!(board.wake(tenant.to_owned()));
        }
        assert_eq!(next(&mut board).as_deref(), Some("a"));
        board.wake("a".to_owned());
        assert_eq!(next(&mut board).as_deref(), Some("b"));
        assert_eq!(next(&mut board), None);
        // Something was written after the courier had looked.
        board.settle("a".to_owned(), Rest::Drained);
        assert_eq!(next(&mut board).as_deref(), Some("a"));
        board.settle("a".to_owned(), Rest::Drained);
        board.settle("b".to_owned(), Rest::More);
        assert_eq!(next(&mut board).as_deref(), Some("b"));
        board.settle("b".to_owned(), Rest::Drained);
        assert!(board.standings.is_empty() && board.queue.is_empty());
    }

    #[tokio::test]
    async fn a_wait_is_kept_whatever_is_written() {
        let mut board = Board::default();
        board.wake("a".to_owned());
        let now = Instant::now();
        let until = now + Duration::from_secs(1);
        assert!(next(&mut board).is_some());
        let trouble = Trouble::default();
        board.settle("a".to_owned(), Rest::Waiting { until, trouble });
        board.wake("a".to_owned());
        board.release(now);
        assert_eq!(
            (next(&mut board), board.next_release()),
            (None, Some(until))
        );
        board.release(until);
        assert_eq!(next(&mut board).as_deref(), Some("a"));
        assert_eq!(board.next_release(), None);
    }

    #[test]
    fn no_more_tenants_are_known_than_there_is_room_for() {
        let mut board = Board::default();
        for at in 0..TENANTS_MAX {
            assert!(board.wake(at.to_string()));
        }
        assert!(!board.has_room() && !board.wake("more".to_owned()));
        assert!(board.wake("0".to_owned()));
        let tenant = next(&mut board).unwrap();
        board.settle(tenant, Rest::Drained);
        assert!(board.has_room() && board.wake("more".to_owned()));
    }
}
