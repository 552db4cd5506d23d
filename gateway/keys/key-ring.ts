import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { StillhouseError } from '../../contracts/errors.ts';
import type { ApiKey } from '../../contracts/keys.ts';
import { DEFAULT_PROJECT } from '../../contracts/names.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import type { Caller } from './caller.ts';
import { keyInWords } from './key-in-words.ts';
import { rulesOf } from './key-rules.ts';

/** Finds out whose key a request carries. */
export interface KeyRing {
  /**
   * `apiKey` is the header `x-api-key`, which Anthropic's clients send. `project` is the header `x-stillhouse-project`: the
   * admin and the service key choose by it whose data they see; a project's own key can't. Throws `unauthorized` where
   * there is no key, or one that is unknown, revoked or expired; `forbidden` and `not_found` for a project, `unavailable` for
   * one that may only not be known yet.
   */
  callerOf(authorization: string | undefined, apiKey?: string, project?: string): Caller;
  /** Takes up the keys of a project's snapshot. */
  update(snapshot: RegistrySnapshot): void;
}

interface Known {
  caller: Caller;
  /** Milliseconds since 1970; Infinity = never. */
  expiresAtMs: number;
  revoked: boolean;
}

interface Owners {
  adminKey: string;
  serviceKey: string;
  /** Whether every project that there is has been taken up; default: it has. */
  isComplete?: () => boolean;
  /** Milliseconds since 1970. */
  now?: () => number;
}

const CACHED = 1000;

/** Keys are compared by SHA-256, so that the time of a comparison tells nothing of the key; callers found are remembered. */
export function createKeyRing({ adminKey, serviceKey, isComplete = () => true, now = Date.now }: Owners): KeyRing {
  const ring = new Ring(now, isComplete);
  ring.own(serviceKey, { keyId: 'service', role: 'service', project: DEFAULT_PROJECT });
  ring.own(adminKey, { keyId: 'admin', role: 'admin', project: DEFAULT_PROJECT });
  return ring;
}

class Ring implements KeyRing {
  readonly #now: () => number;
  readonly #isComplete: () => boolean;
  readonly #own = new Map<string, Known>();
  /** By hash, of all projects. */
  readonly #keys = new Map<string, Known>();
  readonly #byProject = new Map<string, RegistrySnapshot['keys']>();
  /** By the header as it came. Only right keys are remembered, in the few ways they are written. */
  readonly #cache = new Map<string, Known>();

  constructor(now: () => number, isComplete: () => boolean) {
    this.#now = now;
    this.#isComplete = isComplete;
  }

  own(key: string, caller: Caller): void {
    this.#own.set(sha256(key), { caller, expiresAtMs: Infinity, revoked: false });
  }

  callerOf(authorization: string | undefined, apiKey?: string, project?: string): Caller {
    const header = authorization ?? (apiKey === undefined ? undefined : `Bearer ${apiKey}`);
    if (header === undefined)
      throw new StillhouseError('unauthorized', 'You did not provide an API key: send it in the header "Authorization: Bearer <key>"');
    const known = this.#cache.get(header) ?? this.#find(header);
    if (known.expiresAtMs <= this.#now())
      throw new StillhouseError('unauthorized', `The API key ${keyInWords(known.caller)} has expired: ask for a new one`);
    return project === undefined ? known.caller : this.#within(known.caller, project);
  }

  update({ project, keys }: RegistrySnapshot): void {
    // Other state has changed; keys are as they were.
    const before = this.#byProject.get(project);
    this.#byProject.set(project, keys);
    if (sameKeys(before ?? {}, keys)) return;
    for (const key of Object.values(before ?? {})) this.#keys.delete(key.hash);
    for (const key of Object.values(keys)) this.#keys.set(key.hash, knownOf(key));
    this.#cache.clear();
  }

  #find(header: string): Known {
    const key = /^Bearer +(\S+)$/i.exec(header)?.[1];
    const hash = key === undefined ? '' : sha256(key);
    const known = this.#own.get(hash) ?? this.#keys.get(hash);
    if (!known) throw new StillhouseError('unauthorized', 'Incorrect API key provided');
    if (known.revoked) throw new StillhouseError('unauthorized', `The API key ${keyInWords(known.caller)} is revoked: ask for a new one`);
    if (this.#cache.size >= CACHED) this.#cache.clear();
    this.#cache.set(header, known);
    return known;
  }

  #within(caller: Caller, project: string): Caller {
    if (project === caller.project) return caller;
    if (caller.role === 'app')
      throw new StillhouseError('forbidden', `The key ${keyInWords(caller)} is of another project than "${project.slice(0, 64)}"`);
    const known = this.#byProject.has(project);
    if (!known && !this.#isComplete())
      throw new StillhouseError(
        'unavailable',
        `Whether there is a project "${project.slice(0, 64)}" is not known yet; try again in a moment`,
      );
    if (!known) throw new StillhouseError('not_found', `There is no project "${project.slice(0, 64)}": POST /api/projects makes one`);
    return { ...caller, project };
  }
}

/**
 * A snapshot keeps the very object of a key that has not changed, save when all is read anew. Versions alone don't tell: of a registry that
 * was put back to an earlier day, the next version has a number that was there before.
 */
function sameKeys(before: RegistrySnapshot['keys'], after: RegistrySnapshot['keys']): boolean {
  const ids = Object.keys(after);
  return (
    ids.length === Object.keys(before).length && ids.every((id) => before[id] === after[id] || isDeepStrictEqual(before[id], after[id]))
  );
}

function knownOf(key: ApiKey): Known {
  const rules = rulesOf(key);
  const unlimited = Object.values(key.limits).every((limit) => limit === null);
  return {
    caller: Object.freeze({
      keyId: key.id,
      keyName: key.name,
      role: 'app',
      project: key.project,
      ...(rules ? { rules } : {}),
      ...(unlimited ? {} : { limits: key.limits }),
    }),
    expiresAtMs: key.expiresAt === null ? Infinity : Date.parse(key.expiresAt),
    revoked: key.revokedAt !== null,
  };
}

function sha256(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
