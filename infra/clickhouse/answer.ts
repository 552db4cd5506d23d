import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { constants, createBrotliCompress, createDeflate, createGzip, createZstdCompress } from 'node:zlib';
import type { FailureAnswer } from './engine-failure.ts';
import type { AnswerSink, Work } from './answer-sink.ts';

/** The answer to one request, in the making. */
export interface Answer {
  sink: AnswerSink;
  end(work: Work): void;
  fail(failure: FailureAnswer): void;
}

/** Flushed block by block: a reader of a stream must not wait for a full compression window. */
const ENCODERS: Record<string, () => Writable & { pipe(to: Writable): unknown }> = {
  gzip: () => createGzip({ level: 3, flush: constants.Z_SYNC_FLUSH }),
  deflate: () => createDeflate({ level: 3, flush: constants.Z_SYNC_FLUSH }),
  br: () => createBrotliCompress({ flush: constants.BROTLI_OPERATION_FLUSH, params: { [constants.BROTLI_PARAM_QUALITY]: 3 } }),
  zstd: () => createZstdCompress({ flush: constants.ZSTD_e_flush }),
};

/**
 * Writes an answer as a server does: headers with the format and the summary, the body compressed where the client
 * asked for it, and an error that comes after the first block as a marked block at the end of the body.
 */
export function createAnswer(request: IncomingMessage, response: ServerResponse, queryId: string): Answer {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  // A client that goes away is no error of ours.
  response.on('error', () => gone.abort());
  const tag = randomBytes(8).toString('hex');
  let body: Writable = response;
  response.setHeader('x-clickhouse-query-id', queryId);
  response.setHeader('x-clickhouse-server-display-name', 'stillhouse-embedded');
  response.setHeader('x-clickhouse-timezone', 'UTC');
  let begun = false;

  const begin = (format: string) => {
    if (begun) return;
    begun = true;
    response.setHeader('content-type', contentType(format));
    response.setHeader('x-clickhouse-format', format);
    response.setHeader('x-clickhouse-exception-tag', tag);
    response.setHeader('x-clickhouse-summary', summary({ readRows: 0, readBytes: 0, writtenRows: 0, writtenBytes: 0 }));
    const encoding = encodingOf(request);
    if (encoding === null) return;
    response.setHeader('content-encoding', encoding);
    const encoder = ENCODERS[encoding]!();
    encoder.pipe(response);
    encoder.on('error', () => gone.abort());
    body = encoder;
  };

  return {
    sink: {
      begin,
      gone: gone.signal,
      async write(bytes) {
        if (gone.signal.aborted || bytes.length === 0) return;
        // The engine frees a block once the next is fetched; the socket may still hold it then.
        if (!body.write(Buffer.from(bytes))) await once(body, 'drain', { signal: gone.signal }).catch(() => {});
      },
    },
    end(work) {
      begin('TabSeparated');
      if (!response.headersSent) response.setHeader('x-clickhouse-summary', summary(work));
      body.end();
    },
    fail(failure) {
      if (response.headersSent) {
        const bytes = Buffer.byteLength(failure.body);
        body.end(`\r\n__exception__\r\n${tag}\r\n${failure.body}${bytes} ${tag}\r\n__exception__\r\n`);
        return;
      }
      response.removeHeader('content-encoding');
      response.writeHead(failure.status, {
        'content-type': 'text/plain; charset=UTF-8',
        'x-clickhouse-exception-code': String(failure.code),
      });
      response.end(failure.body);
    },
  };
}

function encodingOf(request: IncomingMessage): string | null {
  // A server compresses only where the query asks for it besides the header.
  const asked = /[?&]enable_http_compression=(1|true)\b/.test(request.url ?? '');
  const accepted = String(request.headers['accept-encoding'] ?? '').toLowerCase();
  if (!asked) return null;
  return ['br', 'zstd', 'gzip', 'deflate'].find((name) => new RegExp(`(^|[\\s,])${name}([\\s,;]|$)`).test(accepted)) ?? null;
}

function summary(work: Work): string {
  const { readRows, readBytes, writtenRows, writtenBytes } = work;
  const numbers = {
    read_rows: readRows,
    read_bytes: readBytes,
    written_rows: writtenRows,
    written_bytes: writtenBytes,
    total_rows_to_read: readRows,
  };
  const texts = Object.entries({ ...numbers, result_rows: 0, result_bytes: 0, elapsed_ns: 0 }).map(([name, n]) => [name, String(n)]);
  return JSON.stringify(Object.fromEntries(texts));
}

function contentType(format: string): string {
  if (/^(JSONEachRow|JSONLines|NDJSON|JSONCompactEachRow|JSONStringsEachRow)/i.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (/^JSON/i.test(format)) return 'application/json; charset=UTF-8';
  if (/^(TSV|TabSeparated)/i.test(format)) return 'text/tab-separated-values; charset=UTF-8';
  if (/^CSV/i.test(format)) return 'text/csv; charset=UTF-8; header=absent';
  if (/^(Native|RowBinary|Parquet|Arrow|ORC|Avro|MsgPack|Protobuf)/i.test(format)) return 'application/octet-stream';
  return 'text/plain; charset=UTF-8';
}
