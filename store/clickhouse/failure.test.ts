import { ClickHouseError } from '@clickhouse/client';
import { expect, it } from 'vitest';
import { StillhouseError } from '../../contracts/errors.ts';
import { storeFailure } from './failure.ts';

const error = (type: string, message = 'sentence') => new ClickHouseError({ code: '1', type, message });

it.each([
  [error('TIMEOUT_EXCEEDED'), 'invalid_request', false, /took longer/],
  [error('TOO_MANY_ROWS_OR_BYTES'), 'invalid_request', false, /narrow it/],
  [error('TOO_MANY_SIMULTANEOUS_QUERIES'), 'unavailable', true, /now/],
  [error('UNKNOWN_TABLE'), 'unavailable', true, /migrations/],
  [error('AUTHENTICATION_FAILED'), 'unavailable', false, /user/],
  [error('LOGICAL_ERROR'), 'internal', false, /LOGICAL_ERROR/],
  [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), 'unavailable', true, /ECONNREFUSED/],
  [Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), 'unavailable', true, /ECONNREFUSED/],
])('%s is %s', (cause, code, retryable, message) => {
  expect(storeFailure(cause, 'list things')).toMatchObject({ code, retryable, message: expect.stringMatching(message) });
});

it.each(['TIMEOUT_EXCEEDED', 'MEMORY_LIMIT_EXCEEDED', 'TOO_MANY_BYTES'])('an insert that met %s is sent again later', (type) => {
  expect(storeFailure(error(type), 'insert into candidates')).toMatchObject({ code: 'unavailable', retryable: true });
});

it('names the row that an insert was refused for, and quotes nothing of it', () => {
  const cause = error(
    'CANNOT_PARSE_INPUT_ASSERTION_FAILED',
    "Cannot parse input: expected '\"' before: 'secret text': (while reading the value of key v): (at row 12)\n",
  );
  const failure = storeFailure(cause, 'insert into traces');
  expect(failure).toMatchObject({ code: 'invalid_request', data: { row: 12 } });
  expect(failure.message).not.toContain('secret');
});

it('passes our own errors on', () => {
  const ours = new StillhouseError('conflict', 'x');
  expect(storeFailure(ours, 'q')).toBe(ours);
});
