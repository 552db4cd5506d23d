import type { Readable } from 'node:stream';
import type { ProviderConfig } from '../../contracts/configuration.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { FrameSplitter, framesOf } from '../chat/stream-frames.ts';
import { textsOf } from '../embeddings/embeddings-request.ts';
import type { Dialect, DialectCall, WireRequest } from './dialect.ts';
import { cuttableStream } from './cuttable-stream.ts';
import { embeddingsAnswer } from './embeddings-answer.ts';
import { Exchange } from './exchange.ts';
import { longestAnswerOf } from './longest-answer.ts';
import { faultAnswer, jsonOf } from './openai-fault.ts';
import { configuredTargets, pricingOf } from './price.ts';
import { providerConnection } from './provider-connection.ts';
import type { Provider, ProviderAnswer, ProviderCall } from './provider.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };
const STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };
const DONE = 'data: [DONE]\n\n';

/** What a dialect needs beside its translation. */
export interface TranslatedOptions {
  dialect: Dialect;
  /** Headers of every request, the key's among them; `key` is undefined where none is configured. */
  headers: (key: string | undefined) => Record<string, string>;
  now: () => number;
}

/** A provider over HTTP whose API is its own: everything behind it sees OpenAI's chat form. */
export function translatedProvider(
  config: ProviderConfig,
  secret: (name: string) => string | undefined,
  { dialect, headers: headersOf, now }: TranslatedOptions,
): Provider {
  const connection = providerConnection(config, secret);
  const { client, path } = connection;
  const pricing = pricingOf(config);
  const { embeddings } = dialect;
  const send = (wire: WireRequest, { request, signal }: ProviderCall): Promise<ProviderAnswer> => {
    const headers = { ...JSON_HEADERS, ...headersOf(connection.key), ...wire.headers };
    return new Exchange(config.id, request.stream, signal).send(client, {
      method: 'POST',
      path: path + wire.path,
      headers,
      body: wire.body,
    });
  };
  return Object.freeze({
    id: config.id,
    timeouts: config.timeouts,
    continuesPrefix: dialect.continuesPrefix,
    async call(call: ProviderCall): Promise<ProviderAnswer> {
      if (connection.refusal) throw connection.refusal;
      const asked = dialectCall(call, now());
      const answer = await send(dialect.request(asked), call);
      return answer.form === 'stream'
        ? {
            ...answer,
            headers: { ...answer.headers, ...STREAM_HEADERS },
            body: cuttableStream(openAIFrames(answer.body, dialect, asked), () => answer.body.destroy()),
          }
        : wholeAnswer(answer, dialect, asked, config.id);
    },
    ...(embeddings
      ? {
          async embed(call: ProviderCall): Promise<ProviderAnswer> {
            if (connection.refusal) throw connection.refusal;
            const answer = await send(embeddings.request(call.model, textsOf(call.request), call.request.body), call);
            return embeddingsAnswer(answer, { dialect, embeddings, call, id: config.id });
          },
        }
      : {}),
    ...pricing,
    longestAnswer: longestAnswerOf(config, dialect.longestAnswer),
    targets: () => configuredTargets(config, connection.refusal),
    close: () => connection.close(),
  } satisfies Provider);
}

/** What a dialect is asked, from what a provider is. */
export function dialectCall({ model, request, lenient = false, prefix = '' }: ProviderCall, nowMs: number): DialectCall {
  return { model, body: request.body, stream: request.stream, lenient, prefix, now: Math.floor(nowMs / 1000) };
}

function wholeAnswer(answer: Extract<ProviderAnswer, { form: 'whole' }>, dialect: Dialect, asked: DialectCall, id: string): ProviderAnswer {
  if (answer.status >= 400) return faultAnswer(answer, dialect);
  const body = jsonOf(answer.text);
  const headers = { ...answer.headers, ...JSON_HEADERS };
  if (typeof body === 'string')
    throw new StillhouseError('upstream_invalid', `Provider "${id}" answered ${answer.status} with something that is not JSON`);
  return { ...answer, headers, text: JSON.stringify(dialect.completion(body, asked)) };
}

async function* openAIFrames(body: Readable, dialect: Dialect, asked: DialectCall): AsyncGenerator<Buffer> {
  const splitter = new FrameSplitter();
  const translator = dialect.chunks(asked);
  const translated = (whole: Buffer) => {
    let text = '';
    for (const { event, data } of framesOf(whole.toString())) {
      if (data === '') continue;
      for (const chunk of translator.take({ name: event, data: jsonOf(data) })) text += `data: ${JSON.stringify(chunk)}\n\n`;
    }
    return text;
  };
  for await (const bytes of body as AsyncIterable<Buffer>) {
    const whole = splitter.push(bytes);
    const text = whole === null ? '' : translated(whole);
    if (text !== '') yield Buffer.from(text);
  }
  const last = splitter.last();
  const rest = last === null ? '' : translated(last);
  // Without its end mark the stream counts as cut off.
  if (rest !== '' || translator.ended) yield Buffer.from(rest + (translator.ended ? DONE : ''));
}
