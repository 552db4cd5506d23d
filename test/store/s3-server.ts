import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The five S3 calls that the artifact store makes, in memory; buckets are path-style. Real S3 is not reached here. */
export interface S3Server {
  url: string;
  /** Objects by path (`/bucket/key`), for tests that break one. */
  objects: Map<string, { bytes: Buffer; sha256: string | undefined }>;
  /** The next PUTs are stored, but their answer is lost. */
  loseAnswers(count: number): void;
  stop(): Promise<void>;
}

/** Starts it on a free port. */
export async function startS3Server(): Promise<S3Server> {
  const objects: S3Server['objects'] = new Map();
  let lost = 0;
  const server = createServer((request, response) => {
    void handle(request, response, objects, () => lost-- > 0);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    loseAnswers(count) {
      lost = count;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  objects: S3Server['objects'],
  lose: () => boolean,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const url = new URL(request.url!, 'http://s3');
  const path = decodeURIComponent(url.pathname);
  const fail = (status: number, code: string): void => {
    response
      .writeHead(status, { 'content-type': 'application/xml' })
      .end(code && `<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
  };
  if (!path.startsWith('/bucket')) return fail(404, 'NoSuchBucket');
  if (request.method === 'GET' && url.searchParams.get('list-type') === '2') return list(url, response, objects);
  const there = objects.get(path);
  switch (request.method ?? '') {
    case 'PUT': {
      const sum = createHash('sha256').update(bytes).digest('base64');
      const stated = request.headers['x-amz-checksum-sha256'];
      if (stated !== undefined && stated !== sum) return fail(400, 'BadDigest');
      if (there && request.headers['if-none-match'] === '*') return fail(412, 'PreconditionFailed');
      objects.set(path, { bytes, sha256: request.headers['x-amz-meta-sha256'] as string | undefined });
      if (lose()) return void request.socket.destroy();
      return void response.writeHead(200, { etag: '"e"' }).end();
    }
    case 'GET':
    case 'HEAD':
      if (!there) return fail(404, request.method === 'HEAD' ? '' : 'NoSuchKey');
      response.writeHead(200, { 'content-length': there.bytes.length, ...(there.sha256 ? { 'x-amz-meta-sha256': there.sha256 } : {}) });
      return void response.end(request.method === 'HEAD' ? undefined : there.bytes);
    case 'DELETE':
      objects.delete(path);
      return void response.writeHead(204).end();
    default:
      return fail(405, 'MethodNotAllowed');
  }
}

/** Two keys a page, so that paging is seen. */
function list(url: URL, response: ServerResponse, objects: S3Server['objects']): void {
  const prefix = url.searchParams.get('prefix') ?? '';
  const after = url.searchParams.get('continuation-token') ?? '';
  const keys = [...objects.keys()].map((path) => path.slice('/bucket/'.length)).filter((key) => key.startsWith(prefix) && key > after);
  const page = keys.sort().slice(0, 2);
  const more = keys.length > 2;
  const contents = page.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join('');
  const next = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
  response.writeHead(200, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${contents}${next}</ListBucketResult>`);
}
