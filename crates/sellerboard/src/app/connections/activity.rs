//! What a connection is doing, and how long that may go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// How long a request's head may take to arrive, from its first byte.
pub(super) const HEAD_SECONDS_MAX: u32 = 10;
/// How long a connection may stay without a request: more than the 60 s after which load balancers close theirs, for the
/// one who closes first must not be the one to whom requests are sent.
pub(super) const IDLE_SECONDS_MAX: u32 = 75;
/// How long a client may take nothing of what it is sent.
pub(super) const STALL_SECONDS_MAX: u32 = 30;
/// A connection without a request for less than this is not idle: its client may be about to send one.
const BETWEEN_REQUESTS_SECONDS: u32 = 1;

/// The sweep's count of seconds, which all connections share. No clock is read for what happens on a connection; if the
/// process stands still, so does this time, and nobody is judged for it.
#[derive(Debug)]
pub(super) struct Seconds(AtomicU32);

impl Default for Seconds {
    fn default() -> Self {
        Self(AtomicU32::new(NEVER + 1))
    }
}

impl Seconds {
    /// One more has passed.
    pub(super) fn pass(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn now(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The times of one connection. It is read by others while its own task changes it; each figure may be a moment old.
#[derive(Debug)]
pub(super) struct Activity {
    seconds: Arc<Seconds>,
    /// Requests that are being answered.
    running: AtomicU32,
    /// When the last request ended; the connection's beginning before the first.
    quiet_since: AtomicU32,
    /// When the head began that is arriving; [`NEVER`] if none is.
    head_since: AtomicU32,
    /// When the socket stopped taking what is sent; [`NEVER`] if it takes it.
    stuck_since: AtomicU32,
    /// Answers whose next part is ready, and that wait for the client to take the part before.
    waiting: AtomicU32,
    /// When an answer last got on.
    moved_at: AtomicU32,
    is_http2: AtomicBool,
    verdict: AtomicU8,
    /// The connection's task, which hears of the verdict.
    judged: AtomicWaker,
}

/// Times are counts of [`Seconds`].
const NEVER: u32 = 0;

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    Stay,
    /// It ends as soon as no request is being answered.
    Leave,
    /// Its request did not arrive in time, and it is told so.
    Late,
    /// It is cut: its client takes nothing.
    Cut,
}

impl Activity {
    pub(super) fn new(seconds: Arc<Seconds>) -> Self {
        let now = seconds.now();
        Self {
            seconds,
            running: AtomicU32::new(0),
            quiet_since: AtomicU32::new(now),
            head_since: AtomicU32::new(NEVER),
            stuck_since: AtomicU32::new(NEVER),
            waiting: AtomicU32::new(0),
            moved_at: AtomicU32::new(now),
            is_http2: AtomicBool::new(false),
            verdict: AtomicU8::new(Verdict::Stay as u8),
            judged: AtomicWaker::new(),
        }
    }

    /// What is to become of the connection, by its times alone.
    pub(super) fn judge(&self) -> Verdict {
        // The second in which it began counts as none: nobody is judged early.
        let is_over = |since: &AtomicU32, max: u32| {
            let since = since.load(Ordering::Relaxed);
            since != NEVER && self.since(since) > max
        };
        let is_waiting = self.waiting.load(Ordering::Relaxed) > 0;
        if is_over(&self.stuck_since, STALL_SECONDS_MAX)
            || is_waiting && is_over(&self.moved_at, STALL_SECONDS_MAX)
        {
            return Verdict::Cut;
        }
        if self.is_busy() {
            return Verdict::Stay;
        }
        if is_over(&self.head_since, HEAD_SECONDS_MAX) {
            return Verdict::Late;
        }
        if is_over(&self.quiet_since, IDLE_SECONDS_MAX) {
            return Verdict::Leave;
        }
        Verdict::Stay
    }

    /// For how many seconds there has been no whole request, if that is long enough for the connection to be given up.
    pub(super) fn idle_for(&self) -> Option<u32> {
        let idle = self.since(self.quiet_since.load(Ordering::Relaxed));
        (!self.is_busy() && idle > BETWEEN_REQUESTS_SECONDS).then_some(idle)
    }

    /// Whether a request is being answered, or the end of an answer is still on its way to a slow client.
    pub(super) fn is_busy(&self) -> bool {
        self.is_running() || self.stuck_since.load(Ordering::Relaxed) != NEVER
    }

    pub(super) fn is_http2(&self) -> bool {
        self.is_http2.load(Ordering::Relaxed)
    }

    /// Tells the connection's task. Only the first verdict counts; whether this was it is returned.
    pub(super) fn sentence(&self, verdict: Verdict) -> bool {
        let stay = Verdict::Stay as u8;
        let order = Ordering::Relaxed;
        let first = self
            .verdict
            .compare_exchange(stay, verdict as u8, order, order);
        if first.is_ok() {
            self.judged.wake();
        }
        first.is_ok()
    }

    /// The verdict as of now.
    pub(super) fn verdict(&self) -> Verdict {
        let verdict = self.verdict.load(Ordering::Relaxed);
        if verdict == Verdict::Stay as u8 {
            return Verdict::Stay;
        }
        [Verdict::Leave, Verdict::Late, Verdict::Cut]
            .into_iter()
            .find(|known| *known as u8 == verdict)
            .unwrap_or(Verdict::Stay)
    }

    /// Ready with a verdict other than to stay, for the connection's own task.
    pub(super) fn poll_judged(&self, context: &Context<'_>) -> Poll<Verdict> {
        self.judged.register(context.waker());
        match self.verdict() {
            Verdict::Stay => Poll::Pending,
            verdict => Poll::Ready(verdict),
        }
    }

    pub(super) fn request_begins(&self) {
        self.running.fetch_add(1, Ordering::Relaxed);
        self.head_since.store(NEVER, Ordering::Relaxed);
    }

    pub(super) fn request_ends(&self) {
        self.quiet_since.store(self.now(), Ordering::Relaxed);
        self.running.fetch_sub(1, Ordering::Relaxed);
    }

    /// Bytes came. Those that come while no request is being answered are of a head; HTTP/2 has bytes of other uses.
    pub(super) fn received(&self) {
        let is_head = !self.is_running() && !self.is_http2();
        if is_head && self.head_since.load(Ordering::Relaxed) == NEVER {
            self.head_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// The connection turned out to speak HTTP/2.
    pub(super) fn speaks_http2(&self) {
        self.is_http2.store(true, Ordering::Relaxed);
        self.head_since.store(NEVER, Ordering::Relaxed);
    }

    /// Whether the socket took something of what was sent.
    pub(super) fn sent(&self, taken: bool) {
        let since = self.stuck_since.load(Ordering::Relaxed);
        if taken && since != NEVER {
            self.stuck_since.store(NEVER, Ordering::Relaxed);
        } else if !taken && since == NEVER {
            self.stuck_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// A part of an answer is on its way, and the next one waits for it.
    pub(super) fn answer_waits(&self) {
        self.moved_at.store(self.now(), Ordering::Relaxed);
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// What [`answer_waits`](Self::answer_waits) said is over.
    pub(super) fn answer_moves(&self) {
        self.moved_at.store(self.now(), Ordering::Relaxed);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed) > 0
    }

    fn now(&self) -> u32 {
        self.seconds.now()
    }

    fn since(&self, moment: u32) -> u32 {
        self.now().saturating_sub(moment)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    fn activity() -> Activity {
        Activity::new(Arc::default())
    }

    fn after(seconds: u32, activity: &Activity) {
        for _ in 0..seconds {
            activity.seconds.pass();
        }
    }

    #[test]
    fn a_connection_without_a_request_leaves() {
        let activity = activity();
        after(74, &activity);
        assert_eq!(activity.judge(), Verdict::Stay);
        assert!(activity.idle_for().is_some());
        after(2, &activity);
        assert_eq!(activity.judge(), Verdict::Leave);
        activity.request_begins();
        after(1_000, &activity);
        assert_eq!(activity.judge(), Verdict::Stay);
        assert_eq!(activity.idle_for(), None);
        activity.request_ends();
        assert_eq!(activity.judge(), Verdict::Stay);
        assert_eq!(activity.idle_for(), None);
        after(76, &activity);
        assert_eq!(activity.judge(), Verdict::Leave);
    }

    #[test]
    fn a_head_that_drips_is_late_from_its_first_byte() {
        let activity = activity();
        after(60, &activity);
        for _ in 0..11 {
            activity.received();
            assert_eq!(activity.judge(), Verdict::Stay);
            after(1, &activity);
        }
        assert_eq!(activity.judge(), Verdict::Late);
        activity.request_begins();
        activity.received();
        activity.request_ends();
        after(20, &activity);
        assert_eq!(activity.judge(), Verdict::Stay, "those were of a body");
    }

    #[test]
    fn http2_has_no_head_that_could_be_late() {
        let activity = activity();
        activity.received();
        activity.speaks_http2();
        activity.received();
        after(60, &activity);
        assert_eq!(activity.judge(), Verdict::Stay);
    }

    #[test]
    fn a_client_that_takes_nothing_is_cut_and_a_slow_one_is_not() {
        let activity = activity();
        activity.request_begins();
        for _ in 0..10 {
            activity.sent(false);
            after(29, &activity);
            activity.sent(false);
            assert_eq!(activity.judge(), Verdict::Stay);
            activity.sent(true);
        }
        activity.request_ends();
        activity.sent(false);
        after(29, &activity);
        assert_eq!(
            activity.idle_for(),
            None,
            "the end of its answer is on its way"
        );
        after(2, &activity);
        assert_eq!(activity.judge(), Verdict::Cut);
    }

    #[test]
    fn an_answer_that_nobody_takes_cuts_the_connection() {
        let activity = activity();
        activity.request_begins();
        activity.answer_waits();
        after(29, &activity);
        activity.answer_moves();
        after(100, &activity);
        assert_eq!(activity.judge(), Verdict::Stay, "it waits for us");
        activity.answer_waits();
        assert_eq!(activity.judge(), Verdict::Stay);
        after(31, &activity);
        assert_eq!(activity.judge(), Verdict::Cut);
    }

    #[tokio::test]
    async fn the_first_verdict_counts_and_wakes_the_task() {
        let activity = Arc::new(activity());
        let judged = tokio::spawn({
            let activity = Arc::clone(&activity);
            async move { poll_fn(|context| activity.poll_judged(context)).await }
        });
        tokio::task::yield_now().await;
        assert!(!judged.is_finished());
        assert!(activity.sentence(Verdict::Late));
        assert!(!activity.sentence(Verdict::Cut));
        assert_eq!(judged.await.unwrap(), Verdict::Late);
    }
}
