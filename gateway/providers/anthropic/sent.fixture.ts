import type { DialectCall } from '../dialect.ts';
import { anthropicRequest } from './request.ts';

/** A call of a model whose name says no generation. */
export function callOf(body: object = {}, more: Partial<DialectCall> = {}): DialectCall {
  return {
    model: 'claude-x',
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
  return JSON.parse(anthropicRequest(callOf(body, more)).body) as Record<string, unknown>;
}
