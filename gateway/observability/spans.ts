import type * as OpenTelemetry from '@opentelemetry/api';
import type { Attributes, Context, SpanContext, Tracer } from '@opentelemetry/api';
import type { ProviderConfig } from '../../contracts/configuration.ts';
import type { ProviderKind } from '../../contracts/provider-kinds.ts';
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
export async function spanObserver(
  endpoint: string | undefined,
  serviceName: string,
  providers: readonly Pick<ProviderConfig, 'id' | 'kind'>[],
): Promise<SpanObserver | null> {
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
  const names = new Map(providers.map(({ id, kind }) => [id, WELL_KNOWN[kind] ?? id]));
  const nameOf = (id: string) => names.get(id) ?? id;
  return {
    ended: (row, times) => writeSpans({ tracer, api, nameOf }, row, times),
    close: () => provider.shutdown(),
  };
}

/** The conventions' own names of providers, where they are not the kinds' (their `gen_ai.provider.name`). */
const WELL_KNOWN: Partial<Record<ProviderKind, string>> = {
  openai: 'openai',
  anthropic: 'anthropic',
  google: 'gcp.gemini',
  bedrock: 'aws.bedrock',
  cohere: 'cohere',
  groq: 'groq',
  mistral: 'mistral_ai',
  deepseek: 'deepseek',
  perplexity: 'perplexity',
  'azure-openai': 'azure.ai.openai',
};

interface Writing {
  tracer: Tracer;
  api: typeof OpenTelemetry;
  /** What the conventions call the provider with this id. */
  nameOf: (id: string) => string;
}

function writeSpans({ tracer, api, nameOf }: Writing, row: TraceRow, { beganAt, totalMs, parent }: CallTimes): void {
  const root = parent === undefined ? api.ROOT_CONTEXT : withParent(api, parent);
  const operation = row.kind ?? 'chat';
  const name = `${operation} ${row.alias || row.model_asked || row.target}`;
  const call = tracer.startSpan(name, { kind: api.SpanKind.SERVER, startTime: beganAt, attributes: attributesOf(row, nameOf) }, root);
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
          'gen_ai.provider.name': nameOf(attempt.provider),
          'gen_ai.request.model': attempt.model,
          // Who did not answer has no status.
          ...(attempt.status === 0 ? {} : { 'http.response.status_code': attempt.status }),
          ...(attempt.error_class ? { 'error.type': attempt.error_class } : {}),
          'stillhouse.target': attempt.target,
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

/** What is not known of a call is left out, not empty. */
function attributesOf(row: TraceRow, nameOf: Writing['nameOf']): Attributes {
  const text = (name: string, value: string) => (value === '' ? {} : { [name]: value });
  const tokens = (name: string, count: number | undefined) => (count ? { [name]: count } : {});
  return {
    'gen_ai.operation.name': row.kind ?? 'chat',
    ...text('gen_ai.provider.name', nameOf(row.provider)),
    ...text('gen_ai.request.model', row.model_asked),
    ...text('gen_ai.response.model', row.model_answered),
    'gen_ai.usage.input_tokens': row.tokens_in,
    'gen_ai.usage.output_tokens': row.tokens_out,
    ...tokens('gen_ai.usage.cache_read.input_tokens', row.tokens_cached),
    ...tokens('gen_ai.usage.cache_creation.input_tokens', row.tokens_cache_write),
    ...tokens('gen_ai.usage.reasoning.output_tokens', row.tokens_reasoning),
    ...(row.finish_reason ? { 'gen_ai.response.finish_reasons': [row.finish_reason] } : {}),
    ...text('gen_ai.conversation.id', row.session_id),
    ...text('error.type', row.error_class),
    ...(row.http_status === 0 ? {} : { 'http.response.status_code': row.http_status }),
    'stillhouse.trace_id': row.id,
    'stillhouse.project': row.project,
    ...text('stillhouse.alias', row.alias),
    ...text('stillhouse.target', row.target),
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
