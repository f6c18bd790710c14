import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMessage, encodeMessage, type Message } from './message.ts';

const nonce = Buffer.from('01234567');

test('a message comes out as it went in', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('ask' as const, 'answer' as const),
      fc.boolean(),
      fc.array(fc.tuple(fc.nat(255), fc.nat(255)), { maxLength: 40 }),
      (kind, draining, parts) => {
        const unreachable = parts.map(([a, b]) => `100.${a}.${b}.0/24`);
        const message: Message = { kind, nonce, saying: { draining, unreachable } };
        expect(decodeMessage(encodeMessage(message))).toEqual(message);
      },
    ),
  );
});

test('what is no message is none', () => {
  const whole = encodeMessage({
    kind: 'ask',
    nonce,
    saying: { draining: false, unreachable: ['100.64.2.0/24'] },
  });
  expect(whole.length).toBe(23);
  expect(decodeMessage(whole.subarray(0, 22))).toBeUndefined();
  expect(decodeMessage(Buffer.concat([whole, Buffer.alloc(1)]))).toBeUndefined();
  expect(decodeMessage(Buffer.alloc(0))).toBeUndefined();
  const other = Buffer.from(whole);
  other[7] = 9;
  expect(decodeMessage(other)).toBeUndefined();
  const wide = Buffer.from(whole);
  wide[22] = 33;
  expect(decodeMessage(wide)).toBeUndefined();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(decodeMessage(Buffer.from(bytes))).toBeUndefined();
    }),
  );
});
