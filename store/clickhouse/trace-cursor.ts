import { z } from 'zod';
import { StillhouseError } from '../../contracts/errors.ts';

/** Where a page of traces ended: ClickHouse does not sort UUIDs by time, so the time is part of it. */
export interface TraceCursor {
  /** ISO 8601, UTC, milliseconds. */
  ts: string;
  id: string;
}

const Shape = z.tuple([z.iso.datetime(), z.uuid()]);

/** The opaque text that callers hand back. */
export function encodeTraceCursor(cursor: TraceCursor): string {
  return Buffer.from(JSON.stringify([cursor.ts, cursor.id])).toString('base64url');
}

/** What `encodeTraceCursor` made; anything else is `invalid_request`. */
export function decodeTraceCursor(text: string): TraceCursor {
  try {
    const [ts, id] = Shape.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    return { ts, id };
  } catch {
    throw new StillhouseError('invalid_request', 'The cursor is not one that this list gave out.', { param: 'cursor' });
  }
}
