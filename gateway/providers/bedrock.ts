import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type * as Sdk from '@aws-sdk/client-bedrock-runtime';
import type { ProviderConfig } from '../../contracts/configuration.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { textsOf } from '../embeddings/embeddings-request.ts';
import { bedrockAnswer } from './bedrock/answer.ts';
import { bedrockVectors } from './bedrock/embeddings.ts';
import { bedrockFailure } from './bedrock/failure.ts';
import { bedrockRequest } from './bedrock/request.ts';
import { BedrockChunks } from './bedrock/stream.ts';
import type { CancelSignal } from './cancel-signal.ts';
import { cuttableStream } from './cuttable-stream.ts';
import type { DialectCall } from './dialect.ts';
import { vectorsText } from './embeddings-answer.ts';
import { longestAnswerOf } from './longest-answer.ts';
import { jsonOf } from './openai-fault.ts';
import { configuredTargets, pricingOf } from './price.ts';
import { publicLookup } from '../../platform/private-address.ts';
import { providerKey } from './provider-key.ts';
import type { Provider, ProviderAnswer, ProviderCall } from './provider.ts';
import { dialectCall } from './translated-provider.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };
const STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };

interface Connection {
  sdk: typeof Sdk;
  client: Sdk.BedrockRuntimeClient;
  /** Its API key; undefined: it signs. */
  token: string | undefined;
}

/**
 * AWS Bedrock, by Converse and ConverseStream. AWS's own client signs and reads; it is loaded at the first call, finds its
 * keys where AWS's programs do (environment, profile, role), and retries nothing: the gateway does. With `apiKeyEnv` it is one of
 * Bedrock's own API keys instead, and nothing is signed.
 */
export function bedrock(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  const own = providerKey(config, secret);
  let connected: Promise<Connection> | null = null;
  const connection = async (): Promise<Connection> => {
    const token = own.key;
    const current = (connected ??= connect(config, secret, token));
    try {
      const found = await current;
      if (found.token === token) return found;
    } catch (error) {
      if (connected === current) connected = null;
      throw error;
    }
    if (connected === current) {
      // Another key was stored. Calls under way end with the one that they began with.
      connected = connect(config, secret, token);
      setTimeout(() => void end(current), config.timeouts.totalMs).unref();
    }
    return connection();
  };
  return Object.freeze({
    id: config.id,
    timeouts: config.timeouts,
    // Some models do; some begin anew, and what they say again is left out; some refuse it, which ends the answer as if none did.
    continuesPrefix: true,
    async call(call: ProviderCall): Promise<ProviderAnswer> {
      if (own.refusal) throw own.refusal;
      const asked = dialectCall(call, Date.now());
      const input = bedrockRequest(asked) as unknown as Sdk.ConverseCommandInput;
      const { sdk, client } = await connection();
      const { signal } = call;
      const aborting = abortedWith(signal);
      try {
        if (!asked.stream) {
          const answer = await client.send(new sdk.ConverseCommand(input), { abortSignal: aborting.signal });
          return {
            form: 'whole',
            status: 200,
            headers: headersOf(answer, JSON_HEADERS),
            text: JSON.stringify(bedrockAnswer(answer, asked)),
          };
        }
        const answer = await client.send(new sdk.ConverseStreamCommand(input), { abortSignal: aborting.signal });
        const frames = cuttableStream(framesOf(answer.stream ?? [], asked, config.id), () => aborting.abort());
        return { form: 'stream', status: 200, headers: headersOf(answer, STREAM_HEADERS), body: frames };
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        return bedrockFailure(error, config.id);
      }
    },
    async embed(call: ProviderCall): Promise<ProviderAnswer> {
      if (own.refusal) throw own.refusal;
      const { sdk, client } = await connection();
      const { signal, model } = call;
      const aborting = abortedWith(signal);
      let headers: Record<string, string> = JSON_HEADERS;
      const invoke = async (body: object): Promise<unknown> => {
        const command = new sdk.InvokeModelCommand({ modelId: model, contentType: 'application/json', body: JSON.stringify(body) });
        const answer = await client.send(command, { abortSignal: aborting.signal });
        headers = headersOf(answer, JSON_HEADERS);
        return jsonOf(answer.body.transformToString());
      };
      try {
        const vectors = await bedrockVectors(model, textsOf(call.request), call.request.body, invoke);
        return { form: 'whole', status: 200, headers, text: vectorsText(vectors, call, config.id) };
      } catch (error) {
        // Calls beside the one that failed.
        aborting.abort();
        if (signal.aborted) throw signal.reason;
        return bedrockFailure(error, config.id);
      } finally {
        signal.onAbort = null;
      }
    },
    ...pricingOf(config),
    longestAnswer: longestAnswerOf(config),
    targets: () => configuredTargets(config, own.refusal),
    close: () => end(connected),
  } satisfies Provider);
}

/** Fires with the call's own signal, for AWS's client. */
function abortedWith(signal: CancelSignal): AbortController {
  const aborting = new AbortController();
  signal.onAbort = () => aborting.abort();
  if (signal.aborted) aborting.abort();
  return aborting;
}

/** With the id by which AWS knows the request. */
function headersOf(
  { $metadata }: { $metadata?: { requestId?: string | undefined } },
  headers: Record<string, string>,
): Record<string, string> {
  return $metadata?.requestId === undefined ? headers : { ...headers, 'x-request-id': $metadata.requestId };
}

async function end(connection: Promise<Connection> | null): Promise<void> {
  (await connection?.catch(() => null))?.client.destroy();
}

async function connect(
  config: ProviderConfig,
  secret: (name: string) => string | undefined,
  token: string | undefined,
): Promise<Connection> {
  const [sdk, { NodeHttpHandler }] = await Promise.all([import('@aws-sdk/client-bedrock-runtime'), import('@smithy/node-http-handler')]);
  const lookup = config.allowPrivateAddress ? {} : { lookup: publicLookup };
  const agent = { keepAlive: true, maxSockets: 256, ...lookup };
  const client = new sdk.BedrockRuntimeClient({
    ...(token === undefined ? {} : { token: { token }, authSchemePreference: ['httpBearerAuth'] }),
    endpoint: config.baseUrl,
    region: config.region ?? regionOf(config.baseUrl) ?? secret('AWS_REGION') ?? 'us-east-1',
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: config.timeouts.connectMs,
      requestTimeout: config.timeouts.firstByteMs,
      throwOnRequestTimeout: true,
      // It runs while the answer is waited for, too.
      socketTimeout: Math.max(config.timeouts.firstByteMs, config.timeouts.idleMs),
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
    }),
  });
  return { sdk, client, token };
}

/** Of AWS's own addresses. */
function regionOf(baseUrl: string): string | undefined {
  return /^bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com/.exec(new URL(baseUrl).hostname)?.[1];
}

async function* framesOf(events: AsyncIterable<object> | Iterable<object>, asked: DialectCall, id: string): AsyncGenerator<Buffer> {
  const translator = new BedrockChunks(asked);
  try {
    for await (const event of events) {
      const [[name, data] = ['', null]] = Object.entries(event);
      const text = translator.take({ name, data }).map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`);
      if (text.length > 0) yield Buffer.from(text.join(''));
    }
  } catch (error) {
    if (isUnreadable(error)) {
      const message = `Provider "${id}" sent something in the stream that AWS's client cannot read: ${error.message}`;
      throw new StillhouseError('upstream_invalid', message, { cause: error });
    }
    // An exception within the stream; as an answer it would have come too late.
    const answer = bedrockFailure(error, id);
    throw answer.form === 'whole' ? streamFailure(answer, id) : error;
  }
  if (translator.ended) yield Buffer.from('data: [DONE]\n\n');
}

/** What AWS's decoder throws is a plain error; exceptions of AWS's and failures of the network have more. */
function isUnreadable(error: unknown): error is Error {
  return error instanceof Error && ['Error', 'SyntaxError'].includes(error.name) && !('code' in error) && !('$metadata' in error);
}

function streamFailure({ status, text }: Extract<ProviderAnswer, { form: 'whole' }>, id: string): Error {
  const { message } = (JSON.parse(text) as { error: { message: string } }).error;
  return new StillhouseError(
    status === 429 || status >= 500 ? 'unavailable' : 'upstream_invalid',
    `Provider "${id}" broke off the stream: ${message}`,
  );
}
