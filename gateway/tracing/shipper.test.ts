import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLogger } from '../../platform/logger.ts';
import { segmentPath, type SegmentFile } from './segment-files.ts';
import { Shipper } from './shipper.ts';
import { traceId } from './trace-id.ts';

test('what cannot be removed after its shipment does not keep the next one back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-shipper-'));
  const segment = (sequence: number): SegmentFile => {
    const id = traceId(Date.now());
    return { path: segmentPath(folder, sequence, id, 'sealed'), sequence, id, state: 'sealed', bytes: 10 };
  };
  const [stuck, next] = [segment(1), segment(2)];
  const sink = {
    async insert() {
      // While it is on its way, a folder takes the file's place: it cannot be removed as a file.
      rmSync(stuck.path);
      mkdirSync(join(stuck.path, 'x'), { recursive: true });
    },
    idsOfSegment: () => Promise.resolve(new Set<string>()),
    storeImage: () => Promise.resolve(),
  };
  const shipper = new Shipper({
    sink,
    rejectedFolder: join(folder, 'rejected'),
    windowCoversMs: 1e9,
    now: Date.now,
    log: createLogger('test', 'silent'),
    onRejected: () => undefined,
  });
  writeFileSync(stuck.path, '{"id":"a","ts":"2026-01-01 00:00:00.000"}\n');
  writeFileSync(next.path, '');
  let finished = 0;
  const removeFolder = () => {
    finished++;
    throw new Error('EROFS');
  };
  shipper.enqueue(stuck, false, removeFolder);
  shipper.enqueue(next, false, removeFolder);
  await shipper.close(5_000);
  expect([finished, shipper.segments, shipper.bytes]).toEqual([2, 0, 0]);
  rmSync(folder, { recursive: true });
});

test('what a failed shipment may still be sending is not written over by the next', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-shipper-'));
  const row = (id: string) => `{"id":"${id}","ts":"2026-01-01 00:00:00.000"}\n`;
  const sent: Buffer[] = [];
  const sink = {
    insert(_token: string, lines: Buffer) {
      sent.push(lines);
      return sent.length === 1 ? Promise.reject(new Error('ETIMEDOUT')) : Promise.resolve();
    },
    idsOfSegment: () => Promise.resolve(new Set<string>()),
    storeImage: () => Promise.resolve(),
  };
  const options = { rejectedFolder: join(folder, 'rejected'), windowCoversMs: 1e9, now: Date.now, onRejected: () => undefined };
  const shipper = new Shipper({ ...options, sink, log: createLogger('test', 'silent') });
  for (const [index, name] of ['a', 'b', 'c'].entries()) {
    const id = traceId(Date.now());
    const path = segmentPath(folder, index, id, 'sealed');
    writeFileSync(path, row(name));
    shipper.enqueue({ path, sequence: index, id, state: 'sealed', bytes: 10 }, false);
  }
  await shipper.close(5_000);
  expect(sent).toHaveLength(4);
  // The first send of `a` keeps its memory; that of `b` is used again.
  expect([0, 2, 3].map((at) => sent[at]!.toString())).toEqual([row('a'), row('c'), row('c')]);
  rmSync(folder, { recursive: true });
});
