import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { StillhouseError } from '../../contracts/errors.ts';
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

test('what a failing disk has changed holds up nothing: pictures in pieces, months that are none, a segment that is gone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-shipper-'));
  const bytes = Buffer.from('a picture');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const image = (changed: object) => `${JSON.stringify({ i: 1, project: 'p', sha256, base64: bytes.toString('base64'), ...changed })}\n`;
  const row = (id: string, ts = '2026-01-01') => `{"id":"${id}","ts":"${ts} 00:00:00.000"}\n`;
  const segments = [
    image({ base64: Buffer.from('a pictvre').toString('base64') }) + image({ base64: undefined }) + image({ project: 'p/../q' }) + row('a'),
    null,
    image({}) + row('b', '../../x') + row('c', '2026/01-01') + row('d', '\0'.repeat(10)) + row('e'),
  ];
  const stored: string[] = [];
  const shipped: string[] = [];
  const sink = {
    insert(_token: string, lines: Buffer) {
      // As ClickHouse does with what is no time.
      if (!lines.every((byte) => byte !== 0) || lines.includes('..') || lines.includes('2026/'))
        return Promise.reject(new StillhouseError('invalid_request', 'no time', { data: { type: 'CANNOT_PARSE_DATETIME' } }));
      return Promise.resolve(void shipped.push(lines.toString()));
    },
    idsOfSegment: () => Promise.resolve(new Set<string>()),
    storeImage: (project: string, name: string, content: Buffer) =>
      Promise.resolve(void stored.push(`${project} ${name} ${content.toString()}`)),
  };
  let rejected = 0;
  const options = { rejectedFolder: join(folder, 'rejected'), windowCoversMs: 1e9, now: Date.now, onRejected: () => rejected++ };
  const shipper = new Shipper({ ...options, sink, log: createLogger('test', 'silent') });
  for (const [sequence, text] of segments.entries()) {
    const id = traceId(Date.now());
    const path = segmentPath(folder, sequence, id, 'sealed');
    if (text !== null) writeFileSync(path, text);
    shipper.enqueue({ path, sequence, id, state: 'sealed', bytes: 10 }, false);
  }
  await shipper.close(5_000);
  expect([shipper.segments, rejected]).toEqual([0, 3]);
  expect(shipped.join('')).toBe(row('a') + row('e'));
  expect(stored).toEqual([`p ${sha256} a picture`]);
  rmSync(folder, { recursive: true });
});
