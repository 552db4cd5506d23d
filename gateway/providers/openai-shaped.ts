import type { ProviderConfig } from '../../contracts/configuration.ts';
import { upstreamBody, type UpstreamEdits } from '../chat/chat-request.ts';
import { refuseUnsupported } from './chat-fields.ts';
import { Exchange } from './exchange.ts';
import { mendedAnswer } from './mended-answer.ts';
import { configuredTargets, priceOf } from './price.ts';
import { providerConnection } from './provider-connection.ts';
import type { Provider, ProviderAnswer, ProviderCall } from './provider.ts';
import { upstreamError } from './upstream-error.ts';

/** What a provider that speaks OpenAI's dialect does otherwise than OpenAI. What is left out is the same. */
export interface ShapeDifferences {
  /** Its name in refusals. */
  name?: string;
  /** Fields of OpenAI's that it can't do: a 400 that names the field, unless they ask for nothing or the call is lenient. */
  unsupported?: readonly string[];
  /** Fields of OpenAI's that it calls otherwise. */
  renamed?: Readonly<Record<string, string>>;
  /** It knows no role `developer`. */
  developerIsSystem?: boolean;
  /** It refuses `stream_options`, for it counts every stream. */
  countsUnasked?: boolean;
  /** Values of fields that it calls otherwise; undefined takes the field out. */
  values?: Readonly<Record<string, (value: unknown) => unknown>>;
  /** Puts what it answers otherwise into the chat form; without them answers pass unparsed. */
  completion?: (answer: Record<string, unknown>) => Record<string, unknown>;
  chunk?: (chunk: Record<string, unknown>) => Record<string, unknown>;
  /** How it goes on from the beginning of an answer: fields of the assistant's last message, and of the body. */
  continues?: { message?: Readonly<Record<string, unknown>>; body?: Readonly<Record<string, unknown>> };
}

/** A provider that speaks OpenAI's dialect: the body goes on as it came, byte for byte, but for the fields that must be rewritten. */
export function openAIShaped(
  config: ProviderConfig,
  secret: (name: string) => string | undefined,
  differences: ShapeDifferences,
): Provider {
  const connection = providerConnection(config, secret);
  const { pool, refusal } = connection;
  const headers: Record<string, string> = { 'content-type': 'application/json', ...connection.headers };
  const editsOf = editsBy(differences, config.id);
  const mends = differences.completion !== undefined || differences.chunk !== undefined;
  const send = async (path: string, call: ProviderCall, body: string): Promise<ProviderAnswer> => {
    const exchange = new Exchange(config.id, call.request.stream, call.signal);
    try {
      pool.dispatch({ method: 'POST', path: connection.path + path, headers, body }, exchange);
      return await exchange.answer;
    } catch (error) {
      throw upstreamError(error, config.id);
    }
  };
  return Object.freeze({
    id: config.id,
    timeouts: config.timeouts,
    continuesPrefix: differences.continues !== undefined,
    async call(call: ProviderCall): Promise<ProviderAnswer> {
      if (refusal) throw refusal;
      const answer = await send('/chat/completions', call, upstreamBody(call.request, call.model, editsOf?.(call)));
      return mends ? mendedAnswer(answer, differences) : answer;
    },
    async embed(call: ProviderCall): Promise<ProviderAnswer> {
      if (refusal) throw refusal;
      return send('/embeddings', call, upstreamBody(call.request, call.model, NO_STREAM));
    },
    cost: priceOf(config),
    targets: () => configuredTargets(config, refusal),
    close: () => pool.destroy(),
  } satisfies Provider);
}

const NO_STREAM: UpstreamEdits = { fields: {}, streamUsage: false };

/** null where nothing differs, so that nothing is looked at. */
function editsBy(differences: ShapeDifferences, id: string): ((call: ProviderCall) => UpstreamEdits) | null {
  if (Object.keys(differences).length === 0) return null;
  const unsupported = new Set(differences.unsupported);
  const renamed = Object.entries(differences.renamed ?? {});
  return function edits({ request, lenient = false, prefix = '' }) {
    const { body } = request;
    const asked = Object.keys(body).filter((field) => unsupported.has(field));
    if (asked.length > 0) {
      refuseUnsupported(Object.fromEntries(asked.map((field) => [field, body[field]])), new Set(), {
        provider: differences.name ?? id,
        lenient,
      });
    }
    const made: Record<string, string | null> = Object.fromEntries(asked.map((field) => [field, null]));
    for (const [from, to] of renamed) {
      if (!(from in body)) continue;
      made[from] = null;
      made[to] ??= JSON.stringify(body[from]);
    }
    for (const [field, valueOf] of Object.entries(differences.values ?? {})) {
      if (!(field in body) || made[field] === null) continue;
      const value = valueOf(body[field]);
      made[field] = value === undefined ? null : JSON.stringify(value);
    }
    const messages = messagesFor(request.messages, prefix, differences);
    if (messages !== request.messages) made['messages'] = JSON.stringify(messages);
    if (prefix !== '') for (const [field, value] of Object.entries(differences.continues?.body ?? {})) made[field] = JSON.stringify(value);
    return { fields: made, streamUsage: !differences.countsUnasked };
  };
}

function messagesFor(
  messages: ProviderCall['request']['messages'],
  prefix: string,
  { developerIsSystem, continues }: ShapeDifferences,
): readonly object[] {
  let made: readonly object[] = messages;
  if (developerIsSystem && messages.some(({ role }) => role === 'developer')) {
    made = messages.map((message) => (message.role === 'developer' ? { ...message, role: 'system' } : message));
  }
  return prefix === '' ? made : [...made, { role: 'assistant', content: prefix, ...continues?.message }];
}
