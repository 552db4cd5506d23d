import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { TraceStart } from '../../contracts/traces.ts';
import { createLogger } from '../../platform/logger.ts';
import { interruptedRow } from './interrupted.ts';
import { segmentPath } from './segment-files.ts';
import { openTracer } from './tracer.ts';
import { clickHouseTime } from '../../platform/clickhouse-time.ts';
import { traceId } from './trace-id.ts';

// A disk that is really full: a file system of 6 MB in memory. It takes the right to mount one.
const folder = mkdtempSync(join(tmpdir(), 'stillhouse-full-'));
const mounted = (() => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

afterAll(() => {
  if (mounted) execFileSync('umount', ['-l', folder]);
  rmSync(folder, { recursive: true, force: true });
});

function start(): TraceStart {
  const now = Date.now();
  return {
    s: 1,
    v: 1,
    id: traceId(now),
    project: 'p',
    ts: clickHouseTime(now),
    origin: 'app',
    key_id: 'k',
    alias: '',
    alias_version: 0,
    target: 'lab/m',
    model_asked: 'm',
    tokens_in: 1,
    cost_usd: 0,
    metadata: {},
  };
}

test.skipIf(!mounted)(
  'disk full: calls in flight are recorded in the space kept back, new ones are refused, and it mends itself (needs the right to mount)',
  async () => {
    const shipped: string[] = [];
    const sink = {
      insert: (_token: string, lines: Buffer) => Promise.resolve(void shipped.push(lines.toString())),
      idsOfSegment: () => Promise.resolve(new Set<string>()),
      storeImage: () => Promise.resolve(),
    };
    const tracer = openTracer({
      spool: folder,
      sink,
      fsync: 'never',
      quotaBytes: 1e9,
      sealAgeMs: 60_000,
      log: createLogger('test', 'silent'),
    });
    const inFlight = start();
    await tracer.begin(inFlight);
    const ballast = join(folder, 'ballast');
    expect(() => writeFileSync(ballast, Buffer.alloc(8 * 1024 * 1024))).toThrow('ENOSPC');
    await tracer.end({ ...interruptedRow(inFlight), status: 'ok', request: 'x'.repeat(3_000_000) });
    expect(tracer.writable()).toBe(false);
    await expect(tracer.begin(start())).rejects.toMatchObject({ code: 'unavailable' });
    rmSync(ballast);
    await expect.poll(() => tracer.writable(), { timeout: 10_000 }).toBe(true);
    await tracer.begin(start());
    await tracer.close(5_000);
    const rows = shipped
      .join('')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { id: string; request: string });
    expect(rows.map((one) => one.id)).toEqual([inFlight.id]);
    // Its bodies were shed: there was no room for them.
    expect(rows[0]!.request).toBe('');
  },
);

test.skipIf(!mounted)(
  'disk full: an orphan is adopted as soon as there is room, and nothing falls over it (needs the right to mount)',
  async () => {
    const shipped: string[] = [];
    const insert = (_token: string, lines: Buffer) => Promise.resolve(void shipped.push(lines.toString()));
    const tracer = openTracer({
      spool: folder,
      sink: { insert, idsOfSegment: () => Promise.resolve(new Set<string>()), storeImage: () => Promise.resolve() },
      fsync: 'never',
      quotaBytes: 1e9,
      log: createLogger('test', 'silent'),
    });
    const orphan = join(folder, randomUUID());
    mkdirSync(orphan);
    const call = start();
    writeFileSync(segmentPath(orphan, 1, traceId(Date.now()), 'open'), `${JSON.stringify(call)}\n`);
    const ballast = join(folder, 'ballast');
    expect(() => writeFileSync(ballast, Buffer.alloc(8 * 1024 * 1024))).toThrow('ENOSPC');
    tracer.adopt();
    expect(existsSync(orphan)).toBe(true);
    rmSync(ballast);
    tracer.adopt();
    await expect.poll(() => existsSync(orphan)).toBe(false);
    expect(shipped.join('')).toContain(`"id":"${call.id}"`);
    await tracer.close(5_000);
  },
);
