import { ClickHouseError } from '@clickhouse/client';
import { isStillhouseError, StillhouseError } from '../../contracts/errors.ts';

/** A query that was too big for its limits: the caller can ask for less. */
const TOO_MUCH: Record<string, string> = {
  TIMEOUT_EXCEEDED: 'took longer than it may',
  TOO_SLOW: 'would take longer than it may',
  MEMORY_LIMIT_EXCEEDED: 'needs more memory than it may use',
  TOO_MANY_ROWS: 'reads more rows than it may',
  TOO_MANY_BYTES: 'reads more than it may',
  TOO_MANY_ROWS_OR_BYTES: 'has more results than it may return',
};

/** The server is there, but can't serve now. */
const NOT_NOW = new Set([
  'TOO_MANY_SIMULTANEOUS_QUERIES',
  'NETWORK_ERROR',
  'SOCKET_TIMEOUT',
  'KEEPER_EXCEPTION',
  'TABLE_IS_READ_ONLY',
  'NOT_ENOUGH_SPACE',
  'TOO_MANY_PARTS',
  'ABORTED',
  'QUERY_WAS_CANCELLED',
]);

const NOT_MIGRATED = new Set(['UNKNOWN_TABLE', 'UNKNOWN_DATABASE', 'UNKNOWN_IDENTIFIER', 'NO_SUCH_COLUMN_IN_TABLE']);
const BAD_LOGIN = new Set(['AUTHENTICATION_FAILED', 'REQUIRED_PASSWORD', 'WRONG_PASSWORD', 'UNKNOWN_USER', 'ACCESS_DENIED']);

/** A row that the table can't take; the message says which one where ClickHouse says it. */
const BAD_ROW =
  /^(CANNOT_(PARSE|READ|CONVERT|INSERT)|INCORRECT_DATA|TYPE_MISMATCH|ARGUMENT_OUT_OF_BOUND|VALUE_IS_OUT_OF_RANGE|ATTEMPT_TO_READ_AFTER_EOF|UNKNOWN_ELEMENT_OF_ENUM|UNEXPECTED_END_OF_FILE|NOT_AN_AGGREGATE$)/;

/**
 * What a failed query means to a caller: `unavailable` where asking again can help, `invalid_request` where the
 * question or the rows are at fault (`data.row` is the 1-based row where ClickHouse names it), `internal` else.
 */
export function storeFailure(error: unknown, query: string): StillhouseError {
  if (isStillhouseError(error)) return error;
  if (!(error instanceof ClickHouseError)) {
    const reason = error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code || error.name : String(error);
    return new StillhouseError('unavailable', `ClickHouse can't be reached (${query}): ${reason}`, { cause: error });
  }
  const type = error.type ?? '';
  const insert = query.startsWith('insert');
  const tooMuch = TOO_MUCH[type];
  // An insert can't ask for less: its limits say how busy the server is, and the same rows pass later.
  if (NOT_NOW.has(type) || (insert && tooMuch))
    return new StillhouseError('unavailable', `ClickHouse can't serve "${query}" now: ${brief(error)}`, { cause: error });
  if (tooMuch) {
    return new StillhouseError('invalid_request', `The query "${query}" ${tooMuch}: narrow it by time or by a filter.`, {
      cause: error,
      data: { type },
    });
  }
  if (NOT_MIGRATED.has(type)) {
    return new StillhouseError(
      'unavailable',
      `ClickHouse's tables are not as this program needs them (${brief(error)}): run the migrations.`,
      { cause: error },
    );
  }
  if (BAD_LOGIN.has(type))
    return new StillhouseError('unavailable', `ClickHouse refuses the user: ${brief(error)}`, { cause: error, retryable: false });
  if (insert && BAD_ROW.test(type)) {
    const row = /\(at row (\d+)\)/.exec(error.message)?.[1];
    return new StillhouseError('invalid_request', `ClickHouse can't take a row of "${query}": ${brief(error)}`, {
      cause: error,
      data: { type, ...(row === undefined ? {} : { row: Number(row) }) },
    });
  }
  return new StillhouseError('internal', `The query "${query}" failed: ${brief(error)}`, { cause: error, data: { type } });
}

/** The first sentence: what follows may quote rows, and rows are customers' text. */
function brief(error: ClickHouseError): string {
  return `${error.type ?? `code ${error.code}`}: ${(error.message.split('\n')[0] ?? '').replace(/(:? In scope | before: |: \(?(while|at row|Row \d)).*$/i, '').slice(0, 300)}`;
}
