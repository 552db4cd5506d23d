import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { HeldBytes, WaitingRoom } from './held-bytes.ts';

const folder = mkdtempSync(join(tmpdir(), 'stillhouse-held-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const KIB = Buffer.alloc(1024, 7);
async function fill(held: HeldBytes, kibibytes: number): Promise<void> {
  for (let at = 0; at < kibibytes; at++) await held.add(KIB);
}

test('bytes come back in order, from the disk and from memory, and leave nothing', async () => {
  const room = new WaitingRoom(folder, 10 * 2 ** 20);
  const held = new HeldBytes(room);
  const all: Buffer[] = [];
  for (let at = 0; at < 3000; at++) {
    const piece = Buffer.from(`${at},`.repeat(50));
    all.push(piece);
    await held.add(piece);
  }
  expect(readdirSync(folder)).toEqual([]);
  expect(Buffer.concat(await Array.fromAsync(held.read())).equals(Buffer.concat(all))).toBe(true);
});

test('all that wait share a room; who gets none is refused, and what was taken is given back once', async () => {
  const room = new WaitingRoom(folder, 1024 * 1024);
  const [first, second] = [new HeldBytes(room), new HeldBytes(room)];
  await fill(first, 600);
  await expect(fill(second, 600)).rejects.toMatchObject({ code: 'unavailable' });
  await first.close();
  await first.close();
  const third = new HeldBytes(room);
  await fill(third, 900);
  await expect(fill(new HeldBytes(room), 600)).rejects.toMatchObject({ code: 'unavailable' });
});
