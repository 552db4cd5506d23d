import type { z } from 'zod';

/** What a schema found at a value. */
export type Issue = z.core.$ZodIssue | z.core.$ZodRawIssue;

/** What is wrong with a value, to stand behind its name: `is missing`, `must be a number, not a text`. undefined where the schema's own words are to be said. */
export function issueInWords(issue: Issue, value: unknown): string | undefined {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `has no field ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
    case 'invalid_type':
      if (value === undefined) return 'is missing';
      if (Number.isNaN(value)) return `must be ${named(String(issue.expected))}`;
      return issue.expected === 'int' && typeof value === 'number'
        ? 'must be a whole number'
        : `must be ${named(String(issue.expected))}, not ${named(typeOf(value))}`;
    case 'invalid_value':
      if (value === undefined) return 'is missing';
      return `must be one of ${issue.values.map(String).join(', ')}${typeof value === 'string' ? `, not "${value.slice(0, 100)}"` : ''}`;
    case 'invalid_format':
      return FORMATS[issue.format];
    case 'invalid_union':
      return value === undefined ? 'is missing' : undefined;
    case 'too_small':
      if (issue.origin === 'number' || issue.origin === 'int')
        return `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
      return Number(issue.minimum) === 1 ? 'must not be empty' : undefined;
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`
        : undefined;
    case 'not_multiple_of':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return undefined;
  }
}

const FORMATS: Readonly<Record<string, string | undefined>> = {
  url: 'must be an address that begins with http:// or https://',
  datetime: 'must be a time, e.g. 2026-11-28T09:30:00Z',
  uuid: 'must be a UUID',
};

const NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of fields',
  record: 'a group of fields',
  null: 'nothing',
};

const named = (type: string) => NAMES[type] ?? type;

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
