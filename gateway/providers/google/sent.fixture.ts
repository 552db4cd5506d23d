import type { DialectCall } from '../dialect.ts';
import { googleRequest } from './request.ts';

/** A call of a model that thinks by a budget. */
export function callOf(body: object = {}, more: Partial<DialectCall> = {}): DialectCall {
  return {
    model: 'gemini-2.5-flash',
    body: { messages: [{ role: 'user', content: 'Hi' }], ...body },
    stream: false,
    lenient: false,
    prefix: '',
    now: 1,
    ...more,
  };
}

/** What goes out for it. */
export function sent(body: object = {}, more: Partial<DialectCall> = {}): Record<string, unknown> {
  return JSON.parse(googleRequest(callOf(body, more)).body) as Record<string, unknown>;
}
