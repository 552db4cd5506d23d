import { TraceFilter } from '../../contracts/traces.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { nearestNames } from '../../core/nearest-names.ts';
import { refuseInvalid } from './problems.ts';

const PLAIN = Object.keys(TraceFilter.omit({ metadata: true }).shape);

/** The filter that a query string states; an unknown parameter is refused, so that a misspelt filter hides nothing. */
export function readTraceFilter(query: URLSearchParams): TraceFilter {
  const plain: Record<string, string> = {};
  const metadata: Record<string, string> = {};
  for (const [key, value] of query) {
    const pair = /^metadata\[(.+)\]$/.exec(key);
    if (pair) metadata[pair[1]!] = value;
    else if (PLAIN.includes(key)) plain[key] = value;
    else throw unknownParameter(key, [...PLAIN, 'metadata[key]']);
  }
  const parsed = TraceFilter.safeParse({ ...plain, ...(Object.keys(metadata).length > 0 ? { metadata } : {}) });
  return parsed.success ? parsed.data : refuseInvalid(parsed.error, 'the query');
}

/** An unknown parameter of a query string is refused, so that a misspelt one hides nothing. */
export function refuseUnknown(query: URLSearchParams, known: readonly string[]): void {
  for (const key of query.keys()) if (!known.includes(key)) throw unknownParameter(key, known);
}

function unknownParameter(key: string, known: readonly string[]): StillhouseError {
  const near = nearestNames(key, known);
  const hint = near.length > 0 ? `the nearest: ${near.join(', ')}` : `there are ${known.join(', ')}`;
  return new StillhouseError('invalid_request', `${key}: no such filter; ${hint}`, { param: key });
}
