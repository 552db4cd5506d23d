import type { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { StillhouseError } from '../../contracts/errors.ts';
import type { GatewayContext } from '../keys/caller.ts';

/** JSON is parsed whole: larger ones come as files, which are streamed. */
const MAX_JSON_BYTES = 32 * 1024 * 1024;

/** Puts a limit before those routes that take JSON; to be called before they are mounted. Files that are uploaded have limits of their own. */
export function limitJsonBodies(api: OpenAPIHono<GatewayContext>, routers: readonly OpenAPIHono<GatewayContext>[]): void {
  const limit = bodyLimit({
    maxSize: MAX_JSON_BYTES,
    onError() {
      throw new StillhouseError('body_too_large', `JSON may have ${MAX_JSON_BYTES} bytes at most.`);
    },
  });
  for (const definition of routers.flatMap((router) => router.openAPIRegistry.definitions)) {
    if (definition.type !== 'route' || !definition.route.request?.body?.content['application/json']) continue;
    api.on(definition.route.method.toUpperCase(), honoPath(definition.route.path), limit);
  }
}

/** `/keys/{id}` of a description as Hono has it. */
export function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
