import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { StillhouseError } from '../../contracts/errors.ts';

/** Seals small secrets for the registry. The place (project and provider) is authenticated: a ciphertext can't be moved to another. */
export interface SecretBox {
  /** Throws `unavailable` where no master key is set. */
  seal(secret: string, place: string): string;
  /** Throws `internal` where it is of another master key, or was altered. */
  open(sealed: string, place: string): string;
}

const FORM = 'v1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What a key is derived for: a ciphertext of one purpose can't be opened for another. */
export type SealedPurpose = 'provider keys' | 'kept answers';

/** AES-256-GCM under a key that HKDF-SHA256 (RFC 5869) derives from `STILLHOUSE_MASTER_KEY`; random nonces (NIST SP 800-38D). */
export function secretBox(masterKey: string | undefined, purpose: SealedPurpose = 'provider keys'): SecretBox {
  const key = masterKey === undefined ? null : Buffer.from(hkdfSync('sha256', masterKey, '', `stillhouse ${purpose} v1`, 32));
  const required = (): Buffer => {
    if (key) return key;
    throw new StillhouseError(
      'unavailable',
      'STILLHOUSE_MASTER_KEY is not set where the gateway runs: without it no provider key can be stored or opened. Set it (openssl rand -base64 32), the same for all gateways, or give the key by its environment variable.',
      { retryable: false },
    );
  };
  return {
    seal(secret, place) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', required(), nonce).setAAD(Buffer.from(place));
      const sealed = Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${FORM}.${sealed.toString('base64url')}`;
    },
    open(sealed, place) {
      const [form, text = ''] = sealed.split('.', 2);
      const bytes = Buffer.from(text, 'base64url');
      const masterKey = required();
      try {
        if (form !== FORM || bytes.length < NONCE_BYTES + TAG_BYTES) throw new Error('not of this form');
        const decipher = createDecipheriv('aes-256-gcm', masterKey, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(-TAG_BYTES));
        return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
      } catch (cause) {
        throw new StillhouseError(
          'internal',
          `The stored key of ${place} can't be opened: STILLHOUSE_MASTER_KEY is another one than when it was stored`,
          {
            cause,
          },
        );
      }
    },
  };
}
