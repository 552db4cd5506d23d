import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasEnded, Stillhouse } from '../../clients/sdk/index.ts';
import { demoMessages } from '../../examples/banking77/banking77.ts';
import { labProvider } from '../gateway/gateway-process.ts';
import { type MockUpstream, startMockUpstream } from '../support/mock-upstream.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { stillhouseOn } from '../support/stillhouse-cli.ts';
import { temporaryHome } from '../support/supervisor.ts';
import { until } from '../support/until.ts';

const LABELS = ['card_arrival', 'exchange_rate', 'pin_blocked', 'terminate_account'];
const GOING_TEMPERATURE = 0.71;
const rows = LABELS.flatMap((label) => demoMessages('train', [label]).slice(0, 45));
const homes = [temporaryHome(), temporaryHome()] as const;
const place = join(tmpdir(), `stillhouse-backup-${randomUUID()}.tar`);
let upstream: MockUpstream;
let stack: TestStack;

beforeAll(async () => {
  upstream = await startMockUpstream({
    answers: new Map(rows.map(({ text, label }) => [text.trim(), label])),
    latencyMs: 60,
    errorRate: 0,
  });
  stack = await startTestStack({ home: homes[0], configuration: JSON.stringify({ providers: [labProvider(upstream.url)] }) });
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
  for (const path of [...homes, place]) rmSync(path, { recursive: true, force: true });
});

const api = () => new Stillhouse({ url: stack.url, apiKey: stack.adminKey });

/** One call of an app; resolves to the answer. */
async function ask(model: string, key: string, index: string): Promise<string> {
  const response = await fetch(`${stack.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: rows[0]!.text }], metadata: { index } }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return (JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]!.message.content;
}

async function sql(query: string): Promise<Record<string, string>[]> {
  const clickhouse = stack.parts().find((part) => part.name === 'clickhouse')!.address!;
  const response = await fetch(clickhouse, { method: 'POST', body: `${query} FORMAT JSON` });
  if (!response.ok) throw new Error(await response.text());
  return ((await response.json()) as { data: Record<string, string>[] }).data;
}

/** Calls that have an index, by it. */
async function stored(): Promise<Map<string, number>> {
  const found = await sql("SELECT metadata['index'] AS index, count() AS copies FROM stillhouse.traces WHERE index != '' GROUP BY index");
  return new Map(found.map((row) => [row['index']!, Number(row['copies'])]));
}

async function buildDataset(): Promise<void> {
  const lines = rows.map(({ text, label }) => JSON.stringify({ messages: [{ role: 'user', content: text }], answer: label, gold: label }));
  const { file } = await api().datasets.upload(lines.join('\n'));
  const { version } = await api().datasets.create({ name: 'support', source: { file }, task: { kind: 'label', labels: LABELS } });
  expect((await api().datasets.waitUntilBuilt('support', version)).status).toBe('ready');
}

const startRun = (name: string, temperature: number) =>
  api().distillations.start({ name, dataset: 'support', teacher: 'lab/test', nSamples: 2, keepBest: 1, temperature, marginPoints: 10 });

/** Resolves with its status once it has ended. */
const ended = (name: string) =>
  until(
    `${name} ends`,
    async () => {
      const run = await api().distillations.get(name);
      return hasEnded(run) ? run.status : null;
    },
    200_000,
  );

test('taken while calls and a run go on, restored elsewhere: answered calls, aliases, keys, students, and the run goes on', async () => {
  await api().aliases.set('triage', { targets: [{ target: 'lab/test', weight: 1 }], reason: 'day 0' });
  const { secret } = await api().keys.create({ name: 'app', limits: { requestsPerMinute: 100_000 } });
  await until('the alias and the key are seen', () => ask('triage', secret, 'warm').catch(() => null));
  await buildDataset();
  await startRun('done', 0.7);
  expect(await ended('done')).toBe('completed');
  await startRun('going', GOING_TEMPERATURE);
  await until('the run is in the middle of its calls', () => upstream.total(GOING_TEMPERATURE) > 20);

  /** When each call was asked and answered, in milliseconds since 1970. */
  const answered = new Map<string, { from: number; to: number }>();
  const refused: string[] = [];
  let calling = true;
  const storm = Array.from({ length: 4 }, async (_, lane) => {
    for (let n = 0; calling; n++) {
      const from = Date.now();
      await ask('triage', secret, `${lane}-${n}`).then(
        () => answered.set(`${lane}-${n}`, { from, to: Date.now() }),
        (error: Error) => refused.push(error.message),
      );
    }
  });
  await until('calls are answered', () => answered.size > 60);
  const taken = await stillhouseOn(homes[0], ['--json', 'backup', '--to', place]);
  expect(taken.stderr).toMatch(/^The stack stood still for \d+ ms/);
  expect(taken.code).toBe(0);
  const { takenAt, pausedMs } = JSON.parse(taken.stdout) as { takenAt: string; pausedMs: number };
  const answeredThen = answered.size;
  await until('calls are answered after it', () => answered.size > answeredThen + 20);
  calling = false;
  await Promise.all(storm);
  // A pause is no failure to anybody.
  expect(refused).toEqual([]);
  expect(stack.parts().map((part) => part.restarts)).toEqual(stack.parts().map(() => 0));
  await stack.stop();

  expect(await stillhouseOn(homes[1], ['restore', '--from', place])).toMatchObject({ code: 0, stderr: '' });
  stack = await startTestStack({ home: homes[1] });

  // Everything stood still from before `takenAt` on.
  const moment = Date.parse(takenAt);
  const callsThat = (holds: (call: { from: number; to: number }) => boolean) =>
    [...answered].filter(([, call]) => holds(call)).map(([index]) => index);
  const before = callsThat((call) => call.to < moment - pausedMs);
  const after = callsThat((call) => call.from > moment + pausedMs);
  expect([before.length > 60, after.length > 20]).toEqual([true, true]);

  // By the snapshot and the key ring that were restored, with the configuration that was in the backup.
  expect(await ask('triage', secret, 'after')).toBe(rows[0]!.label);
  expect(await ask('student/done', secret, 'student')).toBe(rows[0]!.label);
  expect(await api().aliases.get('triage')).toMatchObject({ version: 1, targets: [{ target: 'lab/test' }] });
  const copies = await until('what was in the spool is stored', async () => {
    const now = await stored();
    return [...before, 'after', 'student'].every((index) => now.has(index)) ? now : null;
  });
  expect([...copies].filter(([, n]) => n !== 1)).toEqual([]);
  // Of one moment: nothing that was asked after it.
  expect(after.filter((index) => copies.has(index))).toEqual([]);

  // Its workflow was at work when the backup was taken.
  expect(await ended('going')).toBe('completed');
  expect((await api().distillations.get('going')).student).toBe('student/going');
  // The registry takes changes.
  await until('the registry has taken the student, and moves the alias', () =>
    api()
      .aliases.set('triage', { targets: [{ target: 'student/going', weight: 1 }], reason: 'day 1' })
      .catch(() => null),
  );
  await until('the alias has moved', async () => (await api().aliases.get('triage')).version === 2);
  expect(await ask('triage', secret, 'moved')).toBe(rows[0]!.label);
  // What is told by roll-ups is told by traces.
  await until('roll-ups and traces agree', async () => {
    const [told] = await sql('SELECT (SELECT sum(calls) FROM stillhouse.usage_minutes) = (SELECT count() FROM stillhouse.traces) AS same');
    return Number(told!['same']) === 1;
  });
});
