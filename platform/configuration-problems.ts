import type { z } from 'zod';
import { issueInWords } from './issue-in-words.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/**
 * What is wrong with `stillhouse.yaml` or the environment, a clause a fault, by the places and words that a person wrote.
 * No value is repeated but those of which there are a few (a kind): another may be a secret.
 */
export function configurationProblems(issues: readonly Issue[], content: unknown, schema: z.ZodType): string {
  const unknownKinds = issues.filter((issue) => issue.path.at(-1) === 'kind').map((issue) => placeOf(issue.path.slice(0, -1), content));
  // Of a kind that is none no address and no id is known: these are no faults of their own.
  const own = issues.filter((issue) => {
    const consequence = ['id', 'baseUrl'].includes(String(issue.path.at(-1))) && at(content, issue.path) === undefined;
    return !(consequence && unknownKinds.includes(placeOf(issue.path.slice(0, -1), content)));
  });
  return own.map((issue) => problem(issue, content, schema)).join('; ');
}

function problem(issue: Issue, content: unknown, schema: z.ZodType): string {
  const place = placeOf(issue.path, content);
  const value = at(content, issue.path);
  if (value === null) return `${place} is empty: give it a value, or leave it out`;
  const words = issueInWords(issue, value);
  if (words === undefined) return `${place}: ${issue.message}`;
  const fields = issue.code === 'unrecognized_keys' ? fieldsOf(schema, issue.path) : [];
  return `${place} ${words}${fields.length > 0 ? ` (there are ${fields.join(', ')})` : ''}`;
}

/** `providers[1].models[0].id ("mine")`: with the name that the entry has in the file, so that nobody counts. */
function placeOf(path: Path, content: unknown): string {
  if (path.length === 0) return 'the file';
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  const entry = typeof path[1] === 'number' ? at(content, path.slice(0, 2)) : undefined;
  const { id, kind } = (typeof entry === 'object' && entry !== null ? entry : {}) as { id?: unknown; kind?: unknown };
  const name = [id, kind].find((known) => typeof known === 'string');
  return `${place.slice(1)}${name === undefined || path.at(-1) === 'kind' ? '' : ` ("${name}")`}`;
}

function at(content: unknown, path: Path): unknown {
  let value = content;
  for (const part of path) value = typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined;
  return value;
}

/** Names of the fields that a schema has at a path; none where it can't be told. */
function fieldsOf(schema: z.ZodType, path: Path): string[] {
  let inner = unwrapped(schema);
  for (const part of path) {
    if (inner?.type === 'array') inner = unwrapped(inner.element);
    else if (inner?.type === 'object') inner = unwrapped(inner.shape?.[String(part)]);
    else return [];
  }
  return inner?.type === 'object' ? Object.keys(inner.shape ?? {}) : [];
}

interface Definition {
  type: string;
  innerType?: z.ZodType;
  out?: z.ZodType;
  element?: z.ZodType;
  shape?: Record<string, z.ZodType>;
}

/** Without defaults, options and what is done before. */
function unwrapped(schema: z.ZodType | undefined): Definition | undefined {
  const definition = schema?._zod.def as unknown as Definition | undefined;
  const within = definition?.innerType ?? definition?.out;
  return within ? unwrapped(within) : definition;
}
