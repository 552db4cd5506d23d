/** How long an alias keeps its answers, in a home and in a server that gateways share. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { until } from '../support/until.ts';
import { startTestValkey, type TestValkey, withoutValkey } from '../support/valkey.ts';
import { type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { answerWith, startUpstream, type TestUpstream } from './upstream.ts';

/** Long enough for a second call on a busy machine. */
const TTL_S = 4;
let upstream: TestUpstream;
const gateways: GatewayProcess[] = [];

beforeAll(async () => {
  upstream = await startUpstream();
});
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.dispose();
});
afterAll(() => upstream?.stop());

async function start(env: Record<string, string> = {}): Promise<GatewayProcess> {
  const targets = [{ target: 'lab/test', weight: 1 }];
  const gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    providers: [labProvider(upstream.url)],
    aliases: { brief: { targets, cache: { ttlSeconds: TTL_S } }, long: { targets, cache: { ttlSeconds: 600 } } },
    env,
  });
  gateways.push(gateway);
  return gateway;
}
const ask = async (gateway: GatewayProcess, model: string) => {
  const answer = await gateway.post({ model, messages: [{ role: 'user', content: 'hello' }] });
  const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] };
  return `${answer.headers.get(HEADERS.cache)} ${choices[0]!.message.content}`;
};

/** Kept from `first`'s call, seen by `second`, gone after its time and no sooner; another alias's answer stays. */
async function expiresInTime(first: GatewayProcess, second: GatewayProcess): Promise<void> {
  upstream.answer = answerWith('one');
  expect(await ask(first, 'long')).toBe('miss one');
  const asked = performance.now();
  expect(await ask(first, 'brief')).toBe('miss one');
  upstream.answer = answerWith('two');
  expect(await ask(second, 'brief')).toBe('hit one');
  const seen = await until('the answer expires', async () => {
    const answer = await ask(second, 'brief');
    return answer === 'hit one' ? null : answer;
  });
  expect(performance.now() - asked).toBeGreaterThanOrEqual(TTL_S * 1000);
  // What the miss was answered is what is kept from there on.
  expect([seen, await ask(first, 'brief'), await ask(second, 'long')]).toEqual(['miss two', 'hit two', 'hit one']);
}

test("an answer in a home expires after its alias's time, through a restart too", async () => {
  const gateway = await start();
  await expiresInTime(gateway, gateway);
  await gateway.kill();
  await gateway.restart();
  expect(await ask(gateway, 'long')).toBe('hit one');
});

// withoutValkey says how to get one.
describe.skipIf(withoutValkey !== null)(`gateways that share a server${withoutValkey ? ` (${withoutValkey})` : ''}`, () => {
  let valkey: TestValkey;
  beforeAll(async () => {
    valkey = await startTestValkey();
  });
  afterAll(() => valkey?.stop());

  test('an answer of one is the other’s, expires for both, and is asked for anew while the server is down', async () => {
    const env = { VALKEY_URL: valkey.url, STILLHOUSE_MASTER_KEY: 'the same for both' };
    const [first, second] = [await start(env), await start(env)];
    for (const one of [first, second])
      await until('Valkey is reached', async () => (await (await fetch(`${one.url}/metrics`)).text()).includes('stillhouse_valkey_up 1'));
    await expiresInTime(first, second);
    await valkey.kill();
    expect(await ask(first, 'long')).toBe('miss two');
  });
});
