//! What a new connection meets.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

use super::connection::{Connection, Connections};
use super::{Shared, TcpProxy, count, local};

const BACKLOG: u32 = 1024;

/// What a new connection meets instead of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// It is closed at once.
    Close,
    /// It is reset at once (RST).
    Reset,
    /// Nothing is ever said, whatever is sent; after this time it is closed.
    Silence(Duration),
    /// The first that is sent is answered with these bytes, such as an HTTP response; then it is closed.
    Say(Bytes),
}

#[derive(Debug, Default)]
pub(super) struct Gate {
    refuse: bool,
    greetings: Vec<(Connections, Greeting)>,
}

impl Gate {
    fn greeting(&self, connection: &Connection) -> Option<Greeting> {
        let mut of_this = self
            .greetings
            .iter()
            .filter(|(which, _)| which.include(connection));
        of_this.next_back().map(|(_, greeting)| greeting.clone())
    }
}

impl TcpProxy {
    /// Whether new connections are closed at once. Default: no.
    pub fn refuse(&self, refuse: bool) {
        self.shared.toxics.lock().gate.refuse = refuse;
    }

    /// Greets new connections of a kind so, instead of passing them to the server. Of several the last counts.
    pub fn greet(&self, which: Connections, greeting: Greeting) {
        let mut toxics = self.shared.toxics.lock();
        toxics.gate.greetings.push((which, greeting));
    }

    /// Whether nothing listens on the proxy's port, so that the system refuses connections. Those that are open are cut.
    /// Default: no. Returns when it is so.
    pub async fn down(&self, down: bool) {
        self.wanted_down.send_replace(down);
        let mut is_down = self.is_down.clone();
        let _the_task_lives_as_long = is_down.wait_for(|is| *is == down).await;
        if down {
            self.cut_all();
        }
    }
}

/// Where connections come in.
#[derive(Debug)]
pub(super) struct Door {
    /// Keeps the port while nothing listens on it.
    keeper: TcpSocket,
    listener: Option<TcpListener>,
}

impl Door {
    pub(super) fn open() -> Self {
        let keeper = bound(0);
        let mut door = Self {
            keeper,
            listener: None,
        };
        door.listener = Some(door.listen());
        door
    }

    pub(super) fn port(&self) -> u16 {
        let addr = self.keeper.local_addr();
        addr.expect("a bound socket has an address").port()
    }

    fn listen(&self) -> TcpListener {
        let socket = bound(self.port());
        socket.listen(BACKLOG).expect("the port is ours")
    }

    /// Takes connections in until it is aborted.
    pub(super) async fn accept(
        mut self,
        shared: Arc<Shared>,
        mut wanted_down: watch::Receiver<bool>,
        is_down: watch::Sender<bool>,
    ) {
        let mut number = 0;
        loop {
            let accepted = async {
                match &self.listener {
                    Some(listener) => listener.accept().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = wanted_down.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let down = *wanted_down.borrow_and_update();
                    self.listener = None;
                    if !down {
                        self.listener = Some(self.listen());
                    }
                    is_down.send_replace(down);
                }
                Ok((client, _)) = accepted => admit(&shared, client, &mut number),
            }
        }
    }
}

fn bound(port: u16) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket can be made");
    let bound = socket
        .set_reuseaddr(true)
        .and_then(|()| socket.bind(local(port)));
    bound.expect("a port can be bound");
    socket
}

fn admit(shared: &Arc<Shared>, client: TcpStream, number: &mut u64) {
    let greeting = {
        let toxics = shared.toxics.lock();
        if toxics.gate.refuse {
            count(&shared.counts.refused);
            return;
        }
        *number += 1;
        toxics.gate.greeting(&Connection::new(*number))
    };
    count(&shared.counts.connections);
    if let Some(greeting) = greeting {
        tokio::spawn(greet(client, greeting));
        return;
    }
    let connection = Arc::new(Connection::new(*number));
    let connections = &shared.connections;
    connections
        .lock()
        .insert(connection.number, Arc::clone(&connection));
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        connection.serve(&shared, client).await;
        shared.connections.lock().remove(&connection.number);
    });
}

async fn greet(mut client: TcpStream, greeting: Greeting) {
    let mut unread = [0; 4096];
    match greeting {
        Greeting::Close => {}
        Greeting::Reset => {
            let _it_is_closed_then = client.set_zero_linger();
        }
        Greeting::Silence(time) => {
            let listen = async { while matches!(client.read(&mut unread).await, Ok(1..)) {} };
            let _time_is_up = tokio::time::timeout(time, listen).await;
        }
        Greeting::Say(bytes) => {
            if matches!(client.read(&mut unread).await, Ok(1..)) {
                let _client_is_gone = client.write_all(&bytes).await;
                let _client_is_gone = client.shutdown().await;
            }
        }
    }
}
