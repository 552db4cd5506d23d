import { expect, test } from 'vitest';
import { emptySnapshot } from '../aliases/apply-versions.ts';
import { parseEmbeddingsRequest } from '../embeddings/embeddings-request.ts';
import { CancelSignal } from './cancel-signal.ts';
import { embeddingsAnswer } from './embeddings-answer.ts';
import { googleError } from './google/answer.ts';
import { googleEmbeddings } from './google/embeddings.ts';

/** What a caller gets for this answer of Google's. */
function given(body: unknown, { status = 200, ...asked }: { status?: number; input?: unknown; encoding_format?: string } = {}) {
  const request = parseEmbeddingsRequest(JSON.stringify({ model: 'x', input: ['one', 'two'], ...asked }), undefined, false);
  const call = { model: 'embed-1', request, snapshot: emptySnapshot('default'), signal: new CancelSignal() };
  const parts = { dialect: { error: googleError }, embeddings: googleEmbeddings, call, id: 'google' };
  const answer = embeddingsAnswer({ form: 'whole', status, headers: {}, text: JSON.stringify(body) }, parts);
  if (answer.form !== 'whole') throw new Error('a stream came');
  return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.text) as unknown };
}

const two = { embeddings: [{ values: [0.5, -1] }, { values: [2, 3] }] };

test('vectors in OpenAI’s shape; tokens that nobody counted are estimated', () => {
  expect(given(two)).toEqual({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: {
      object: 'list',
      data: [
        { object: 'embedding', index: 0, embedding: [0.5, -1] },
        { object: 'embedding', index: 1, embedding: [2, 3] },
      ],
      model: 'embed-1',
      usage: { prompt_tokens: expect.any(Number), total_tokens: expect.any(Number) },
    },
  });
});

test('base64 is of 32-bit floats, the lowest byte first', () => {
  const { body } = given(two, { encoding_format: 'base64' }) as { body: { data: { embedding: string }[] } };
  expect(body.data.map(({ embedding }) => embedding)).toEqual(['AAAAPwAAgL8=', 'AAAAQAAAQEA=']);
});

test('fewer or more vectors than texts are no answer: a text would get another’s', () => {
  for (const input of ['one', ['one'], ['one', 'two', 'three']]) {
    expect(() => given(two, { input })).toThrow(expect.objectContaining({ code: 'upstream_invalid' }));
  }
});

test('an error is in OpenAI’s shape, with its status', () => {
  const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1.5s' }];
  const error = { code: 429, message: 'slow down', status: 'RESOURCE_EXHAUSTED', details };
  expect(given({ error }, { status: 429 })).toMatchObject({
    status: 429,
    headers: { 'retry-after-ms': '1500', 'retry-after': '2' },
    body: { error: { message: 'slow down', code: 'RESOURCE_EXHAUSTED' } },
  });
});
