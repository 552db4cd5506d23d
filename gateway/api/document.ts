import type { OpenAPIHono } from '@hono/zod-openapi';
import type { GatewayContext } from '../keys/caller.ts';

type OpenApiDocument = ReturnType<OpenAPIHono['getOpenAPI31Document']>;

/** The OpenAPI 3.1 document of the control plane. */
export function describeApi(api: OpenAPIHono<GatewayContext>): OpenApiDocument {
  const document = api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Stillhouse',
      version: '0.1.0',
      description:
        'The control plane: traces, datasets, distillations, students and aliases. Calls of apps go to /v1, in the dialect of OpenAI.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: '/api' }],
    security: [{ key: [] }],
  });
  document.components = { ...document.components, securitySchemes: { key: { type: 'http', scheme: 'bearer' } } };
  return document;
}
