import { randomFillSync } from 'node:crypto';

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
// One system call for some hundred ids: an id a call is on the hot path.
const pool = Buffer.alloc(4096);
let used = pool.length;

/** A UUIDv7 (RFC 9562) of that time in milliseconds: sorts by time, and its time can be read from it. */
export function traceId(nowMs: number): string {
  if (used + 10 > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const at = used;
  used += 10;
  return uuidV7(nowMs, pool, at);
}

/** The UUIDv7 of that time in milliseconds whose other bits are of the ten bytes from there on. */
export function uuidV7(ms: number, b: Buffer, at = 0): string {
  const time = Math.floor(ms).toString(16).padStart(12, '0');
  return (
    `${time.slice(0, 8)}-${time.slice(8)}-7${HEX[b[at]!]![1]}${HEX[b[at + 1]!]}-` +
    `${HEX[(b[at + 2]! & 0x3f) | 0x80]}${HEX[b[at + 3]!]}-` +
    `${HEX[b[at + 4]!]}${HEX[b[at + 5]!]}${HEX[b[at + 6]!]}${HEX[b[at + 7]!]}${HEX[b[at + 8]!]}${HEX[b[at + 9]!]}`
  );
}

/** Milliseconds since 1970 of a UUIDv7. */
export function timeOfTraceId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
