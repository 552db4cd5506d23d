import type * as OpenTelemetry from '@opentelemetry/api';
import type { Attributes, Context, SpanContext, Tracer } from '@opentelemetry/api';
import type { TraceRow } from '../../contracts/traces.ts';
import type { CallObserver, CallTimes } from './observer.ts';

/** Exports spans until it is closed. */
export interface SpanObserver extends CallObserver {
  close(): Promise<void>;
}

/**
 * A span for each call and each of its attempts, by OpenTelemetry's conventions for generative AI
 * (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/), to where OpenTelemetry's own variables say
 * (`OTEL_EXPORTER_OTLP_ENDPOINT`, `…_HEADERS`, `OTEL_SERVICE_NAME`). They are written once the call is over, and hold no text
 * of anybody. Null where no endpoint is set: nothing is loaded then.
 */
export async function spanObserver(endpoint: string | undefined, serviceName: string): Promise<SpanObserver | null> {
  if (endpoint === undefined) return null;
  const [api, { BatchSpanProcessor, TracerProvider }, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  const tracer = provider.getTracer('stillhouse');
  return {
    ended: (row, times) => writeSpans({ tracer, api }, row, times),
    close: () => provider.shutdown(),
  };
}

interface Writing {
  tracer: Tracer;
  api: typeof OpenTelemetry;
}

function writeSpans({ tracer, api }: Writing, row: TraceRow, { beganAt, totalMs, parent }: CallTimes): void {
  const root = parent === undefined ? api.ROOT_CONTEXT : withParent(api, parent);
  const operation = row.kind ?? 'chat';
  const name = `${operation} ${row.alias || row.model_asked || row.target}`;
  const call = tracer.startSpan(name, { kind: api.SpanKind.SERVER, startTime: beganAt, attributes: attributesOf(row) }, root);
  const inside = api.trace.setSpan(root, call);
  let at = beganAt;
  for (const attempt of row.attempts) {
    const span = tracer.startSpan(
      `${operation} ${attempt.model}`,
      {
        kind: api.SpanKind.CLIENT,
        startTime: at,
        attributes: {
          'gen_ai.operation.name': operation,
          'gen_ai.provider.name': attempt.provider,
          'gen_ai.request.model': attempt.model,
          'http.response.status_code': attempt.status,
          ...(attempt.error_class ? { 'error.type': attempt.error_class } : {}),
        },
      },
      inside,
    );
    if (attempt.error_class) span.setStatus({ code: api.SpanStatusCode.ERROR, message: attempt.error_class });
    at += attempt.latency_ms;
    span.end(at);
  }
  if (row.status === 'error') call.setStatus({ code: api.SpanStatusCode.ERROR, message: row.error_message });
  call.end(beganAt + totalMs);
}

function attributesOf(row: TraceRow): Attributes {
  return {
    'gen_ai.operation.name': row.kind ?? 'chat',
    'gen_ai.provider.name': row.provider,
    'gen_ai.request.model': row.model_asked,
    'gen_ai.response.model': row.model_answered,
    'gen_ai.usage.input_tokens': row.tokens_in,
    'gen_ai.usage.output_tokens': row.tokens_out,
    ...(row.finish_reason ? { 'gen_ai.response.finish_reasons': [row.finish_reason] } : {}),
    ...(row.session_id ? { 'gen_ai.conversation.id': row.session_id } : {}),
    ...(row.error_class ? { 'error.type': row.error_class } : {}),
    'http.response.status_code': row.http_status,
    'stillhouse.trace_id': row.id,
    'stillhouse.project': row.project,
    'stillhouse.alias': row.alias,
    'stillhouse.target': row.target,
    'stillhouse.attempts': row.attempts.length,
    ...(row.cost_usd === null ? {} : { 'stillhouse.cost_usd': row.cost_usd }),
  };
}

/** W3C's `traceparent` (https://www.w3.org/TR/trace-context/); one that is malformed is none. */
function withParent(api: Writing['api'], traceparent: string): Context {
  const [, traceId, spanId, flags] = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined) return api.ROOT_CONTEXT;
  const parent: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags!, 16), isRemote: true };
  return api.isSpanContextValid(parent) ? api.trace.setSpanContext(api.ROOT_CONTEXT, parent) : api.ROOT_CONTEXT;
}
