import { expect, test } from 'vitest';
import { z } from 'zod';
import { issueInWords } from './issue-in-words.ts';

const Shape = z.strictObject({
  name: z.string(),
  kind: z.enum(['a', 'b']).optional(),
  count: z.int().min(1).max(5).optional(),
  share: z.coerce.number().positive().lt(1).optional(),
  list: z.array(z.string()).min(1).optional(),
  either: z.union([z.string(), z.number()]),
  at: z.iso.datetime().optional(),
  id: z.uuid().optional(),
  url: z.url().optional(),
  own: z.string().regex(/^x$/, 'must be x').optional(),
});

/** What is said of a value, by the first field at fault. */
function said(value: unknown): string {
  const { error } = Shape.safeParse(value, { error: (issue) => issueInWords(issue, issue.input) });
  return `${error!.issues[0]!.path.join('.')}: ${error!.issues[0]!.message}`;
}

test.each([
  [[], ': must be a group of fields, not a list'],
  [{ either: 1 }, 'name: is missing'],
  [{ name: 'n' }, 'either: is missing'],
  [{ name: null, either: 1 }, 'name: must be a text, not nothing'],
  [{ name: 'n', either: 1, more: 1, less: 2 }, ': has no field "more", "less"'],
  [{ name: 'n', either: 1, kind: 'c' }, 'kind: must be one of a, b, not "c"'],
  [{ name: 'n', either: 1, kind: 3 }, 'kind: must be one of a, b'],
  [{ name: 'n', either: 1, count: 1.5 }, 'count: must be a whole number'],
  [{ name: 'n', either: 1, count: '1' }, 'count: must be a number, not a text'],
  [{ name: 'n', either: 1, count: 0 }, 'count: must be at least 1'],
  [{ name: 'n', either: 1, count: 6 }, 'count: must be at most 5'],
  [{ name: 'n', either: 1, share: 'x' }, 'share: must be a number'],
  [{ name: 'n', either: 1, share: 0 }, 'share: must be more than 0'],
  [{ name: 'n', either: 1, share: 1 }, 'share: must be less than 1'],
  [{ name: 'n', either: 1, list: [] }, 'list: must not be empty'],
  [{ name: 'n', either: 1, at: 'noon' }, 'at: must be a time, e.g. 2026-11-28T09:30:00Z'],
  [{ name: 'n', either: 1, id: '7' }, 'id: must be a UUID'],
  [{ name: 'n', either: 1, url: 'lab' }, 'url: must be an address that begins with http:// or https://'],
  [{ name: 'n', either: 1, own: 'y' }, 'own: must be x'],
])('%j', (value, sentence) => {
  expect(said(value)).toBe(sentence);
});
