import { OpenAPIHono, z } from '@hono/zod-openapi';
import { Problem, page } from '../../contracts/http.ts';
import type { GatewayContext } from '../keys/caller.ts';
import { refuseInvalid } from './problems.ts';

/** An empty router of the API: what its schemas refuse is answered with problem details. */
export function apiRouter(): OpenAPIHono<GatewayContext> {
  return new OpenAPIHono<GatewayContext>({
    defaultHook: (result) => {
      if (!result.success) refuseInvalid(result.error, PLACES[result.target as keyof typeof PLACES] ?? result.target);
    },
  });
}

const PLACES = { json: 'the body', query: 'the query', param: 'the path', header: 'the headers' } as const;

/**
 * The schema under a name of its own in the OpenAPI document. The contracts are made before `zod` learns `.openapi`, so
 * that the method is borrowed from the prototype.
 */
export function named<T extends z.ZodType>(name: string, schema: T): T {
  return z.ZodType.prototype.openapi.call(schema, name) as unknown as T;
}

/** A page of a named resource. */
export function pageOf<T extends z.ZodType>(name: string, item: T) {
  return named(`${name}Page`, page(item));
}

const problem = named('Problem', Problem);
const REFUSAL = { description: 'Refused or failed: problem details', content: { 'application/problem+json': { schema: problem } } };
/** Problem details by status; every route may answer with the first five. */
const REFUSALS = { '400': REFUSAL, '401': REFUSAL, '403': REFUSAL, '404': REFUSAL, '503': REFUSAL } as const;

/** Answers of a route: a JSON body with `status`, and the refusals as documentation. */
export function answers<S extends 200 | 201 | 202, T extends z.ZodType>(status: S, description: string, schema: T) {
  const good = { [status]: { description, content: { 'application/json': { schema } } } } as Record<
    S,
    { description: string; content: { 'application/json': { schema: T } } }
  >;
  return { ...good, ...refusals };
}

/** As `Record<never, never>` for TypeScript: a handler answers with its good case only, refusals are thrown. */
export const refusals: Record<never, never> = REFUSALS;

/** The JSON body of a request. */
export function jsonBody<T extends z.ZodType>(schema: T) {
  return { content: { 'application/json': { schema } }, required: true } as const;
}
