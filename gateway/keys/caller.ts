import type { HttpBindings } from '@hono/node-server';
import type { Origin } from '../../contracts/traces.ts';

/** Who a bearer key belongs to. `service` is the pipeline's own key: all of `/v1`, and `GET` on `/api`. */
export interface Caller {
  keyId: string;
  role: 'admin' | 'service' | 'app';
  project: string;
}

/** What handlers find in Hono's context. Bindings are absent under `app.request()`. */
export interface GatewayContext {
  Variables: { caller: Caller };
  Bindings: Partial<HttpBindings>;
}

/** Where a caller's calls come from, for their traces. */
export function originOf(caller: Caller): Origin {
  return caller.role === 'service' ? 'pipeline' : 'app';
}
