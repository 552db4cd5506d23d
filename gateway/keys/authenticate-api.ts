import { createMiddleware } from 'hono/factory';
import { StillhouseError } from '../../contracts/errors.ts';
import { PROJECT_HEADER } from '../../contracts/names.ts';
import type { GatewayContext } from './caller.ts';
import { keyInWords } from './key-in-words.ts';
import type { KeyRing } from './key-ring.ts';

/** Sets the caller of a control-plane request. The service key may only read there; keys of apps have no business there. */
export function authenticateApi(keys: KeyRing) {
  return createMiddleware<GatewayContext>(async function authenticate(c, next) {
    const caller = keys.callerOf(c.req.header('authorization'), c.req.header('x-api-key'), c.req.header(PROJECT_HEADER));
    const reads = c.req.method === 'GET' || c.req.method === 'HEAD';
    if (caller.role === 'app' || (caller.role === 'service' && !reads)) {
      throw new StillhouseError(
        'forbidden',
        `The key ${keyInWords(caller)} may not ${reads ? 'read' : 'change'} this: it needs the admin key`,
      );
    }
    c.set('caller', caller);
    await next();
  });
}
