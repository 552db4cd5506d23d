import { createHash, timingSafeEqual } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import { StillhouseError } from '../../contracts/errors.ts';
import type { KeyRing } from './key-ring.ts';

/** Lets in who may read `/metrics`: everybody, or with a `metricsKey` (`STILLHOUSE_METRICS_KEY`) who sends it, or the admin key. */
export function authenticateMetrics(metricsKey: string | undefined, keys: KeyRing) {
  const expected = metricsKey === undefined ? null : sha256(`Bearer ${metricsKey}`);
  return createMiddleware(async function authenticate(c, next) {
    const authorization = c.req.header('authorization');
    const isReader = expected === null || (authorization !== undefined && timingSafeEqual(sha256(authorization), expected));
    if (!isReader && keys.callerOf(authorization).role !== 'admin')
      throw new StillhouseError('forbidden', 'Metrics are for STILLHOUSE_METRICS_KEY, or the admin key');
    await next();
  });
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
