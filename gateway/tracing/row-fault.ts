import { isStillhouseError } from '../../contracts/errors.ts';

/** Limits of the server that the store also calls `invalid_request`: sending the rows again can help there. */
const LIMITS = /^(TIMEOUT|TOO_|MEMORY_)/;

/** Whether ClickHouse refused the rows for what they are, so that sending them again can't help. */
export function isRowFault(error: unknown): boolean {
  return isStillhouseError(error, 'invalid_request') && !LIMITS.test(String(error.data['type'] ?? ''));
}
