"""Spans go to a collector by OTLP where the setting `otlp_endpoint` names one; otherwise nowhere, at no cost."""

from __future__ import annotations

from opentelemetry import trace


def set_up_tracing(endpoint: str, role: str, holder: str) -> None:
    """Send this process's spans to `endpoint` (OTLP over HTTP, as http://collector:4318/v1/traces); "": none."""
    if not endpoint:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": f"sweepline-{role}", "service.instance.id": holder})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)
