import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { TraceStart } from '../../contracts/traces.ts';
import { createLogger } from '../../platform/logger.ts';
import { interruptedRow } from './interrupted.ts';
import { listSegments } from './segment-files.ts';
import { isStartLine, wholeLines } from './segment-lines.ts';
import { Spool, type SpoolOptions } from './spool.ts';
import { clickHouseTime } from '../../platform/clickhouse-time.ts';
import { traceId } from './trace-id.ts';

// No file system here fails to sync when asked to: the one call that a test makes fail.
const sync = vi.hoisted(() => ({ fails: false }));
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return {
    ...real,
    fdatasyncSync(file: number) {
      if (sync.fails) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
      real.fdatasyncSync(file);
    },
  };
});

let folder: string;
let spool: Spool | undefined;
beforeEach(() => void (folder = fs.mkdtempSync(join(tmpdir(), 'stillhouse-spool-'))));
afterEach(() => {
  sync.fails = false;
  spool?.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

function open(options: Partial<SpoolOptions> = {}): Spool {
  return (spool = new Spool({
    folder,
    fsync: 'always',
    sealBytes: 1e9,
    sealAgeMs: 60_000,
    overQuota: () => false,
    onSealed: () => undefined,
    now: Date.now,
    log: createLogger('test', 'silent'),
    ...options,
  }));
}
function start(): TraceStart {
  const now = Date.now();
  const rest = { alias: '', alias_version: 0, target: 'lab/m', model_asked: 'm', tokens_in: 1, cost_usd: 0, metadata: {} };
  return { s: 1, v: 1, id: traceId(now), project: 'p', ts: clickHouseTime(now), origin: 'app', key_id: 'k', ...rest };
}
/** What lies on the disk: `start <id>` or `row <id>`. */
function lines(): string[] {
  return listSegments(folder)
    .flatMap((segment) => [...wholeLines(fs.readFileSync(segment.path))])
    .map((line) => `${isStartLine(line) ? 'start' : 'row'} ${(JSON.parse(line.toString()) as { id: string }).id}`);
}

test('a segment that cannot be sealed now is sealed later', async () => {
  const sealed: string[] = [];
  open({ sealAgeMs: 20, onSealed: (segment) => void sealed.push(segment.path) });
  const [segment] = listSegments(folder);
  // A folder where the sealed file would be: the disk refuses the new name.
  const there = segment!.path.replace('.open', '.sealed');
  fs.mkdirSync(there);
  const call = start();
  await spool!.begin(call);
  await spool!.end({ ...interruptedRow(call), status: 'ok' });
  spool!.seal();
  expect(sealed).toEqual([]);
  fs.rmdirSync(there);
  await expect.poll(() => sealed).toEqual([there]);
});

test('where the disk does not confirm, what was refused leaves nothing and is written once when it does', async () => {
  open();
  const call = start();
  await spool!.begin(call);
  sync.fails = true;
  const refused = spool!.begin(start());
  const ended = spool!.end({ ...interruptedRow(call), status: 'ok' });
  await expect(refused).rejects.toMatchObject({ code: 'unavailable' });
  await expect(ended).rejects.toMatchObject({ code: 'unavailable' });
  expect(lines()).toEqual([`start ${call.id}`]);
  sync.fails = false;
  await expect.poll(() => spool!.writable, { timeout: 10_000 }).toBe(true);
  expect(lines()).toEqual([`start ${call.id}`, `row ${call.id}`]);
});

test('a segment is sealed once the starts that go on in the next one are on the disk', async () => {
  const sealed: string[] = [];
  open({ sealAgeMs: 20, onSealed: (segment) => void sealed.push(segment.id) });
  const [segment] = listSegments(folder);
  const [going, over] = [start(), start()];
  await spool!.begin(going);
  await spool!.begin(over);
  await spool!.end({ ...interruptedRow(over), status: 'ok' });
  sync.fails = true;
  spool!.seal();
  expect(sealed).toEqual([]);
  expect(listSegments(folder)).toEqual([{ ...segment, bytes: expect.any(Number) as number }]);
  sync.fails = false;
  await expect.poll(() => sealed).toEqual([segment!.id]);
  expect(lines().filter((line) => line === `start ${going.id}`)).toHaveLength(2);
});
