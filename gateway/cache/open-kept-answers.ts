import type { Logger } from '../../platform/logger.ts';
import { secretFile } from '../../platform/secrets.ts';
import { homeStore } from '../idempotency/home-store.ts';
import { Idempotency } from '../idempotency/idempotency.ts';
import { valkeyStore } from '../idempotency/valkey-store.ts';
import { secretBox } from '../keys/secret-box.ts';
import type { ValkeyConnection } from '../limits/valkey.ts';
import { AnswerCache } from './answer-cache.ts';

/** What kept answers need of a gateway. */
export interface KeptAnswersParts {
  /** Where they are kept; null: in the home. */
  valkey: ValkeyConnection | null;
  paths: { idempotency: string; cache: string; answersKey: string };
  /** `STILLHOUSE_MASTER_KEY`; without it the key that answers are sealed under is generated into the home. */
  masterKey: string | undefined;
  log: Logger;
}

const IDEMPOTENCY_BYTES = 1024 * 1024 * 1024;
const CACHE_BYTES = 256 * 1024 * 1024;

/** Idempotency keys and the cache of a gateway process, shared with the others by Valkey or by the home. */
export function openKeptAnswers({ valkey, paths, masterKey, log }: KeptAnswersParts): { idempotency: Idempotency; cache: AnswerCache } {
  const now = Date.now;
  const box = secretBox(masterKey ?? secretFile(paths.answersKey, 'answers'), 'kept answers');
  const store = (purpose: 'idempotency' | 'cache', quotaBytes: number) =>
    valkey ? valkeyStore(valkey, purpose, now) : homeStore({ folder: paths[purpose], quotaBytes, now });
  return {
    idempotency: new Idempotency({ store: store('idempotency', IDEMPOTENCY_BYTES), box, now, log }),
    cache: new AnswerCache({ store: store('cache', CACHE_BYTES), box, now, log }),
  };
}
