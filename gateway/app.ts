import { Hono } from 'hono';
import type { GatewayContext } from './keys/caller.ts';

/** What the app is put together from. */
export interface AppParts {
  /** The control plane, from `gateway/api/api.ts`; mounted at `/api` behind the key check. */
  api: Hono<GatewayContext>;
}

/** The gateway's routes: data plane `/v1`, control plane `/api`, console files. */
export function createApp(parts: AppParts): Hono<GatewayContext> {
  const app = new Hono<GatewayContext>();
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.route('/api', parts.api);
  return app;
}
