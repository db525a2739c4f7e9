//! Futures that are given up half-way.

use std::pin::Pin;
use std::task::{Context, Poll};

/// A future that is dropped after it was polled so many times, as that of a caller who goes away. Its output is that of
/// the future, or nothing if it was dropped before its end.
///
/// A test finds how many polls there are by counting up until something comes:
///
/// ```
/// # use testkit::DropAfter;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let polls = async {
///     for polls in 0.. {
///         if DropAfter::new(tokio::task::yield_now(), polls).await.is_some() {
///             return polls;
///         }
///     }
///     unreachable!()
/// };
/// assert_eq!(polls.await, 2);
/// # });
/// ```
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct DropAfter<F> {
    future: Option<Pin<Box<F>>>,
    polls: usize,
}

impl<F: Future> DropAfter<F> {
    /// Drops `future` as soon as it was polled `polls` times without ending; with 0 it is never polled.
    pub fn new(future: F, polls: usize) -> Self {
        Self {
            future: Some(Box::pin(future)),
            polls,
        }
    }
}

impl<F: Future> Future for DropAfter<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut output = Poll::Pending;
        if self.polls > 0
            && let Some(future) = &mut self.future
        {
            output = future.as_mut().poll(cx).map(Some);
            self.polls -= 1;
        }
        if output.is_ready() || self.polls == 0 {
            self.future = None;
            return Poll::Ready(match output {
                Poll::Ready(output) => output,
                Poll::Pending => None,
            });
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_dropped_at_its_nth_poll() {
        for polls in 0..4 {
            let held = std::rc::Rc::new(());
            let kept = std::rc::Rc::clone(&held);
            let future = async move {
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
                drop(kept);
                polls
            };
            let mut future = std::pin::pin!(DropAfter::new(future, polls));
            let output = future.as_mut().await;
            assert_eq!(output, (polls == 3).then_some(3));
            assert_eq!(std::rc::Rc::strong_count(&held), 1, "after {polls} polls");
        }
    }
}
