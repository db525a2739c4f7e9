/// How our command line names itself to a service.
pub(crate) const COMMAND_LINE_AGENT: &str = concat!("sellerboard-cli/", env!("CARGO_PKG_VERSION"));

/// Whether a `User-Agent` is that of our command line, of whatever version.
pub(crate) fn is_command_line(user_agent: &[u8]) -> bool {
    user_agent.starts_with(b"sellerboard-cli/")
}
