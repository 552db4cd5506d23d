import { isStillhouseError } from '../../contracts/errors.ts';

/** Limits of the server that the store also calls `invalid_request`: sending the rows again can help there. */
const LIMITS = /^(TIMEOUT|TOO_|MEMORY_)/;

/** Whether ClickHouse refused the rows for what they are, so that sending them again can't help. */
export function isRowFault(error: unknown): boolean {
  if (!isStillhouseError(error, 'invalid_request')) return false;
  const { type } = error.data;
  return typeof type === 'string' && !LIMITS.test(type);
}
