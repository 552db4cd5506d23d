import { TraceFilter } from '../../contracts/traces.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { nearestNames } from '../../core/nearest-names.ts';
import { refuseInvalid } from './problems.ts';

const PLAIN = Object.keys(TraceFilter.omit({ metadata: true }).shape);

/** The filter that a query string states; an unknown parameter is refused, so that a misspelt filter hides nothing. */
export function readTraceFilter(query: URLSearchParams): TraceFilter {
  const { plain, metadata } = splitMetadata(query);
  refuseUnknown(plain, PLAIN, 'metadata[key]');
  const parsed = TraceFilter.safeParse({ ...Object.fromEntries(plain), metadata });
  return parsed.success ? parsed.data : refuseInvalid(parsed.error, 'the query');
}

/** A query string without its `metadata[key]=value`, and these; undefined where there are none. */
export function splitMetadata(query: URLSearchParams): { plain: URLSearchParams; metadata: Record<string, string> | undefined } {
  const plain = new URLSearchParams();
  const pairs: [string, string][] = [];
  for (const [name, value] of query) {
    const key = /^metadata\[(.+)\]$/.exec(name)?.[1];
    if (key === undefined) plain.append(name, value);
    else pairs.push([key, value]);
  }
  return { plain, metadata: pairs.length > 0 ? Object.fromEntries(pairs) : undefined };
}

/** An unknown parameter of a query string is refused, so that a misspelt one hides nothing. */
export function refuseUnknown(query: URLSearchParams, known: readonly string[], ...more: string[]): void {
  const key = [...query.keys()].find((name) => !known.includes(name));
  if (key === undefined) return;
  const near = nearestNames(key, known);
  const hint = near.length > 0 ? `the nearest: ${near.join(', ')}` : `there are ${[...known, ...more].join(', ')}`;
  throw new StillhouseError('invalid_request', `${key}: no such filter; ${hint}`, { param: key });
}
