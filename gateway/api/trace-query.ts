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
    else throw new StillhouseError('invalid_request', `${key}: ${unknownParameter(key)}`, { param: key });
  }
  const parsed = TraceFilter.safeParse({ ...plain, ...(Object.keys(metadata).length > 0 ? { metadata } : {}) });
  return parsed.success ? parsed.data : refuseInvalid(parsed.error, 'the query');
}

function unknownParameter(key: string): string {
  const near = nearestNames(key, [...PLAIN, 'metadata[key]']);
  return `no such filter; ${near.length > 0 ? `the nearest: ${near.join(', ')}` : `there are ${PLAIN.join(', ')} and metadata[key]`}`;
}
