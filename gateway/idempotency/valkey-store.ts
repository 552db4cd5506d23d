import { randomUUID } from 'node:crypto';
import type { ValkeyConnection } from '../limits/valkey.ts';
import { expiryOf, type KeyStore } from './key-store.ts';

/** A process that has given no sign of life for so long is gone. */
const ALIVE_MS = 30_000;
const SIGN_EVERY_MS = 10_000;

/** Keys in the server that gateways share. It lets go of them itself when they expire. */
export function valkeyStore({ client }: ValkeyConnection, purpose: 'idempotency' | 'cache', now: () => number): KeyStore {
  const answers = `stillhouse:${purpose}:answer:`;
  const alive = `stillhouse:${purpose}:alive:`;
  const holder = randomUUID();
  const sign = () => client.set(alive + holder, '1', 'PX', ALIVE_MS);
  // Before the first claim nobody asks for it, and while the server is down nobody can.
  const signing = setInterval(() => void sign().catch(() => undefined), SIGN_EVERY_MS).unref();
  const left = (text: string) => Math.max(1, expiryOf(text) - now());
  return {
    holder,
    async claim(place, text) {
      await sign();
      for (;;) {
        if ((await client.set(answers + place, text, 'PX', left(text), 'NX')) === 'OK') return null;
        const found = await client.get(answers + place);
        if (found !== null) return found;
      }
    },
    read: (place) => client.get(answers + place),
    put: async (place, text) => void (await client.set(answers + place, text, 'PX', left(text))),
    release: async (place) => void (await client.del(answers + place)),
    isAlive: async (other) => (await client.exists(alive + other)) === 1,
    close: () => clearInterval(signing),
  };
}
