use std::cell::Cell;

use super::Request;
use super::request::DIGITS;

/// What is asked, in which order, over and over.
#[derive(Debug)]
pub struct Script {
    requests: Vec<Request>,
    /// Numbers of requests; without, one after the other.
    order: Vec<u32>,
    next: Cell<usize>,
    sent: Cell<u64>,
}

impl Script {
    /// All requests in turn.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn in_turn(requests: Vec<Request>) -> Self {
        let order = (0..requests.len()).map(|index| u32::try_from(index).unwrap_or(u32::MAX));
        let order = order.collect();
        Self::in_order(requests, order)
    }

    /// The requests with these numbers.
    ///
    /// # Panics
    ///
    /// If there is none, or a number is of none.
    #[must_use]
    pub fn in_order(requests: Vec<Request>, order: Vec<u32>) -> Self {
        assert!(!order.is_empty(), "a script has a request");
        assert!(order.iter().all(|index| (*index as usize) < requests.len()));
        Self {
            requests,
            order,
            next: Cell::new(0),
            sent: Cell::new(0),
        }
    }

    /// All requests, once each.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// The next request, and its number of this sending, if it is to have one.
    pub(super) fn next(&self) -> &Request {
        self.sent.set(self.sent.get() + 1);
        let next = self.next.get();
        self.next.set(if next + 1 == self.order.len() {
            0
        } else {
            next + 1
        });
        &self.requests[self.order[next] as usize]
    }

    /// How many requests were asked for so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent.get()
    }

    /// Puts the number of this sending into a numbered request.
    pub(super) fn write_number(&self, digits: &mut [u8]) {
        debug_assert_eq!(digits.len(), DIGITS);
        let mut rest = self.sent.get();
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
    }
}
