import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { linuxStat } from '../../infra/processes/process-identity.ts';
import { contentHash } from '../../platform/content-hash.ts';
import { stillhouseOn } from '../support/stillhouse-cli.ts';
import { startSupervisor, type SupervisorProcess, temporaryHome } from '../support/supervisor.ts';
import { until } from '../support/until.ts';

const KILLED = fileURLToPath(new URL('killed-backup.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'stillhouse-backups-'));
let home: string;
let stack: SupervisorProcess;

/** A home of what the parts would write: enough that hashing and copying it take a while. */
function filledHome(): string {
  const path = temporaryHome();
  const data = join(path, 'clickhouse', 'store', '0ab', '0ab-table');
  for (const part of ['all_1_1_0', 'tmp_insert_all_2_2_0', 'deduplication_logs']) mkdirSync(join(data, part), { recursive: true });
  writeFileSync(join(data, 'all_1_1_0', 'data.bin'), Buffer.alloc(60_000_000, 'rows'));
  writeFileSync(join(data, 'tmp_insert_all_2_2_0', 'data.bin'), 'half a p');
  writeFileSync(join(data, 'deduplication_logs', 'log_1.txt'), 'a\n');
  for (const name of ['secrets', 'snapshots', 'artifacts/files', 'spool/rejected']) mkdirSync(join(path, name), { recursive: true });
  writeFileSync(join(path, 'secrets', 'admin-key'), 'sk-admin\n', { mode: 0o600 });
  writeFileSync(join(path, 'snapshots', 'default.json'), '{}');
  writeFileSync(join(path, 'artifacts', 'files', 'model'), randomUUID());
  return path;
}

beforeAll(async () => {
  home = filledHome();
  stack = startSupervisor(home, {});
  for (const part of ['clickhouse', 'gateway', 'worker', 'gpu-worker'] as const) await stack.serving(part);
});
afterAll(async () => {
  stack?.signal('SIGINT');
  await stack?.exited;
  for (const path of [home, folder]) rmSync(path, { recursive: true, force: true });
});

/** Temporal is external to these homes, as the supervisor's test says. */
const OUTSIDE = { TEMPORAL_ADDRESS: '127.0.0.1:9' };
const cli = (on: string, ...args: string[]) => stillhouseOn(on, args, OUTSIDE);
const newPlace = (suffix = '') => join(folder, `${randomUUID()}${suffix}`);
const contentOf = (path: string) =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('run') && !name.startsWith('logs') && !name.startsWith('tmp') && name !== 'ended.log')
    .sort();

async function killedAt(on: string, command: 'backup' | 'restore', place: string, point: string): Promise<void> {
  const env = { ...process.env, ...OUTSIDE, STILLHOUSE_HOME: on, STILLHOUSE_CONFIG: join(on, 'stillhouse.yaml') };
  const child = spawn(process.execPath, [KILLED, command, place, point], { env, stdio: 'inherit' });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
}

/** A whole backup, and who stood still each time that it looked at the home. */
async function stoodStill(point: 'who' | 'replaced'): Promise<string[][]> {
  const place = newPlace();
  const env = { ...process.env, ...OUTSIDE, STILLHOUSE_HOME: home, STILLHOUSE_CONFIG: join(home, 'stillhouse.yaml') };
  const child = spawn(process.execPath, [KILLED, 'backup', place, point], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = (await Array.fromAsync(createInterface({ input: child.stdout }))) as string[];
  expect(existsSync(join(place, 'manifest.json'))).toBe(true);
  return lines.map((line) => (JSON.parse(line) as string[]).sort());
}

test('while it is taken, all that write stand still, and nobody else does', async () => {
  expect(await stoodStill('who')).toEqual([['clickhouse', 'gateway', 'gpu-worker', 'worker']]);
});

test('where a part is started meanwhile, which nobody has paused, it is taken again', async () => {
  expect(await stoodStill('replaced')).toEqual([
    ['clickhouse', 'gateway', 'gpu-worker'],
    ['clickhouse', 'gateway', 'gpu-worker', 'worker'],
  ]);
});

const standsStill = () => stack.parts().filter(({ pid }) => pid !== null && linuxStat(pid)?.state === 'T');

test('a folder and a file hold the same, and what is half written or a lock is in neither', async () => {
  const places = [newPlace(), newPlace('.tar')];
  for (const place of places) {
    const taken = await cli(home, '--json', 'backup', '--to', place);
    expect(taken).toMatchObject({ code: 0 });
    expect(JSON.parse(taken.stdout)).toMatchObject({ outside: { temporal: '127.0.0.1:9' }, format: 1 });
    const restored = temporaryHome();
    expect(await cli(restored, 'restore', '--from', place)).toMatchObject({ code: 0, stderr: '' });
    const there = contentOf(restored);
    expect(there).toEqual(contentOf(home).filter((name) => !name.includes('tmp_insert')));
    expect(there).toContain('clickhouse/store/0ab/0ab-table/all_1_1_0/data.bin');
    expect(readFileSync(join(restored, 'artifacts/files/model'), 'utf8')).toBe(readFileSync(join(home, 'artifacts/files/model'), 'utf8'));
    rmSync(restored, { recursive: true });
    expect(await cli(home, 'backup', '--to', place)).toMatchObject({ code: 1, stderr: expect.stringContaining('is never written over') });
  }
  expect(existsSync(join(home, 'staging'))).toBe(false);
});

const BACKUP_POINTS: [point: string, where: (place: string) => string][] = [
  ['while everything stands still', () => 'paused'],
  ['when it has staged', () => join(home, 'staging', 'home', 'artifacts')],
  ['when the manifest is written', () => join(home, 'staging', 'manifest.json')],
  ['while it writes', (place) => `${place}.part`],
];
test.each(['', '.tar'].flatMap((suffix) => BACKUP_POINTS.map(([name, where]) => [name, suffix, where] as const)))(
  'killed %s (%s), nobody stays paused, it is no backup, and the next one is',
  async (_name, suffix, where) => {
    const place = newPlace(suffix);
    const restarts = () => stack.parts().map((part) => part.restarts);
    const before = restarts();
    await killedAt(home, 'backup', place, where(place));
    await until('everybody goes on', () => standsStill().length === 0);
    expect(restarts()).toEqual(before);
    expect(existsSync(place)).toBe(false);
    if (existsSync(`${place}.part`)) {
      const other = temporaryHome();
      const { code, stderr } = await cli(other, 'restore', '--from', `${place}.part`);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/is no whole backup|is damaged/)]);
      expect(contentOf(other)).toEqual([]);
      rmSync(other, { recursive: true });
    }
    expect(await cli(home, 'backup', '--to', place)).toMatchObject({ code: 0 });
    expect(existsSync(`${place}.part`)).toBe(false);
    expect(existsSync(join(home, 'staging'))).toBe(false);
    rmSync(place, { recursive: true });
  },
);

test('a backup of a stopped home; what one that was killed has staged goes with the next start', async () => {
  const stopped = filledHome();
  const place = newPlace();
  await killedAt(stopped, 'backup', place, join(stopped, 'staging', 'home'));
  expect(existsSync(join(stopped, 'staging'))).toBe(true);
  const supervisor = startSupervisor(stopped, {});
  await supervisor.serving('gateway');
  expect(existsSync(join(stopped, 'staging'))).toBe(false);
  supervisor.signal('SIGINT');
  await supervisor.exited;
  const taken = await cli(stopped, '--json', 'backup', '--to', place);
  expect(JSON.parse(taken.stdout)).toMatchObject({ pausedMs: 0 });
  rmSync(stopped, { recursive: true });
});

const RESTORE_POINTS: [point: string, where: (restored: string) => string][] = [
  ['when it begins', (to) => join(to, 'restoring')],
  ['while it lays the files', (to) => join(to, 'restoring', 'manifest.json')],
  [
    'when the first folder has its place',
    (to) => ['secrets', 'clickhouse', 'artifacts', 'spool', 'snapshots'].map((n) => join(to, n)).join('|'),
  ],
];
test.each(['', '.tar'].flatMap((suffix) => RESTORE_POINTS.map(([name, where]) => [name, suffix, where] as const)))(
  'a restore killed %s (%s): nothing starts on that home, and the next restore is whole',
  async (_name, suffix, where) => {
    const place = newPlace(suffix);
    expect(await cli(home, 'backup', '--to', place)).toMatchObject({ code: 0 });
    const restored = temporaryHome();
    await killedAt(restored, 'restore', place, where(restored));
    const start = startSupervisor(restored, {});
    expect(await start.exited).toBe(1);
    expect(start.output()).toContain('was cut off: run "stillhouse restore" again');
    expect(await cli(restored, 'backup', '--to', newPlace())).toMatchObject({ code: 1, stderr: expect.stringContaining('was cut off') });
    expect(await cli(restored, 'restore', '--from', place)).toMatchObject({ code: 0, stderr: '' });
    expect(contentOf(restored)).toEqual(contentOf(home).filter((name) => !name.includes('tmp_insert')));
    for (const path of [restored, place]) rmSync(path, { recursive: true });
  },
);

test('what is damaged, cut, of another kind or newer is refused in a sentence, and the home stays empty', async () => {
  const whole = newPlace();
  await cli(home, 'backup', '--to', whole);
  const file = newPlace('.tar');
  await cli(home, 'backup', '--to', file);
  const restored = temporaryHome();
  const refused = async (place: string, sentence: RegExp) => {
    const { code, stderr } = await cli(restored, 'restore', '--from', place);
    expect([code, stderr.trim().split('\n').length, stderr]).toEqual([1, 1, expect.stringMatching(sentence)]);
    expect(contentOf(restored)).toEqual([]);
  };
  const spoiled = async (sentence: RegExp, spoil: (place: string) => void) => {
    const place = newPlace();
    cpSync(whole, place, { recursive: true });
    spoil(place);
    await refused(place, sentence);
    rmSync(place, { recursive: true });
  };
  const model = 'home/artifacts/files/model';
  await spoiled(/the SHA-256 of home\/artifacts\/files\/model is another one/, (place) => writeFileSync(join(place, model), randomUUID()));
  await spoiled(/home\/artifacts\/files\/model is missing/, (place) => rmSync(join(place, model)));
  await spoiled(/home\/more is not in its manifest/, (place) => writeFileSync(join(place, 'home/more'), ''));
  await spoiled(/its folders are others/, (place) => mkdirSync(join(place, 'home/empty')));
  await spoiled(/is no whole backup: it has no manifest\.json/, (place) => rmSync(join(place, 'manifest.json')));
  await spoiled(/manifest\.json has been changed/, (place) => changeManifest(place, (text) => text.replace('"stillhouse"', '"other"')));
  await spoiled(/manifest\.json is not that of a backup/, (place) => writeFileSync(join(place, 'manifest.json'), '{}'));
  await spoiled(/was made by a newer Stillhouse \(format 2; this one reads format 1\)/, (place) =>
    changeManifest(place, (text) => {
      const { digest: _, ...manifest } = { ...(JSON.parse(text) as { digest: string }), format: 2 };
      return JSON.stringify({ ...manifest, digest: contentHash(manifest) });
    }),
  );
  truncateSync(file, 30_000_000);
  await refused(file, /is damaged: it can't be unpacked/);
  writeFileSync(file, 'something else');
  await refused(file, /is damaged: it can't be unpacked/);
  await refused(join(folder, 'nothing'), /There is no backup .*nothing/);

  writeFileSync(join(restored, 'notes.txt'), 'mine');
  const { stderr } = await cli(restored, 'restore', '--from', whole);
  expect(stderr).toMatch(/is not empty \(notes\.txt\): a restore goes into an empty one/);
  expect(readFileSync(join(restored, 'notes.txt'), 'utf8')).toBe('mine');
  rmSync(restored, { recursive: true });
  // A stack runs on it.
  expect((await cli(home, 'restore', '--from', whole)).stderr).toContain(`is in use by process ${stack.pid}`);
});

function changeManifest(place: string, change: (text: string) => string): void {
  const path = join(place, 'manifest.json');
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

test('a place in the home, one without a folder, and a home without anything are refused', async () => {
  expect((await cli(home, 'backup', '--to', join(home, 'mine'))).stderr).toContain('lies in the home itself');
  expect((await cli(home, 'backup', '--to', join(folder, 'no', 'such'))).stderr).toMatch(/There is no folder .*make it first/);
  const empty = temporaryHome();
  expect((await cli(empty, 'backup', '--to', newPlace())).stderr).toContain('There is nothing to back up');
});
