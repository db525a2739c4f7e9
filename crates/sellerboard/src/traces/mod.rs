//! Traces for OpenTelemetry: request, cache, Redis, origin. Off unless the standard environment variables ask for them.
//!
//! Spans are those of `tracing` at level TRACE whose target is `traces`. The log's filter leaves them out, so while there are no
//! traces such a span is one look at whether anybody wants it. They carry endpoints, outcomes and durations, and no key,
//! tenant, parameter, token or payload.

mod environment;
mod exporter;
mod spans;

use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use thiserror::Error;
use tokio::runtime::Handle;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

pub use environment::UnusableVariable;
pub(crate) use spans::{answered, cached, call, called, inject, read, request};

/// The target of spans that are exported.
const TARGET: &str = "traces";
const SERVICE_NAME: &str = "sellerboard";
/// How long the last spans may take to be sent when the process ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// Collects spans and sends them, in a thread of its own. What a receiver that is slow or away does not take is dropped.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

/// Why there can be no traces.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TracesError {
    /// A variable is not understood.
    #[error(transparent)]
    Variable(#[from] UnusableVariable),
    /// The client for the receiver could not be made.
    #[error("failed to set up the client for traces")]
    Client(#[source] reqwest::Error),
    /// The exporter refused its settings.
    #[error("failed to set up traces; check the variables OTEL_EXPORTER_OTLP_*")]
    Exporter(#[source] ExporterBuildError),
}

impl Traces {
    /// What the process's environment asks for: traces if `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is
    /// set, or `OTEL_TRACES_EXPORTER=otlp`; none if `OTEL_SDK_DISABLED=true`. Spans are sent by tasks of `runtime`.
    ///
    /// # Errors
    ///
    /// If a variable asks for what is not there, such as OTLP over gRPC.
    pub fn from_environment(runtime: &Handle) -> Result<Option<Self>, TracesError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        if !environment::asks_for_traces(variable)? {
            return Ok(None);
        }
        let sender = exporter::Sender::new(runtime.clone()).map_err(TracesError::Client)?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(sender)
            .build()
            .map_err(TracesError::Exporter)?;
        let mut resource = Resource::builder();
        if !environment::names_the_service(variable) {
            resource = resource.with_service_name(SERVICE_NAME);
        }
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .build();
        Ok(Some(Self { provider }))
    }

    /// What the process's subscriber gives spans to.
    pub(crate) fn layer<S>(&self) -> impl Layer<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(SERVICE_NAME))
            // Where in the source and in which thread says nothing to an operator.
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(Targets::new().with_target(TARGET, Level::TRACE))
    }

    /// Sends what has been collected, for at most 2 s.
    pub async fn end(self) {
        let farewell = move || self.provider.shutdown_with_timeout(FAREWELL);
        if let Ok(Err(error)) = tokio::task::spawn_blocking(farewell).await {
            tracing::debug!(%error, "the last traces were not sent");
        }
    }
}
