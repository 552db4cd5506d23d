import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { StateVersion } from '../../contracts/registry.ts';
import { createLogger } from '../../platform/logger.ts';
import { followRegistry, type PollerOptions, type SnapshotPoller } from './snapshot-poller.ts';

let folder: string;
let poller: SnapshotPoller | undefined;
let state: StateVersion[];
let down: boolean;
let ensured: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillhouse-snapshots-'));
  state = [];
  down = false;
  ensured = 0;
});
afterEach(() => {
  poller?.close();
  rmSync(folder, { recursive: true, force: true });
});

const createdAt = '2026-01-01T00:00:00.000Z';
function version(sequence: number, kind: StateVersion['kind'], key: string, value: unknown): StateVersion {
  return { project: 'default', kind, key, version: sequence, sequence, requestId: `r${sequence}`, value, reason: '', actor: '', createdAt };
}
const aliasVersion = (sequence: number, name: string, target: string | null) =>
  version(sequence, 'alias', name, {
    name,
    version: sequence,
    targets: target ? [{ target, weight: 1 }] : [],
    fallbacks: [],
    reason: '',
    actor: '',
    createdAt,
    deleted: target === null,
  });
function follow(options: Partial<PollerOptions> = {}): SnapshotPoller {
  const ask = <T>(answer: T): Promise<T> => (down ? Promise.reject(new Error('down')) : Promise.resolve(answer));
  return (poller = followRegistry({
    projects: ['default'],
    folder,
    source: {
      currentState: () => ask([...new Map(state.map((one) => [`${one.kind}/${one.key}`, one])).values()]),
      stateSince: (_project, sequence) => ask(state.filter((one) => one.sequence > sequence)),
    },
    ensure: () => Promise.resolve(void ensured++),
    everyMs: 10,
    log: createLogger('test', 'silent'),
    ...options,
  }));
}
const names = () => Object.keys(poller!.current('default').aliases);

test('a fresh home is not ready, and asks the registry until its first version is there', async () => {
  follow();
  expect(poller!.ready()).toBe(false);
  await expect.poll(() => ensured).toBeGreaterThan(1);
  state.push(version(1, 'project', 'default', {}));
  await expect.poll(() => poller!.ready()).toBe(true);
  const asked = ensured;
  state.push(aliasVersion(2, 'a', 'lab/m'));
  await expect.poll(names).toEqual(['a']);
  expect(ensured).toBe(asked);
});

test('changes, deletions, and a write of its own seen at once', async () => {
  state.push(version(1, 'project', 'default', {}));
  follow({ everyMs: 3_600_000 });
  await expect.poll(() => poller!.ready()).toBe(true);
  state.push(aliasVersion(2, 'a', 'lab/m'), aliasVersion(3, 'b', 'lab/m'), aliasVersion(4, 'a', null));
  expect(names()).toEqual([]);
  const before = poller!.current('default');
  await poller!.refresh('default');
  expect(names()).toEqual(['b']);
  // Whoever held the old one still has it as it was.
  expect(before.aliases).toEqual({});
});

test('with the database away the last snapshot goes on, after a restart too', async () => {
  state.push(version(1, 'project', 'default', {}), aliasVersion(2, 'a', 'lab/m'));
  follow();
  await expect.poll(names).toEqual(['a']);
  poller!.close();
  down = true;
  follow();
  expect(poller!.ready()).toBe(true);
  expect(names()).toEqual(['a']);
  await expect(poller!.refresh('default')).rejects.toThrow('down');
  down = false;
  state.push(aliasVersion(3, 'b', 'lab/m'));
  await expect.poll(names).toEqual(['a', 'b']);
});

test('a database put back to an earlier day is followed back; an empty one is not', async () => {
  state.push(version(1, 'project', 'default', {}), aliasVersion(2, 'a', 'lab/m'), aliasVersion(3, 'b', 'lab/m'));
  follow();
  await expect.poll(names).toEqual(['a', 'b']);
  state.length = 2;
  await expect.poll(names).toEqual(['a']);
  state.length = 0;
  poller!.close();
  follow();
  await expect.poll(() => ensured).toBe(0);
  expect(names()).toEqual(['a']);
});

test('a reading of all state does not undo a change that was seen while it was under way', async () => {
  state.push(version(1, 'project', 'default', {}));
  let reading = Promise.withResolvers<StateVersion[]>();
  const source = {
    currentState: () => reading.promise,
    stateSince: (_project: string, sequence: number) => Promise.resolve(state.filter((one) => one.sequence > sequence)),
  };
  const seen: number[] = [];
  follow({ source, onSnapshot: (snapshot) => void seen.push(snapshot.sequence) });
  const first = reading;
  const old = [...state];
  state.push(aliasVersion(2, 'a', 'lab/m'));
  await poller!.refresh('default');
  reading = Promise.withResolvers();
  first.resolve(old);
  // The next poll looks for news only.
  state.push(aliasVersion(3, 'b', 'lab/m'));
  await expect.poll(names).toEqual(['a', 'b']);
  expect(seen).toEqual([0, 2, 3]);
});

test('a snapshot that cannot be read is left out', () => {
  writeFileSync(join(folder, 'default.json'), '{"project":"default","sequence":"many"');
  follow();
  expect(poller!.ready()).toBe(false);
  expect(readFileSync(join(folder, 'default.json'), 'utf8')).toContain('many');
});

test('a project that another gateway made is found, and one that only the disk knows is kept', async () => {
  state.push(version(1, 'project', 'default', {}));
  const other = (sequence: number): StateVersion => ({ ...aliasVersion(sequence, 'mine', 'lab/m'), project: 'acme' });
  const seen: string[] = [];
  let found: StateVersion[] = [];
  const source = {
    currentState: async (project: string) => (project === 'acme' ? found : state),
    stateSince: async (project: string, since: number) => (project === 'acme' ? found : state).filter((one) => one.sequence > since),
    newestSequences: async () => new Map([['default', 1], ...found.map((one): [string, number] => ['acme', one.sequence])]),
  };
  follow({ source, onSnapshot: ({ project }) => void seen.push(project) });
  await expect.poll(() => poller!.ready()).toBe(true);
  expect(poller!.projects()).toEqual(['default']);
  found = [other(1)];
  await expect.poll(() => Object.keys(poller!.current('acme').aliases)).toEqual(['mine']);
  expect(seen).toContain('acme');
  poller!.close();
  down = true;
  follow();
  expect(Object.keys(poller!.current('acme').aliases)).toEqual(['mine']);
});

test('keys, ciphertexts and the budget are in the snapshot; a secret taken away is not', async () => {
  const key = {
    id: 'key_abcdefghijkl',
    version: 1,
    project: 'default',
    name: 'app',
    hash: 'a'.repeat(64),
    hint: 'sk-sh-abcd',
    aliases: [],
    models: [],
    limits: {},
    actor: 'admin',
    createdAt,
    revokedAt: null,
    expiresAt: null,
  };
  const secret = (sequence: number, sealed: string | null) =>
    version(sequence, 'secret', 'openai', { provider: 'openai', version: sequence, sealed, actor: '', createdAt });
  state.push(
    version(1, 'project', 'default', { name: 'default', budget: { usdPerDay: 5 } }),
    version(2, 'key', key.id, key),
    secret(3, 'x'),
  );
  follow();
  await expect.poll(() => poller!.current('default').sequence).toBe(3);
  expect(poller!.current('default')).toMatchObject({
    keys: { [key.id]: { name: 'app', limits: { usdPerDay: null, requestsPerMinute: null } } },
    secrets: { openai: { sealed: 'x' } },
    budget: { usdPerDay: 5, usdPerMonth: null },
  });
  state.push(secret(4, null));
  await expect.poll(() => poller!.current('default').secrets).toEqual({});
  poller!.close();
  down = true;
  follow();
  expect(poller!.current('default')).toMatchObject({ keys: { [key.id]: { name: 'app' } }, budget: { usdPerDay: 5 } });
});
