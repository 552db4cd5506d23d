import type { HttpBindings } from '@hono/node-server';
import type { KeyLimits } from '../../contracts/keys.ts';
import type { CallOrigin } from '../../contracts/traces.ts';
import type { KeyRules } from './key-rules.ts';

/** Who a bearer key belongs to. `service` is the pipeline's own key: all of `/v1`, and `GET` on `/api`. `app`: `/v1` alone. */
export interface Caller {
  keyId: string;
  /** What people call an app's key. */
  keyName?: string;
  role: 'admin' | 'service' | 'app';
  project: string;
  /** What an app's key may call; absent: all. */
  rules?: KeyRules;
  /** What an app's key may use; absent: no limit. */
  limits?: KeyLimits;
}

/** What handlers find in Hono's context. Bindings are absent under `app.request()`. */
export interface GatewayContext {
  Variables: { caller: Caller };
  Bindings: Partial<HttpBindings>;
}

/** Where a caller's calls come from, for their traces. */
export function originOf(caller: Caller): CallOrigin {
  return caller.role === 'service' ? 'pipeline' : 'app';
}
