import { createRoute, z } from '@hono/zod-openapi';
import { StillhouseError } from '../../contracts/errors.ts';
import { readImage } from '../../store/images/stored-images.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter } from './openapi.ts';

const show = createRoute({
  method: 'get',
  path: '/images/{sha256}',
  tags: ['traces'],
  summary: 'An image of a trace',
  description: "By the hash that stands in the trace's stored body: `stillhouse:image/<sha256>`.",
  request: { params: z.object({ sha256: z.string().max(100) }) },
  responses: {
    ...answers(200, 'The image', z.any()),
    200: { description: 'The image', content: { 'image/*': { schema: z.any() } } },
  },
});

/** Images are what callers sent: they are never to be taken for anything else. */
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
  'cache-control': 'private, max-age=86400, immutable',
};

/** Images of recorded calls, from the artifact store. */
export function imageRoutes(deps: ApiDeps) {
  return apiRouter().openapi(show, async (c) => {
    const { sha256 } = c.req.valid('param');
    const image = await readImage(deps.artifacts, c.get('caller').project, sha256.toLowerCase());
    if (!image) throw new StillhouseError('not_found', `There is no image "${sha256}" in this project.`, { param: 'sha256' });
    return new Response(new Uint8Array(image.bytes), { status: 200, headers: { ...HEADERS, 'content-type': image.type } }) as never;
  });
}
