import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Privacy } from '../../contracts/privacy.ts';
import { traceRow, uuidAt } from '../../test/store/trace-fixtures.ts';
import { redactionOf } from './redaction.ts';

const of = (privacy: object) => redactionOf(Privacy.parse(privacy));
const masked = (privacy: object, request: object | string, response: object | string = '') => {
  const [asked, answered] = [request, response].map((body) => (typeof body === 'string' ? body : JSON.stringify(body)));
  return of(privacy).row(traceRow(0, { request: asked!, response: answered! }));
};

test('no address survives in a row, wherever a caller or a model may write one, JSON within JSON included', () => {
  const { row } = of({ mask: ['email'] });
  fc.assert(
    fc.property(fc.emailAddress(), fc.integer({ min: 0, max: 3 }), (address, levels) => {
      let inner: string = address;
      for (let level = 0; level < levels; level++) inner = JSON.stringify({ to: [inner] });
      const escaped = JSON.stringify(inner).replaceAll('@', '\\u0040');
      const kept = row(
        traceRow(0, {
          request: `{"messages":[{"role":"user","content":${escaped}}],"tools":[{"description":${JSON.stringify(inner)},${JSON.stringify(address)}:1}]}`,
          response: `{"choices":[{"message":{"content":null,"tool_calls":[{"function":{"name":"send","arguments":${escaped}}}]}}]}`,
          prompt_text: inner,
          answer_text: inner,
          error_message: `no mail to ${address}`,
          user_id: address,
          session_id: address,
          metadata: { [address]: inner },
          tools_called: [address],
          parameters: JSON.stringify({ stop: [address] }),
        }),
      );
      const all = JSON.stringify(kept);
      expect(all).not.toContain(address.slice(address.indexOf('@') + 1));
      expect(all).not.toContain('u0040');
      JSON.parse(kept.request);
      JSON.parse(kept.response);
    }),
  );
});

test('what is masked, and what is left as it is', () => {
  const request =
    '{"messages":[{"role":"user","content":"card 4111 1111 1111 1111 of ann@example.com, +49 151 23456789"}],"card":5555555555554444,"seed":12345678901234567890}';
  expect(masked({ mask: ['card', 'phone'] }, request).request).toBe(
    '{"messages":[{"role":"user","content":"card [card] of ann@example.com, [phone]"}],"card":"[card]","seed":12345678901234567890}',
  );
  expect(masked({ mask: ['email'] }, 'no JSON: ann@example.com').request).toBe('no JSON: [email]');
  expect(masked({ mask: ['email'] }, '{"cut":"ann@example.com').request).toBe('{"cut":"[email]');
  expect(masked({}, request)).toEqual({
    ...traceRow(0, { request, response: '' }),
    id: expect.any(String),
    tools: [],
    tools_called: [],
    parameters: '',
  });
});

test('pictures in a request are left out where the project says so, and are not looked into otherwise', () => {
  const image = 'data:image/png;base64,sk-4111111111111111'.replace('-', '/');
  const body = { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: image } }] }] };
  expect(masked({ mask: ['card', 'secret'] }, body).request).toBe(JSON.stringify(body));
  expect(masked({ mask: ['image'] }, body).request).toBe(JSON.stringify(body).replace(image, '[image]'));
});

test("the project's own patterns, before all else", () => {
  const privacy = {
    mask: ['email'],
    patterns: [
      { name: 'order', pattern: '(?i)ord-[0-9]{4,}' },
      { name: 'internal', pattern: '[a-z]+@corp[.]example' },
    ],
  };
  expect(masked(privacy, { note: 'ORD-12345 by ann@corp.example, bob@example.com' }).request).toBe(
    '{"note":"[order] by [internal], [email]"}',
  );
});

test.each([
  ['(a', 'missing closing'],
  ['(?=a)', "RE2's syntax"],
  ['(a)\\1', "RE2's syntax"],
  ['a*', 'each match must have a letter'],
  ['\\b', 'each match must have a letter'],
  ['(\\w{0,300}){3}x', 'too large'],
])('the pattern %s is refused by name', (pattern, sentence) => {
  expect(() => of({ patterns: [{ name: 'mine', pattern }] })).toThrow(sentence);
  expect(() => of({ patterns: [{ name: 'mine', pattern }] })).toThrow(
    expect.objectContaining({ code: 'invalid_request', param: 'privacy.patterns.0.pattern' }),
  );
});

test('a pattern that would take for ever elsewhere takes a look at each letter', () => {
  const { text } = of({
    patterns: [
      { name: 'x', pattern: '(a+)+$' },
      { name: 'y', pattern: '(a|aa)+b' },
      { name: 'z', pattern: '(.*a){10}c' },
    ],
  });
  expect(text(`${'a'.repeat(50_000)}!`)).toHaveLength(50_001);
});

test('with own patterns a body that is too long for them is not stored', () => {
  const privacy = { patterns: [{ name: 'order', pattern: 'ord-[0-9]+' }] };
  expect(masked(privacy, { long: 'x'.repeat(4 * 1024 * 1024) })).toMatchObject({
    request: '',
    prompt_text: '',
    bodies: 'too_long_to_mask',
    tokens_in: 12,
  });
  expect(masked({ mask: ['email'] }, { long: 'x'.repeat(5 * 1024 * 1024) }).bodies).toBeUndefined();
});

test('fields are removed from bodies, arguments, metadata, and from what was made of them', () => {
  const row = traceRow(0, {
    request: '{"messages":[{"role":"user","content":"my secret wish"}],"user":"ann","metadata":{"account":"77","plan":"a"}}',
    response:
      '{"choices":[{"message":{"content":"{\\"ssn\\": \\"12\\", \\"ok\\": 1}","tool_calls":[{"function":{"arguments":"{\\"customer\\":{\\"name\\":\\"Ann\\"}}"}}]}}]}',
    prompt_text: 'my secret wish',
    answer_text: '{"ssn": "12", "ok": 1}',
    parameters: '{"safety_identifier":"ann"}',
    user_id: 'ann',
    session_id: 's-1',
    metadata: { account: '77', plan: 'a', session_id: 's-1' },
  });
  const fields = ['messages.content', 'user', 'metadata.account', 'session_id', 'ssn', 'customer.name', 'safety_identifier'];
  const kept = of({ fields }).row(row);
  expect(kept).toMatchObject({
    request: '{"messages":[{"role":"user","content":"[removed]"}],"user":"[removed]","metadata":{"account":"[removed]","plan":"a"}}',
    prompt_text: '[removed]',
    answer_text: '{"ssn": "[removed]", "ok": 1}',
    parameters: '{"safety_identifier":"[removed]"}',
    user_id: '[removed]',
    session_id: '[removed]',
    metadata: { account: '[removed]', plan: 'a', session_id: '[removed]' },
  });
  expect(kept.response).not.toMatch(/12|Ann/);
  expect(of({ fields: ['name'] }).row(row).response).not.toContain('Ann');
  expect(of({ fields: ['other.name'] }).row(row).response).toBe(row.response);
});

test('tokens of an answer would tell in pieces what is masked in its text', () => {
  const response = {
    choices: [
      { message: { content: 'ann@example.com' }, logprobs: { content: [{ token: 'ann' }, { token: '@example' }, { token: '.com' }] } },
    ],
  };
  expect(masked({ mask: ['email'] }, {}, response).response).toBe('{"choices":[{"message":{"content":"[email]"},"logprobs":null}]}');
  expect(masked({ fields: ['ssn'] }, {}, response).response).toBe(JSON.stringify(response));
});

test('the share of bodies is a share of the calls, the same for the same call, with all that is counted', () => {
  const share = (storeBodies: number, ids: readonly string[]) =>
    ids.filter((id) => of({ storeBodies }).row(traceRow(0, { id })).request !== '');
  const ids = Array.from({ length: 4000 }, (_, i) => uuidAt(1_764_000_000_000 + i));
  const stored = share(0.25, ids);
  expect(stored.length / ids.length).toBeCloseTo(0.25, 1);
  expect(share(0.25, ids)).toEqual(stored);
  // Who stores more stores these, too.
  expect(share(0.5, stored)).toEqual(stored);
  expect([share(0, ids).length, share(1, ids).length]).toEqual([0, ids.length]);
  const row = traceRow(0, { metadata: { a: 'b' } });
  expect(of({ storeBodies: 0 }).row(row)).toEqual({
    ...row,
    request: '',
    response: '',
    prompt_text: '',
    answer_text: '',
    bodies: 'not_stored',
    tools: [],
    tools_called: [],
    parameters: '',
  });
});

test('what the pipeline calls its runs is kept', () => {
  const row = traceRow(0, { origin: 'pipeline', metadata: { run: '4111111111111111' }, prompt_text: '4111111111111111' });
  expect(of({ mask: ['card'], fields: ['run'] }).row(row)).toMatchObject({ metadata: row.metadata, prompt_text: '[card]' });
});

test("a call's start is masked as its trace is", () => {
  const start = { s: 1, v: 1, metadata: { mail: 'ann@example.com', account: '7' } } as unknown as Parameters<
    ReturnType<typeof of>['start']
  >[0];
  expect(of({ mask: ['email'], fields: ['account'] }).start(start).metadata).toEqual({ mail: '[email]', account: '[removed]' });
});
