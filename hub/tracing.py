"""Traces by OpenTelemetry: spans of rounds, calls and requests. Without `server.traces_to` they go nowhere."""

from importlib.util import find_spec
from typing import Any

from opentelemetry import trace

from domain.errors import Misconfigured


def start(endpoint: str | None) -> None:
    """Sends spans to an OTLP endpoint over HTTP, such as `http://127.0.0.1:4318/v1/traces`; to none for none.

    Raises  Misconfigured when the extra `otel` is not installed.
    """
    if endpoint is None:
        return
    if find_spec("opentelemetry.sdk") is None or find_spec("opentelemetry.exporter") is None:
        raise Misconfigured("server.traces_to needs the extra otel: install siteledger[otel], or remove the key")
    # Only here: the SDK is an extra that most installations lack.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": "siteledger"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)


def stop() -> None:
    """Sends what is left."""
    provider: Any = trace.get_tracer_provider()
    if hasattr(provider, "shutdown"):
        provider.shutdown()


def current_id() -> str:
    """Trace id of what is under way in 32 hex digits, empty without a trace."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""
