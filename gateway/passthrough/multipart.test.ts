import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { FormUpload } from './form-upload.ts';
import { boundaryOf, formType } from './multipart.ts';

const form = (...parts: string[]) => `${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`;
const field = (name: string, value: string) => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;
const file = (value: string) =>
  `content-disposition: form-data; name="file"; filename="a;\\"b.bin"\r\ncontent-type: audio/mpeg\r\n\r\n${value}`;

/** What goes on of a form that comes in pieces of so many bytes. */
async function passed(text: string, size: number, onField = (_name: string, value: string): string | null => value) {
  const upload = new FormUpload({ boundary: 'b', single: ['model'], onField });
  async function* pieces() {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const out = await Array.fromAsync(upload.rewritten(pieces()));
  return { text: Buffer.concat(out).toString(), facts: upload.facts };
}

test('a form goes on byte for byte, wherever its pieces part', async () => {
  const text = form(field('model', 'ears'), file('\r\n--\r\n--a\r\nünd\r\n-'), field('empty', ''), file(''));
  for (let size = 1; size <= Buffer.byteLength(text); size++) {
    const { text: out, facts } = await passed(text, size);
    expect({ size, out }).toEqual({ size, out: text });
    expect(facts.fields).toEqual({ model: 'ears', empty: '' });
    expect(facts.files.map(({ bytes, contentType }) => [bytes, contentType])).toEqual([
      [Buffer.byteLength('\r\n--\r\n--a\r\nünd\r\n-'), 'audio/mpeg'],
      [0, 'audio/mpeg'],
    ]);
  }
});

test('a field is written anew, or taken out, and what comes behind the form is dropped', async () => {
  const text = `${form(field('provider', 'lab'), file('x'), field('model', 'ears'))}more`;
  const { text: out } = await passed(text, 7, (name, value) => (name === 'provider' ? null : name === 'model' ? 'whisper-1' : value));
  expect(out).toBe(form(file('x'), field('model', 'whisper-1')));
});

test('a field may have any name that is one, and may stand several times', async () => {
  const { facts } = await passed(form(field('a[]', '1'), field('a[]', '2'), field('__proto__', 'x')), 5);
  expect(facts.fields['a[]']).toEqual(['1', '2']);
  expect(Object.getOwnPropertyDescriptor(facts.fields, '__proto__')?.value).toBe('x');
});

test('boundaries', () => {
  expect(boundaryOf('multipart/form-data; boundary=----x1')).toBe('----x1');
  expect(boundaryOf('multipart/form-data; charset=utf-8; boundary="a b"')).toBe('a b');
  for (const odd of ['multipart/form-data', 'multipart/form-data; boundary=', 'multipart/form-data; boundary=a; boundary=b'])
    expect(() => boundaryOf(odd)).toThrow('boundary');
});

test('the content type that goes on says one boundary and nothing else', () => {
  expect(formType('----x1')).toBe('multipart/form-data; boundary=----x1');
  expect(formType('a b')).toBe('multipart/form-data; boundary="a b"');
  expect(boundaryOf(formType("a'()+,./:=? b"))).toBe("a'()+,./:=? b");
});

test('heads that say how the rest is to be read are refused', async () => {
  const part = (head: string, value = '1') => `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n--b--\r\n`;
  for (const [odd, why] of [
    [part('name="n"\r\nContent-Transfer-Encoding: quoted-printable', '=31=30'), 'content-transfer-encoding'],
    [part('name="f"; filename="a"\r\nContent-Transfer-Encoding: base64'), 'content-transfer-encoding'],
    [part('name="n"\r\nContent-Type: text/plain; charset=utf-16'), 'UTF-8'],
    [part('name="n"\r\nContent-Type: text/plain; charset=utf-8; charset=utf-16'), 'UTF-8'],
    [part('name="_charset_"', 'utf-16'), '_charset_'],
    [part('name="n[]"'), "it must be called 'n'"],
    [part('name="model.x"'), "it must be called 'model'"],
  ] as const)
    await expect(formOf(odd)).rejects.toThrow(why);
  for (const usual of ['; charset=UTF-8', '; charset="utf-8"', '; charset=ISO-8859-1', ''])
    expect((await formOf(part(`name="n"\r\nContent-Type: text/plain${usual}`))).fields).toEqual({ n: '1' });
  expect((await formOf(part('name="f"; filename="a"\r\nContent-Transfer-Encoding: binary'))).files).toHaveLength(1);
});

async function formOf(text: string): Promise<FormUpload['facts']> {
  const upload = new FormUpload({ boundary: 'b', single: ['model', 'n'], onField: (_, value) => value });
  await Array.fromAsync(upload.rewritten(Readable.from([Buffer.from(text)])));
  return upload.facts;
}
