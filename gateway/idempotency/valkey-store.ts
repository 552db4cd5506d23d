import { randomUUID } from 'node:crypto';
import type { ValkeyConnection } from '../limits/valkey.ts';
import { expiryOf, type KeyStore } from './key-store.ts';

/** A process that has given no sign of life for so long is gone. */
const ALIVE_MS = 30_000;
const SIGN_EVERY_MS = 10_000;
const WITHDRAW = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;

/** Keys in the server that gateways share. It lets go of them itself when they expire. */
export function valkeyStore({ client }: ValkeyConnection, purpose: 'idempotency' | 'cache', now: () => number): KeyStore {
  const answers = `stillhouse:${purpose}:answer:`;
  const places = `stillhouse:${purpose}:trace:`;
  const alive = `stillhouse:${purpose}:alive:`;
  const holder = randomUUID();
  const sign = () => client.set(alive + holder, '1', 'PX', ALIVE_MS);
  // Before the first claim nobody asks for it, and while the server is down nobody can.
  const signing = setInterval(() => void sign().catch(() => undefined), SIGN_EVERY_MS).unref();
  const left = (text: string) => Math.max(1, expiryOf(text) - now());
  // First: an answer that stands there is always found.
  const mark = async (trace: string | undefined, place: string, text: string) => {
    if (trace !== undefined) await client.set(places + trace, place, 'PX', left(text));
  };
  return {
    holder,
    async claim(place, text, trace) {
      await sign();
      await mark(trace, place, text);
      for (;;) {
        if ((await client.set(answers + place, text, 'PX', left(text), 'NX')) === 'OK') return null;
        const found = await client.get(answers + place);
        if (found !== null) return found;
      }
    },
    read: (place) => client.get(answers + place),
    async put(place, text, trace) {
      await mark(trace, place, text);
      await client.set(answers + place, text, 'PX', left(text));
    },
    async forget(traces) {
      let forgotten = 0;
      for (const trace of traces) {
        const place = await client.get(places + trace);
        if (place === null) continue;
        forgotten += await client.del(answers + place);
        await client.del(places + trace);
      }
      return forgotten;
    },
    release: async (place) => void (await client.del(answers + place)),
    withdraw: async (place, text) => void (await client.eval(WITHDRAW, 1, answers + place, text)),
    isAlive: async (other) => (await client.exists(alive + other)) === 1,
    close: () => clearInterval(signing),
  };
}
