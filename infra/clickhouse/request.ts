import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import { EngineFailure } from './engine-failure.ts';
import { multipartFields } from './multipart.ts';

/** A request to ClickHouse's HTTP interface, read whole. */
export interface ClickHouseRequest {
  /** The query's text; with data behind it where an INSERT brings some in the same place. */
  query: string;
  /** What the body held besides the query: an INSERT's data. */
  data: Buffer;
  database: string;
  defaultFormat: string | null;
  queryId: string | null;
  parameters: Map<string, string>;
  settings: Map<string, string>;
}

/** Bodies are held in memory: an insert must be one block, or its token would not guard all of it. */
const MAX_BODY_BYTES = 512 * 1024 * 1024;

/** Parameters of the interface itself, and settings that only steer a server's HTTP handler. */
const NOT_SETTINGS = new Set([
  'query',
  'database',
  'query_id',
  'default_format',
  'user',
  'password',
  'quota_key',
  'role',
  'stacktrace',
  'compress',
  'decompress',
  'buffer_size',
  'wait_end_of_query',
  'client_protocol_version',
  'enable_http_compression',
  'http_zlib_compression_level',
  'http_native_compression_disable_checksumming_on_decompress',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'http_write_exception_in_output_format',
  'add_http_cors_header',
  'cancel_http_readonly_queries_on_client_close',
  'http_wait_end_of_query',
]);

const DECODERS: Record<string, (bytes: Buffer) => Promise<Buffer>> = {
  gzip: promisify<Buffer, Buffer>(gunzip),
  'x-gzip': promisify<Buffer, Buffer>(gunzip),
  deflate: promisify<Buffer, Buffer>(inflate),
  br: promisify<Buffer, Buffer>(brotliDecompress),
  zstd: promisify<Buffer, Buffer>(zstdDecompress),
};

/** Reads a request: the query from the URL, a multipart part or the body; what is left of the body is data. */
export async function readRequest(request: IncomingMessage, url: URL): Promise<ClickHouseRequest> {
  const body = await decoded(await bodyOf(request), request.headers['content-encoding']);
  const fields = new Map<string, string>();
  let data: Buffer = body;
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('multipart/form-data')) {
    for (const [name, value] of multipartFields(body, type)) fields.set(name, value);
    data = Buffer.alloc(0);
  }
  const all = [...fields, ...url.searchParams];
  if (all.some(([name]) => name === 'session_id')) {
    throw new EngineFailure(48, 'NOT_IMPLEMENTED', 'The embedded ClickHouse has no HTTP sessions: state settings with each query.');
  }
  const fromUrl = fields.get('query') ?? url.searchParams.get('query');
  return {
    query: fromUrl ?? data.toString('utf8'),
    data: fromUrl === null ? Buffer.alloc(0) : data,
    database: url.searchParams.get('database') ?? header(request, 'x-clickhouse-database') ?? 'default',
    defaultFormat: url.searchParams.get('default_format') ?? header(request, 'x-clickhouse-format') ?? null,
    queryId: url.searchParams.get('query_id'),
    parameters: new Map(all.filter(([name]) => name.startsWith('param_')).map(([name, value]) => [name.slice('param_'.length), value])),
    settings: new Map(all.filter(([name]) => !name.startsWith('param_') && !NOT_SETTINGS.has(name))),
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES)
      throw new EngineFailure(307, 'TOO_MANY_BYTES', `The body is larger than ${MAX_BODY_BYTES} bytes: send it in parts.`);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

async function decoded(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (!encoding || encoding === 'identity') return body;
  const decode = DECODERS[encoding];
  if (!decode) throw new EngineFailure(89, 'UNKNOWN_COMPRESSION_METHOD', `Unknown compression method '${encoding}' of the body.`);
  try {
    return await decode(body);
  } catch (error) {
    throw new EngineFailure(354, 'ZLIB_INFLATE_FAILED', `The body is not ${encoding}: ${(error as Error).message}`);
  }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
