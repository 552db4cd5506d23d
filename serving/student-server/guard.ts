import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { StillhouseError } from '../../contracts/errors.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/;
const THIS_MACHINE = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i;

export interface GuardOptions {
  /** The address that the server listens on. */
  host: string;
  /** Bearer key; needed where other machines can reach the server. */
  key: string | undefined;
}

/** Refuses an address that others can reach without a key. */
export function checkGuard({ host, key }: GuardOptions): void {
  if (LOOPBACK.test(host) || key !== undefined) return;
  throw new StillhouseError(
    'invalid_request',
    `STILLHOUSE_HOST is ${host}, which other machines can reach: set STILLHOUSE_SERVICE_KEY for the student server and the gateways, or leave STILLHOUSE_HOST at 127.0.0.1`,
  );
}

/**
 * On loopback the server has no key, as the embedded ClickHouse: a page in the user's browser must not reach it, neither
 * directly (it would send an `Origin`, or for an image's address a `Sec-Fetch-Site`) nor by a name that was bound to
 * 127.0.0.1 (the `Host` would be foreign). Elsewhere the key decides.
 */
export function guard({ host, key }: GuardOptions): MiddlewareHandler {
  const local = LOOPBACK.test(host);
  const expected = key === undefined ? null : digest(`Bearer ${key}`);
  return async function guarded(c, next) {
    if (c.req.header('origin') !== undefined || c.req.header('sec-fetch-site') !== undefined) {
      throw new StillhouseError('forbidden', 'Requests of a browser are refused: the student server is for gateways.');
    }
    const asked = c.req.header('host') ?? '';
    if (local && !THIS_MACHINE.test(asked)) {
      throw new StillhouseError('forbidden', `Requests for the host "${asked}" are refused: this student server serves this machine only.`);
    }
    if (!local && !timingSafeEqual(digest(c.req.header('authorization') ?? ''), expected!)) {
      throw new StillhouseError('unauthorized', 'The student server takes the key of STILLHOUSE_SERVICE_KEY');
    }
    await next();
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
