import { StillhouseError } from '../../contracts/errors.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/;

/** Refuses an address that others can reach while the admin key is one that was generated, not one that an operator set. */
export function checkListenAddress(host: string, adminKeySet: boolean): void {
  if (adminKeySet || LOOPBACK.test(host)) return;
  throw new StillhouseError(
    'invalid_request',
    `STILLHOUSE_HOST is ${host}, which other machines can reach: set STILLHOUSE_ADMIN_KEY to a key of your own first, or leave STILLHOUSE_HOST at 127.0.0.1`,
  );
}
