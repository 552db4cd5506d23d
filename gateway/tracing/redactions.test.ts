import { expect, test } from 'vitest';
import type { TraceRow } from '../../contracts/traces.ts';
import { Privacy } from '../../contracts/privacy.ts';
import { createLogger } from '../../platform/logger.ts';
import { traceRow } from '../../test/store/trace-fixtures.ts';
import type { CallTimes } from '../observability/observer.ts';
import { redactedMessages, redactionsOf } from './redactions.ts';

const of = (privacy: Privacy | null, sequence = 1) => redactionsOf(() => ({ privacy, sequence }), createLogger('test', 'fatal'));
const row = traceRow(0, { metadata: { mail: 'ann@example.com' }, error_message: 'ann@example.com' });

test('a project without settings has none, and one with settings has them made once', () => {
  expect(of(null)('p')).toBeNull();
  const redaction = of(Privacy.parse({ mask: ['email'] }));
  expect(redaction('p')).toBe(redaction('p'));
});

test('nothing is known of the project yet: no body is stored, and what is left is masked', () => {
  expect(of(null, 0)('p')!.row(row)).toMatchObject({ request: '', bodies: 'not_stored', metadata: { mail: '[email]' }, tokens_in: 12 });
});

test('settings that cannot be followed let no body through', () => {
  const privacy = { ...Privacy.parse({}), patterns: [{ name: 'mine', pattern: '(?=a)' }] };
  expect(of(privacy)('p')!.row(row)).toMatchObject({ request: '', bodies: 'not_stored', error_message: '[email]' });
});

test("who writes errors' messages elsewhere hears of them masked", () => {
  const heard: TraceRow[] = [];
  const observer = redactedMessages({ ended: (one) => heard.push(one) }, { redactionOf: of(Privacy.parse({ mask: ['email'] })) });
  observer.ended(row, {} as CallTimes);
  expect(heard).toEqual([{ ...row, error_message: '[email]' }]);
});
