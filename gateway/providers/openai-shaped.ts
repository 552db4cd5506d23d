import type { ProviderConfig } from '../../contracts/configuration.ts';
import { upstreamBody, type UpstreamEdits } from '../chat/chat-request.ts';
import { cannot, refuseUnsupported } from './chat-fields.ts';
import { Exchange } from './exchange.ts';
import { longestAnswerOf } from './longest-answer.ts';
import { mediaPricingOf } from './media-price.ts';
import { mendedAnswer } from './mended-answer.ts';
import type { Message } from './message-menders.ts';
import { passOn } from './pass-on.ts';
import { configuredTargets, pricingOf } from './price.ts';
import { providerConnection, type ProviderConnection } from './provider-connection.ts';
import type { PassedAnswer, PassedRequest, Provider, ProviderAnswer, ProviderCall } from './provider.ts';
import type { Quiet } from './quiet-models.ts';

type Body = ProviderCall['request']['body'];

/** What a provider that speaks OpenAI's dialect does otherwise than OpenAI. What is left out is the same. */
export interface ShapeDifferences {
  /** Its name in refusals. */
  name?: string;
  /** Fields of OpenAI's that it can't do: a 400 that names the field, unless they ask for nothing or the call is lenient. */
  unsupported?: readonly string[];
  /** Values that it can't do: in words what, null where it can. Refused as whole fields are. */
  unsupportedValues?: Readonly<Record<string, (value: unknown) => string | null>>;
  /** Fields of messages that it can't do, but in tools' results. */
  unsupportedInMessages?: readonly string[];
  /** Fields of OpenAI's that it calls otherwise. */
  renamed?: Readonly<Record<string, string>>;
  /** It knows no role `developer`. */
  developerIsSystem?: boolean;
  /** It refuses `stream_options`, for it counts every stream. */
  countsUnasked?: boolean;
  /** Values of fields that it calls otherwise, by their names at OpenAI; undefined takes the field out. */
  values?: Readonly<Record<string, (value: unknown, body: Body) => unknown>>;
  /** How its models are told not to think; without it they are told as OpenAI's newest are. */
  quiet?: (model: string) => Quiet;
  /** A message as it wants it; the same object where nothing differs. */
  message?: (message: Message) => Message;
  /** Puts what it answers otherwise into the chat form; without them answers pass unparsed. */
  completion?: (answer: Record<string, unknown>) => Record<string, unknown>;
  chunk?: (chunk: Record<string, unknown>) => Record<string, unknown>;
  /** `none` where it offers no embeddings in this dialect; else names of their fields that differ, null taking one out. */
  embeddings?: 'none' | Readonly<Record<string, string | null>>;
  /** How it goes on from the beginning of an answer: fields of the assistant's last message, and of the body. */
  continues?: { message?: Readonly<Record<string, unknown>>; body?: Readonly<Record<string, unknown>> };
  /** What holds instead for bodies that came by another API than OpenAI's chat, which the gateway has written itself. */
  translated?: RequestDifferences;
  /** What holds instead for bodies of OpenAI's chat that are asked by an alias, and may be meant for another target of it as well. */
  byAlias?: RequestDifferences;
}

/** What of the above is about requests. */
type RequestDifferences = Pick<
  ShapeDifferences,
  'name' | 'unsupported' | 'unsupportedValues' | 'unsupportedInMessages' | 'values' | 'quiet' | 'message'
>;

/** How a call gets there, where that is not as at OpenAI. */
export interface ShapeTransport {
  /** The path, with a query where there is one; `base` is that of the base URL. Throws `invalid_request` for a model that no path can have. */
  path?: (base: string, operation: string, model: string) => string;
  /** How it takes its key; as a bearer's without it. */
  headers?: (key: string | undefined) => Record<string, string>;
}

/** A provider that speaks OpenAI's dialect: the body goes on as it came, byte for byte, but for the fields that must be rewritten. */
export function openAIShaped(
  config: ProviderConfig,
  secret: (name: string) => string | undefined,
  differences: ShapeDifferences,
  transport: ShapeTransport = {},
): Provider {
  const connection = providerConnection(config, secret);
  const headersNow = jsonHeaders(connection, transport.headers);
  const pathOf = transport.path ?? ((base, operation) => base + operation);
  const { translated, byAlias, ...asItCame } = differences;
  const editsOf = editsBy(asItCame, config.id);
  const editsOfTranslated = translated ? editsBy({ ...asItCame, ...translated }, config.id) : editsOf;
  const editsOfAlias = byAlias ? editsBy({ ...asItCame, ...byAlias }, config.id) : editsOf;
  const { embeddings = {} } = differences;
  const mends = differences.completion !== undefined || differences.chunk !== undefined;
  const send = (operation: '/chat/completions' | '/embeddings', { model, request, signal }: ProviderCall, body: string) => {
    const path = pathOf(connection.path, operation, model);
    return new Exchange(config.id, request.stream, signal).send(connection.client, { method: 'POST', path, headers: headersNow(), body });
  };
  return Object.freeze({
    id: config.id,
    timeouts: config.timeouts,
    continuesPrefix: differences.continues !== undefined,
    async call(call: ProviderCall): Promise<ProviderAnswer> {
      if (connection.refusal) throw connection.refusal;
      const edits = (call.request.translated ? editsOfTranslated : call.byAlias ? editsOfAlias : editsOf)?.(call);
      const answer = send('/chat/completions', call, upstreamBody(call.request, call.model, edits));
      return mends ? mendedAnswer(await answer, differences) : answer;
    },
    ...(embeddings === 'none'
      ? {}
      : {
          async embed(call: ProviderCall): Promise<ProviderAnswer> {
            if (connection.refusal) throw connection.refusal;
            const fields = renamedFields(call.request, Object.entries(embeddings));
            return send('/embeddings', call, upstreamBody(call.request, call.model, { fields, streamUsage: false }));
          },
        }),
    async passOn({ path, model, contentType, ...request }: PassedRequest): Promise<PassedAnswer> {
      if (connection.refusal) throw connection.refusal;
      const { 'content-type': _, ...headers } = headersNow();
      if (contentType !== '') headers['content-type'] = contentType;
      return passOn(connection, { ...request, path: pathOf(connection.path, path, model), headers });
    },
    ...pricingOf(config),
    mediaCost: mediaPricingOf(config),
    longestAnswer: longestAnswerOf(config),
    targets: () => configuredTargets(config, connection.refusal),
    close: () => connection.close(),
  } satisfies Provider);
}

/** Made anew where the key has changed. */
function jsonHeaders(connection: ProviderConnection, headersOf: ShapeTransport['headers']): () => Record<string, string> {
  let known: string | undefined | null = null;
  let headers: Record<string, string> = {};
  return () => {
    const { key } = connection;
    if (key !== known) {
      known = key;
      headers = { 'content-type': 'application/json', ...(headersOf ? headersOf(key) : connection.headers) };
    }
    return headers;
  };
}

/** null where nothing differs, so that nothing is looked at. */
function editsBy(differences: ShapeDifferences, id: string): ((call: ProviderCall) => UpstreamEdits) | null {
  if (Object.keys(differences).length === 0) return null;
  const unsupported = new Set(differences.unsupported);
  const renamed = Object.entries(differences.renamed ?? {});
  const values = Object.entries(differences.values ?? {});
  const provider = differences.name ?? id;
  return function edits({ request, model, lenient = false, prefix = '' }) {
    const { body } = request;
    const left = leftOut(body, unsupported, differences, { provider, lenient });
    const made: Record<string, string | null> = Object.fromEntries(left.map((field) => [field, null]));
    const set = (field: string, value: unknown) => (made[field] = value === undefined ? null : JSON.stringify(value));
    for (const [field, valueOf] of values) {
      if (!(field in body) || made[field] === null) continue;
      const value = valueOf(body[field], body);
      if (value !== body[field]) set(field, value);
    }
    Object.assign(
      made,
      renamedFields(
        request,
        renamed.filter(([from]) => made[from] !== null),
        made,
      ),
    );
    if (body['reasoning_effort'] === 'none' && differences.quiet) {
      const { effort, fields = {}, thinks = false } = differences.quiet(model);
      if (thinks && !lenient) throw cannot(provider, 'reasoning_effort', `an answer without thinking with ${model}`);
      set('reasoning_effort', effort);
      // What the caller says of it in the provider's own words counts.
      for (const [field, value] of Object.entries(fields)) if (body[field] == null) set(field, value);
    }
    const messages = messagesFor(request.messages, differences, { provider, lenient, prefix });
    if (messages !== request.messages) set('messages', messages);
    if (prefix !== '') for (const [field, value] of Object.entries(differences.continues?.body ?? {})) set(field, value);
    return { fields: made, streamUsage: !differences.countsUnasked };
  };
}

/** Edits that give fields other names, with their values as they came, or as they are in `made`. null asks for nothing: another field may. */
function renamedFields(
  { body, members, text }: ProviderCall['request'],
  names: readonly (readonly [string, string | null])[],
  made: Readonly<Record<string, string | null>> = {},
): Record<string, string | null> {
  const edits: Record<string, string | null> = {};
  for (const [from, to] of names) {
    if (!(from in body)) continue;
    edits[from] = null;
    const member = members.findLast(({ key }) => key === from);
    if (to !== null && body[from] !== null && member) edits[to] = made[from] ?? text.slice(member.valueStart, member.valueEnd);
  }
  return edits;
}

interface Asked {
  provider: string;
  lenient: boolean;
}

/** Fields that it can't do, of a call that may go on without them. Throws `invalid_request` otherwise. */
function leftOut(body: Body, unsupported: ReadonlySet<string>, { unsupportedValues = {} }: ShapeDifferences, asked: Asked): string[] {
  const left = Object.keys(body).filter((field) => unsupported.has(field));
  refuseUnsupported(Object.fromEntries(left.map((field) => [field, body[field]])), new Set(), asked);
  for (const [field, unsupportedIn] of Object.entries(unsupportedValues)) {
    const what = body[field] == null ? null : unsupportedIn(body[field]);
    if (what === null) continue;
    if (!asked.lenient) throw cannot(asked.provider, field, what);
    left.push(field);
  }
  return left;
}

/** The same list where no message differs. */
function messagesFor(
  messages: ProviderCall['request']['messages'],
  { developerIsSystem, message: mended, unsupportedInMessages = [], continues }: ShapeDifferences,
  { provider, lenient, prefix }: Asked & { prefix: string },
): readonly object[] {
  let differs = prefix !== '';
  const made = messages.map((given, index) => {
    let message: Message = mended ? mended(given) : given;
    if (developerIsSystem && message['role'] === 'developer') message = { ...message, role: 'system' };
    for (const field of unsupportedInMessages) {
      if (message[field] == null || message['role'] === 'tool') continue;
      if (!lenient) throw cannot(provider, `messages[${index}].${field}`);
      const { [field]: _, ...rest } = message;
      message = rest;
    }
    differs ||= message !== given;
    return message;
  });
  if (!differs) return messages;
  return prefix === '' ? made : [...made, { role: 'assistant', content: prefix, ...continues?.message }];
}
