import type { HttpBindings } from '@hono/node-server';

/** What a call's handler needs of a request: Hono's context has it, and so has what the hot path makes of Node's own objects. */
export interface Inbound {
  readonly req: {
    /** Value of a header, by its name in small letters. */
    header(name: string): string | undefined;
    readonly raw: Request;
    readonly path: string;
  };
  /** Node's own objects; absent under `app.request()`. */
  readonly env: Partial<HttpBindings>;
}
