import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TEXT_MASKS } from './detectors.ts';

const { email, phone, card, secret } = TEXT_MASKS;
/** Letters that are part of no address, around it. */
const around = fc.stringMatching(/^[a-z ]{0,20}[ ,;:<>()]$/);

describe('e-mail', () => {
  test('no address survives, whatever stands around it', () => {
    fc.assert(
      fc.property(around, fc.emailAddress(), around, (before, address, after) => {
        const masked = email(`${before}${address}${after}`);
        expect(masked).toContain('[email]');
        expect(masked).not.toContain(address);
        expect(masked).not.toContain(address.slice(address.indexOf('@')));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['write to ann.lee@example.com!', 'write to [email]!'],
    ['mailto:ann@example.co.uk?subject=x', 'mailto:[email]?subject=x'],
    ['Jörg: jörg@müller.de, 李@例子.公司', 'Jörg: [email], [email]'],
    ['"ann lee"@example.com', '[email]'],
    ['/?to=ann%40example.com&x=1', '[email]&x=1'],
    ['cut off: {"to":"ann\\u0040example.com', 'cut off: {"to":"[email]'],
    ['cut by a limit: ann@exam', 'cut by a limit: [email]'],
    ['ann@[192.168.0.1] ann@xn--bcher-kva.example', '[email] [email]'],
    ['a@b.com,c@d.org;e@f.net', '[email],[email];[email]'],
  ])('%s', (text, masked) => expect(email(text)).toBe(masked));

  test.each(['@ann said so', 'claude@20240229 is a model', 'a @ b', 'import "@scope/name"', '50%40'])('%s stays', (text) => {
    expect(email(text)).toBe(text);
  });
});

describe('card', () => {
  const digits = fc
    .tuple(fc.constantFrom('4', '51', '37', '6011', '35'), fc.stringMatching(/^\d{9,14}$/))
    .map(([network, rest]) => `${network}${rest}`);
  const number = digits.filter((all) => all.length >= 12 && all.length <= 18).map((all) => all + checkDigit(all));

  test('no number whose check digit is right survives, in groups or not', () => {
    fc.assert(
      fc.property(
        around,
        number,
        fc.constantFrom('', ' ', '-'),
        fc.constantFrom('', ' a', '.', ',', ')', '- b'),
        (before, plain, separator, after) => {
          const written = plain.replace(/(\d{4})(?=\d)/g, `$1${separator}`);
          expect(card(`${before}${written}${after}`)).toBe(`${before}[card]${after}`);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['4111 1111 1111 1111 123', '[card] 123'],
    ['12 4111-1111-1111-1111', '12 [card]'],
    ['3782 822463 10005', '[card]'],
    ['卡号4111111111111111。', '卡号[card]。'],
    ['(4111-1111-1111-1111)-', '([card])-'],
    ['4111111111111111 5555555555554444', '[card] [card]'],
  ])('%s', (text, masked) => expect(card(text)).toBe(masked));

  test.each([
    '4111 1111 1111 1112',
    '0.4111111111111111',
    '1764200000000',
    '41111111111111114111',
    '41111111-1111-1111-8111-111111111111',
    'f4111111111111111a',
    'x4111111111111111',
    '1234',
  ])('%s stays', (text) => {
    expect(card(text)).toBe(text);
  });
});

describe('phone', () => {
  test.each([
    ['+49 151 23456789', '[phone]'],
    ['call +1-555-123-4567 now', 'call [phone] now'],
    ['0049 (0)30 123456', '[phone]'],
    ['030 / 123 456 78', '[phone]'],
    ['01512345678', '[phone]'],
    ['(555) 123-4567 or 555.123.4567', '[phone] or [phone]'],
    ['+86 138 0013 8000', '[phone]'],
  ])('%s', (text, masked) => expect(phone(text)).toBe(masked));

  test('ids are numbers of nobody', () => {
    const ids = fc.tuple(fc.uuid(), fc.stringMatching(/^[0-9a-f]{64}$/)).map(([uuid, hash]) => `${uuid} ${hash}`);
    fc.assert(
      fc.property(ids, (text) => {
        expect(phone(card(text))).toBe(text);
      }),
      { numRuns: 20_000 },
    );
  });

  test.each([
    '2026-01-15T10:00:00+01:00',
    'order 5551234567',
    '0.123456789',
    '1764200000',
    '127.0.0.1',
    '0191a2b3-0123-7abc-8def-001234567890',
    '$1,200,000',
  ])('%s stays', (text) => expect(phone(text)).toBe(text));
});

describe('secret', () => {
  const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\n-----END RSA PRIVATE KEY-----';
  test.each([
    ['sk-proj-abcDEF0123456789_abcdef', '[secret]'],
    ['key=sk-ant-api03-abcdefghijklmn', 'key=[secret]'],
    ['ghp_abcdefghijklmnopqrstuvwxyz0123456789', '[secret]'],
    ['AKIAIOSFODNN7EXAMPLE', '[secret]'],
    ['Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-_123', 'Bearer [secret]'],
    [`a ${pem} b`, 'a [secret] b'],
    [pem.slice(0, 50), '[secret]'],
    ['xoxb-123456789012-abcdef', '[secret]'],
  ])('%s', (text, masked) => expect(secret(text)).toBe(masked));

  test.each(['task-management-and-more-words', 'sk-learn-is-a-library-of-python', 'hf_hub', '-----BEGIN CERTIFICATE-----'])(
    '%s stays',
    (text) => {
      expect(secret(text)).toBe(text);
    },
  );
});

// A megabyte of what would make a search start anew at each letter: with such a search this does not end within the test's time.
test.each(Object.entries(TEXT_MASKS))('%s takes no more than a look at each letter', (_, mask) => {
  for (const unit of [
    'a',
    '@',
    'a@',
    'a.',
    '1',
    '1 ',
    '+1',
    '0',
    '01 ',
    'sk-',
    'eyJ',
    'eyJaaaaaaaaaa.',
    '-----BEGIN PRIVATE KEY-----',
    '"',
    '%40',
    '4 ',
  ])
    mask(unit.repeat(1_000_000 / unit.length));
});

function checkDigit(digits: string): string {
  const sum = Array.from(digits)
    .toReversed()
    .reduce((all, digit, i) => all + (i % 2 === 0 ? [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][Number(digit)]! : Number(digit)), 0);
  return String((10 - (sum % 10)) % 10);
}
