import type { Logger } from '../../platform/logger.ts';
import { secretFile } from '../../platform/secrets.ts';
import { secretBox } from '../keys/secret-box.ts';
import type { ValkeyConnection } from '../limits/valkey.ts';
import { homeStore } from './home-store.ts';
import { Idempotency } from './idempotency.ts';
import { valkeyStore } from './valkey-store.ts';

/** What idempotency keys need of a gateway. */
export interface IdempotencyParts {
  /** Where keys are kept; null: in the home. */
  valkey: ValkeyConnection | null;
  paths: { idempotency: string; answersKey: string };
  /** `STILLHOUSE_MASTER_KEY`; without it the key that answers are sealed under is generated into the home. */
  masterKey: string | undefined;
  log: Logger;
}

const QUOTA_BYTES = 1024 * 1024 * 1024;

/** Idempotency keys of a gateway process, shared with the others by Valkey or by the home. */
export function openIdempotency({ valkey, paths, masterKey, log }: IdempotencyParts): Idempotency {
  const now = Date.now;
  return new Idempotency({
    store: valkey ? valkeyStore(valkey, now) : homeStore({ folder: paths.idempotency, quotaBytes: QUOTA_BYTES, now }),
    box: secretBox(masterKey ?? secretFile(paths.answersKey, 'answers'), 'kept answers'),
    now,
    log,
  });
}
