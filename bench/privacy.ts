/** `npm run bench:privacy`: what a project's privacy settings cost a call, and what they cost a project without any. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { DETECTORS, Privacy } from '../contracts/privacy.ts';
import { redactionOf } from '../core/privacy/redaction.ts';
import { redactionsOf } from '../gateway/tracing/redactions.ts';
import { createLogger } from '../platform/logger.ts';
import { traceRow } from '../test/store/trace-fixtures.ts';

const WORDS = 'The quick brown fox jumps over the lazy dog, and order ORD-4711 of ann.lee@example.com went by. ';
const PATTERNS = ['ORD-[0-9]+', '[A-Z]{2}-\\d{4}-[A-Z]{2}', '(?i)customer no\\.? *\\d+'];

/** A call whose request has about so many bytes. */
function rowOf(bytes: number) {
  const content = WORDS.repeat(Math.ceil(bytes / WORDS.length));
  const request = JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] });
  const response = JSON.stringify({ choices: [{ message: { role: 'assistant', content: WORDS }, finish_reason: 'stop' }] });
  return traceRow(0, { request, response, prompt_text: content, answer_text: WORDS, metadata: { run: 'a' } });
}

/** Microseconds a turn, the median of five rounds. */
function measure(turns: number, turn: () => unknown): number {
  const rounds = Array.from({ length: 6 }, () => {
    const began = performance.now();
    for (let i = 0; i < turns; i++) turn();
    return ((performance.now() - began) / turns) * 1000;
  });
  return rounds.slice(1).toSorted((a, b) => a - b)[2]!;
}

const none = redactionsOf(() => ({ privacy: null, sequence: 1 }), createLogger('bench', 'warn'));
const detectors = redactionOf(Privacy.parse({ mask: DETECTORS }));
const own = redactionOf(Privacy.parse({ mask: DETECTORS, patterns: PATTERNS.map((pattern, i) => ({ name: `own-${i}`, pattern })) }));
const small = rowOf(2_000);
const withoutUs = measure(1_000_000, () => none(small.project)?.row(small) ?? small);
console.log(`no settings: ${withoutUs.toFixed(4)} µs a call`);
const rows = [2_000, 32_000, 256_000].map((bytes) => {
  const row = rowOf(bytes);
  const turns = Math.ceil(4_000_000 / bytes);
  const detectorsUs = measure(turns, () => detectors.row(row));
  const withPatternsUs = measure(turns, () => own.row(row));
  const { bodies } = own.row(row);
  console.log(
    `${bytes / 1000} kB: all detectors ${detectorsUs.toFixed(0)} µs; and three patterns ${withPatternsUs.toFixed(0)} µs${bodies ? ` (${bodies})` : ''}`,
  );
  return { bytes, detectorsUs, withPatternsUs };
});
mkdirSync('bench/results', { recursive: true });
writeFileSync('bench/results/privacy.json', `${JSON.stringify({ withoutUs, rows }, null, 2)}\n`);
