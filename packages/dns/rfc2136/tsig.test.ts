import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerCheck, signatureOf, signed, type TsigKey } from './tsig.ts';
import { CLASS, nameBytes, OPCODE, parseMessage, recordBytes, requestBytes, TYPE, u16 } from './wire.ts';

const key: TsigKey = {
  name: 'skein.test',
  algorithm: 'hmac-sha256',
  secret: Buffer.from('a secret that both sides know', 'utf8'),
};
const now = new Date('2026-11-21T12:00:00Z');
const query = (id: number, name = 'net.example.com') =>
  requestBytes({ id, opcode: OPCODE.query, question: { name, type: TYPE.SOA } });

/** Signs as a server does: over the MAC before, and but for the first answer with the time alone (RFC 8945, 5.3.1). */
function answered(id: number, previous: Buffer, first: boolean, at = now, by = key): Buffer {
  const plain = query(id);
  plain.writeUInt16BE(0x8400, 2);
  const seconds = Buffer.alloc(8);
  seconds.writeUIntBE(at.getTime() / 1000, 0, 6);
  seconds.writeUInt16BE(300, 6);
  const length = (bytes: Buffer) => Buffer.concat([u16(bytes.length), bytes]);
  const names = [nameBytes(by.name), u16(CLASS.ANY), Buffer.alloc(4), nameBytes(by.algorithm)];
  const parts = [
    length(previous),
    plain,
    ...(first ? names : []),
    seconds,
    ...(first ? [u16(0), u16(0)] : []),
  ];
  const hmac = createHmac('sha256', by.secret);
  for (const part of parts) hmac.update(part);
  const data = Buffer.concat([
    nameBytes(by.algorithm),
    seconds,
    length(hmac.digest()),
    u16(id),
    u16(0),
    u16(0),
  ]);
  const record = { name: by.name, type: TYPE.TSIG, class: CLASS.ANY, ttlSeconds: 0, data };
  const whole = Buffer.concat([plain, recordBytes(record)]);
  whole.writeUInt16BE(1, 10);
  return whole;
}
const macOf = (message: Buffer) => signatureOf(parseMessage(message))?.mac ?? Buffer.alloc(0);

describe('signed', () => {
  it('names key, algorithm and time', () => {
    const { message, mac } = signed(query(0x1234), key, now);
    const parsed = parseMessage(message);
    expect(parsed.records.map((one) => [one.name, one.type])).toEqual([['skein.test', TYPE.TSIG]]);
    expect(signatureOf(parsed)).toEqual({
      algorithm: 'hmac-sha256',
      timeSeconds: now.getTime() / 1000,
      fudgeSeconds: 300,
      mac,
      originalId: 0x1234,
      error: 0,
      other: Buffer.alloc(0),
    });
  });

  it('leaves the message as it was, but for the count of what is added', () => {
    const plain = query(7);
    const { message } = signed(plain, key, now);
    expect(message.subarray(0, 10)).toEqual(plain.subarray(0, 10));
    expect(message.readUInt16BE(10)).toBe(1);
    expect(message.subarray(12, plain.length)).toEqual(plain.subarray(12));
  });
});

describe('answerCheck', () => {
  const { mac } = signed(query(7), key, now);
  const take = (message: Buffer, at = now) => answerCheck(key, mac)(parseMessage(message), true, at);

  it('believes an answer to our request under our key', () => {
    expect(() => take(answered(7, mac, true))).not.toThrow();
  });

  it.each([
    ['no signature', () => query(7), /no signature/],
    ['another request’s', () => answered(7, Buffer.alloc(32), true), /wrong/],
    ['another key', () => answered(7, mac, true, now, { ...key, secret: Buffer.from('another') }), /wrong/],
    ['an old time', () => answered(7, mac, true, new Date(now.getTime() - 301_000)), /too old/],
  ] as const)('does not believe one with %s', (_, message, words) => {
    expect(() => take(message())).toThrowError(words);
  });

  it('does not believe an answer in which any bit was changed', () => {
    const good = answered(7, mac, true);
    // But for its id, in whose place the original one is signed, and the record that holds the signature.
    const bits = fc.integer({ min: 16, max: query(7).length * 8 - 1 });
    fc.assert(
      fc.property(bits, (bit) => {
        const bad = Buffer.from(good);
        bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => take(bad)).toThrow();
      }),
    );
  });

  it('follows a transfer of many messages, and misses none of them', () => {
    const first = answered(7, mac, true);
    const second = answered(7, macOf(first), false);
    const third = answered(7, macOf(second), false);
    const follow = (...messages: Buffer[]) => {
      const check = answerCheck(key, mac);
      for (const [index, one] of messages.entries())
        check(parseMessage(one), index + 1 === messages.length, now);
    };
    expect(() => follow(first, second, third)).not.toThrow();
    expect(() => follow(first, third)).toThrow(/wrong/);
    expect(() => follow(first, query(7), second)).toThrow(/wrong/);
    expect(() => follow(first, query(7))).toThrow(/no signature/);
  });
});
