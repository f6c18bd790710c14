import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressData,
  CLASS,
  nameBytes,
  OPCODE,
  parseMessage,
  presented,
  requestBytes,
  TYPE,
  textData,
  typeName,
} from './wire.ts';

const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9-]{0,20}[a-z0-9])?$/);
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));

describe('requestBytes', () => {
  it('reads back as what was written', () => {
    const record = fc.record({
      name,
      type: fc.constantFrom(TYPE.A, TYPE.TXT, TYPE.ANY),
      class: fc.constantFrom(CLASS.IN, CLASS.NONE, CLASS.ANY),
      ttlSeconds: fc.nat(2 ** 31 - 1),
      data: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
      fc.property(name, fc.array(record), fc.array(record), fc.nat(65_535), (zone, second, third, id) => {
        const bytes = requestBytes({
          id,
          opcode: OPCODE.update,
          question: { name: zone, type: TYPE.SOA },
          second,
          third,
        });
        const message = parseMessage(bytes);
        expect(message.id).toBe(id);
        expect(message.flags >> 11).toBe(OPCODE.update);
        expect(message.questions).toEqual([{ name: zone, type: TYPE.SOA }]);
        expect(message.answers).toBe(second.length);
        expect(message.records).toEqual([...second, ...third]);
      }),
    );
  });
});

describe('parseMessage', () => {
  it('never fails but in words, whatever a server sends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          parseMessage(Buffer.from(bytes));
        } catch (error) {
          expect(error).toMatchObject({ code: 'unavailable' });
        }
      }),
    );
  });
});

it.each([`${'a'.repeat(64)}.test`, 'a..test', `${'abcdefg.'.repeat(32)}test`])(
  'refuses the name %s',
  (bad) => {
    expect(() => nameBytes(bad)).toThrowError(expect.objectContaining({ code: 'invalid' }));
  },
);

it.each(['999.1.1.1', '::1', 'a.test', ''])('refuses the address “%s”', (bad) => {
  expect(() => addressData(bad)).toThrowError(expect.objectContaining({ code: 'invalid' }));
});

it('writes data as people do, where Skein writes it', () => {
  const of = (type: number, data: Buffer) =>
    presented({ name: 'a.test', type, class: CLASS.IN, ttlSeconds: 60, data });
  expect(of(TYPE.A, addressData('198.18.0.1'))).toBe('198.18.0.1');
  expect(of(TYPE.TXT, textData('owner=net_1'))).toBe('"owner=net_1"');
});

it.each([
  [1, 'A'],
  [16, 'TXT'],
  [46, 'RRSIG'],
  [65_280, 'TYPE65280'],
])('calls type %i %s', (type, word) => {
  expect(typeName(type)).toBe(word);
});
