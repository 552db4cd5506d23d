import { createHash, randomBytes } from 'node:crypto';
import { KEY_PREFIX } from '../../contracts/keys.ts';

/** A key of which only the hash is kept. */
export interface NewKey {
  id: string;
  /** `sk-sh-` and 256 random bits. Shown once. */
  secret: string;
  hash: string;
  /** The secret's beginning: 24 of its 256 bits, to find it again by. */
  hint: string;
}

/** Makes a key; `random` gives so many random bytes. */
export function newKey(random: (bytes: number) => Buffer = randomBytes): NewKey {
  const secret = `${KEY_PREFIX}${random(32).toString('base64url')}`;
  const hash = createHash('sha256').update(secret).digest('hex');
  return { id: `key_${random(9).toString('base64url')}`, secret, hash, hint: secret.slice(0, KEY_PREFIX.length + 4) };
}
