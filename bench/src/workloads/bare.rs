use std::fmt;
use std::rc::Rc;

use super::world::{TENANTS, authorized};
use crate::body::path;
use crate::load::{Request, Script};
use crate::processes::Server;
use crate::rounds::Target;

/// What the limit answers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Constant {
    Body(usize),
    NotModified,
}

impl Constant {
    pub(super) fn arguments(self, with: &str) -> Vec<String> {
        let mut arguments = vec!["--with".to_owned(), with.to_owned()];
        match self {
            Self::Body(bytes) => arguments.extend(["--bytes".to_owned(), bytes.to_string()]),
            Self::NotModified => arguments.push("--not-modified".to_owned()),
        }
        arguments
    }

    fn expect(self, request: Request) -> Request {
        match self {
            Self::Body(bytes) => request.expecting_bytes(bytes),
            Self::NotModified => request.expecting_not_modified(),
        }
    }
}

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(bytes) => write!(f, "{bytes} bytes"),
            Self::NotModified => f.write_str("304"),
        }
    }
}

/// The limit, asked as the service is.
pub(super) fn bare_target(
    name: &str,
    server: &Server,
    constant: Constant,
) -> anyhow::Result<Target> {
    let host = server.addr.to_string();
    let requests = (0..TENANTS).map(|number| {
        let request = constant.expect(Request::get(&host, &path(0, 0)));
        authorized(request, number)
    });
    Ok(Target {
        name: name.to_owned(),
        addr: server.addr,
        script: Rc::new(Script::in_turn(requests.collect::<Result<_, _>>()?)),
        pids: vec![server.pid()],
    })
}
