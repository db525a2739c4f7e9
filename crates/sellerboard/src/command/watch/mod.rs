//! `sellerboard cache watch`: the cache's figures on a whole terminal, renewed every second.

mod figures;
mod poll;
mod screen;
mod view;

use std::io::{IsTerminal as _, stdin, stdout};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt as _;
use ratatui::DefaultTerminal;
use tokio::sync::mpsc;

use self::screen::{Screen, Theme};
use self::view::{Next, View};
use super::api_client::{ApiClient, ServerArgs};
use super::run::{USAGE, block_on};
use super::shutdown;
use crate::output;

#[derive(Args, Debug)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    server: ServerArgs,
}

/// The terminal as it was, once this is dropped. A panic gives it back too.
struct Fullscreen(DefaultTerminal);

impl Drop for Fullscreen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// Watches until `q`, Ctrl-C or SIGTERM.
pub(super) fn run(args: &WatchArgs) -> anyhow::Result<ExitCode> {
    if !stdin().is_terminal() || !stdout().is_terminal() {
        output::message(
            "error: `cache watch` needs a terminal; use `sellerboard cache metrics --format json` instead",
        );
        return Ok(ExitCode::from(USAGE));
    }
    let client = ApiClient::new(&args.server)?;
    let screen = Screen::new(args.server.address(), Theme::of_environment());
    block_on(watch(client, screen))?;
    Ok(ExitCode::SUCCESS)
}

async fn watch(client: ApiClient, screen: Screen) -> anyhow::Result<()> {
    let terminal = ratatui::try_init().context("failed to take over the terminal")?;
    let mut terminal = Fullscreen(terminal);
    let (sender, mut looks) = mpsc::channel(1);
    let poll = tokio::spawn(poll::poll(client, sender));
    let mut keys = EventStream::new();
    let mut view = View::default();
    let stop = shutdown::signal();
    tokio::pin!(stop);
    loop {
        let drawn = terminal.0.draw(|frame| screen.draw(&view, frame));
        drawn.context("failed to draw")?;
        tokio::select! {
            () = &mut stop => break,
            Some(look) = looks.recv() => view.take(look),
            event = keys.next() => match event {
                Some(Ok(Event::Key(key))) if key.kind == KeyEventKind::Press => {
                    if view.press(key) == Next::Quit {
                        break;
                    }
                }
                // A new size is drawn for by going round.
                Some(Ok(_)) => {}
                // The terminal has gone.
                Some(Err(_)) | None => break,
            },
        }
    }
    poll.abort();
    Ok(())
}

#[cfg(test)]
mod tests;
