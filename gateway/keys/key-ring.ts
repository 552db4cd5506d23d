import { createHash } from 'node:crypto';
import { StillhouseError } from '../../contracts/errors.ts';
import { DEFAULT_PROJECT } from '../../contracts/names.ts';
import type { Caller } from './caller.ts';

/** Finds out whose key an `authorization` header carries. */
export interface KeyRing {
  /** Throws `unauthorized` where there is no key, or an unknown one. */
  callerOf(authorization: string | undefined): Caller;
}

const CACHED = 1000;

/** Keys are compared by SHA-256, so that the time of a comparison tells nothing of the key; callers found are remembered. */
export function createKeyRing(keys: { adminKey: string; serviceKey: string }): KeyRing {
  const byHash = new Map<string, Caller>([
    [sha256(keys.serviceKey), { keyId: 'service', role: 'service', project: DEFAULT_PROJECT }],
    [sha256(keys.adminKey), { keyId: 'admin', role: 'admin', project: DEFAULT_PROJECT }],
  ]);
  const cache = new Map<string, Caller>();
  return {
    callerOf(authorization) {
      if (authorization === undefined) {
        throw new StillhouseError('unauthorized', 'You did not provide an API key: send it in the header "Authorization: Bearer <key>"');
      }
      const known = cache.get(authorization);
      if (known) return known;
      const key = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
      const caller = key === undefined ? undefined : byHash.get(sha256(key));
      if (!caller) throw new StillhouseError('unauthorized', 'Incorrect API key provided');
      // Only right keys are remembered, in the few ways they are written.
      if (cache.size >= CACHED) cache.clear();
      cache.set(authorization, caller);
      return caller;
    },
  };
}

function sha256(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
