import { isStillhouseError } from '../../contracts/errors.ts';

/** Whether ClickHouse refused the rows for what they are, so that sending them again can't help. */
export function isRowFault(error: unknown): boolean {
  return isStillhouseError(error, 'invalid_request') && typeof error.data['type'] === 'string';
}
