import type { IncomingMessage } from 'node:http';

/**
 * Why a request is refused; null where it may pass. The embedded ClickHouse has no password: a page in the user's
 * browser must not reach it, neither directly (it would send an `Origin`, or for an image's address a `Sec-Fetch-Site`)
 * nor by a name that was bound to 127.0.0.1 (the `Host` would be foreign).
 */
export function refusal(request: IncomingMessage): string | null {
  if (request.headers.origin !== undefined) return 'Requests with an Origin header are refused: this ClickHouse is not for browsers.';
  if (request.headers['sec-fetch-site'] !== undefined) return 'Requests of a browser are refused: this ClickHouse is not for browsers.';
  const host = request.headers.host ?? '';
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(host))
    return `Requests for the host "${host}" are refused: this ClickHouse serves this machine only.`;
  return null;
}
