import { createHash } from 'node:crypto';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { TraceRow } from '../../contracts/traces.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { until } from '../support/until.ts';
import { type KeyMaker, keyMaker } from './app-keys.ts';
import { ADMIN_KEY, type GatewayProcess, type GatewayProcessOptions, labProvider, startGatewayProcess } from './gateway-process.ts';
import { type Check, openAISchemas } from './openai-schema.ts';
import { type OpenAIUpstream, SOUND, startOpenAIUpstream } from './openai-upstream.ts';

const MODELS = [
  { id: 'gpt-image-1', inputUsdPerMTok: 5, outputUsdPerMTok: 40 },
  { id: 'gpt-4o-transcribe', inputUsdPerMTok: 6, outputUsdPerMTok: 10 },
  { id: 'whisper-1' },
  { id: 'tts-1' },
  { id: 'tts-1-hd', inputUsdPerMChar: 30 },
  { id: 'whisper-paid', audioUsdPerMinute: 0.006 },
  { id: 'gpt-4o', inputUsdPerMTok: 2.5, outputUsdPerMTok: 10 },
];

/** A gateway with two providers of OpenAI's, each with a key of its own, and one of another API. */
export interface PassthroughStack {
  clickhouse: TestClickHouse;
  lab: OpenAIUpstream;
  other: OpenAIUpstream;
  gateway: GatewayProcess;
  /** OpenAI's client, untouched, with the admin's key. */
  admin: OpenAI;
  check: (name: string) => Check;
  clientOf(apiKey: string, headers?: Record<string, string>): OpenAI;
  /** A client with a new key of an app's. */
  keyOf(...asked: Parameters<KeyMaker>): Promise<{ client: OpenAI }>;
  /** The trace of the newest call of a kind that fits, once ClickHouse has it. */
  traceOf(kind: string, conditions?: string): Promise<TraceRow>;
}

type StackOptions = Pick<GatewayProcessOptions, 'limits' | 'privacy' | 'env'> & { clickhouseBehind?: (url: string) => Promise<string> };

/** Runs one for the tests of a file; what it gives is there once they run. */
export function passthroughStack(options: StackOptions = {}): PassthroughStack {
  const stack = {} as PassthroughStack;
  beforeAll(async () => void Object.assign(stack, await start(options)), 120_000);
  afterAll(async () => {
    await stack.gateway?.dispose();
    await Promise.all([stack.lab?.stop(), stack.other?.stop()]);
    await stack.clickhouse?.stop();
  });
  beforeEach(() => {
    for (const upstream of [stack.lab, stack.other]) {
      upstream.faults.length = 0;
      upstream.asked.length = 0;
      upstream.headers.length = 0;
      upstream.aborted = 0;
      upstream.instead = () => false;
      Object.assign(upstream, { batchIsDone: false, batchAnswer: null, batchFields: {}, endedFields: {} });
    }
  });
  return stack;
}

async function start({ limits, privacy, env, clickhouseBehind }: StackOptions): Promise<PassthroughStack> {
  const check = openAISchemas();
  const clickhouse = await startTestClickHouse();
  const lab = await startOpenAIUpstream(check, 'lab-secret', 'lab');
  const other = await startOpenAIUpstream(check, 'other-secret', 'other');
  const gateway = await startGatewayProcess({
    clickhouseUrl: (await clickhouseBehind?.(clickhouse.url)) ?? clickhouse.url,
    limits: { retries: 0, ...limits },
    ...(privacy ? { privacy } : {}),
    providers: [
      labProvider(lab.url, { apiKeyEnv: 'LAB_KEY', models: MODELS, serviceTierShares: { batch: 0.5 }, timeouts: { idleMs: 3_000 } }),
      labProvider(other.url, { id: 'other', apiKeyEnv: 'OTHER_KEY', models: MODELS.map(({ id }) => ({ id })) }),
      { id: 'messages', kind: 'anthropic', apiKeyEnv: 'LAB_KEY', models: [{ id: 'claude' }] },
    ],
    aliases: {
      ears: { targets: [{ target: 'lab/gpt-4o-transcribe', weight: 1 }] },
      painter: { targets: [{ target: 'lab/gpt-image-1', weight: 1 }], fallbacks: ['other/gpt-image-1'] },
      voice: { targets: [{ target: 'lab/tts-1', weight: 1 }] },
    },
    env: { LAB_KEY: 'lab-secret', OTHER_KEY: 'other-secret', ...env },
  });
  const clientOf = (apiKey: string, headers: Record<string, string> = {}) =>
    new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0, defaultHeaders: headers });
  const makeKey = keyMaker(clickhouse.client, () => gateway.url);
  return {
    clickhouse,
    lab,
    other,
    gateway,
    admin: clientOf(ADMIN_KEY),
    check,
    clientOf,
    keyOf: async (...asked) => ({ client: clientOf((await makeKey(...asked)).secret) }),
    traceOf: (kind, conditions = '1') =>
      until(`a trace of ${kind}`, async () => {
        const query = `SELECT * FROM traces WHERE kind = '${kind}' AND ${conditions} ORDER BY ts DESC, id DESC LIMIT 1`;
        const [row] = await (await clickhouse.client.query({ query, format: 'JSONEachRow' })).json<TraceRow>();
        return row;
      }),
  };
}

export const AT_LAB = { headers: { 'x-stillhouse-provider': 'lab' } };
export const jsonl = () => toFile(Buffer.from('{"custom_id":"a"}\n'), 'batch.jsonl', { type: 'application/jsonl' });
export const sound = () => toFile(SOUND, 'speech.mp3', { type: 'audio/mpeg' });
export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
