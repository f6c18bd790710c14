import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFrames, encodeFrames, looksRight, MESSAGE_BYTES, type Packet } from './frame.ts';
import { newPace } from './pace.ts';
import { newStrangers } from './strangers.ts';

const anyPacket: fc.Arbitrary<Packet> = fc.record({
  channel: fc.integer({ min: 0, max: 65_535 }),
  bytes: fc.uint8Array({ minLength: 4, maxLength: 1500 }).map((bytes) => Buffer.from(bytes)),
});

test('packets come out of a message as they went in', () => {
  fc.assert(
    fc.property(fc.array(anyPacket, { maxLength: 40 }), (packets) => {
      const message = encodeFrames(packets);
      expect(message.length).toBeLessThanOrEqual(MESSAGE_BYTES);
      expect(decodeFrames(message)).toEqual(packets);
    }),
    { numRuns: 200 },
  );
});

test('whatever else comes is refused as a whole, or is what encodes to the same bytes', () => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    // Nearly right: a message with one byte changed, cut or added.
    fc
      .tuple(
        fc.array(anyPacket, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        fc.nat(255),
        fc.constantFrom(0, 1, 2),
      )
      .map(([packets, at, value, how]) => {
        const message = encodeFrames(packets);
        const place = at % message.length;
        if (how === 1) return message.subarray(0, place);
        if (how === 2) return Buffer.concat([message, Buffer.from([value])]);
        message[place] = value;
        return message;
      }),
  );
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const packets = decodeFrames(Buffer.from(bytes));
      if (packets) expect(encodeFrames(packets).equals(Buffer.from(bytes))).toBe(true);
    }),
    { numRuns: 2000 },
  );
  expect(decodeFrames(Buffer.from('6dc40004', 'hex'))).toBeUndefined();
  expect(decodeFrames(Buffer.from('6dc40003aabbcc', 'hex'))).toBeUndefined();
});

test('only what begins as WireGuard’s messages or ours looks right', () => {
  for (const hex of ['01000000aa', '02000000', '03000000', '04000000bb', '736b6e31'])
    expect(looksRight(Buffer.from(hex, 'hex'))).toBe(true);
  for (const hex of ['', '040000', '05000000', '04000001', '47455420'])
    expect(looksRight(Buffer.from(hex, 'hex'))).toBe(false);
});

test('a pace lets through its rate and one burst, and no more', () => {
  const pace = newPace(1000, 0);
  let passed = 0;
  for (let at = 0; at < 1000; at += 1)
    for (let count = 0; count < 10; count += 1) passed += pace.lets(1000, at) ? 1000 : 0;
  // 1,000 kilobytes in this second, and 200 at once.
  expect(passed).toBeGreaterThan(1_150_000);
  expect(passed).toBeLessThanOrEqual(1_200_000);
});

test('of strangers there are never too many, of one address even fewer, and none for long', () => {
  let now = 0;
  const ended: number[] = [];
  const strangers = newStrangers<{ remotePort: number }>(
    () => now,
    ({ remotePort }) => ended.push(remotePort),
  );
  for (let port = 0; port < 20; port += 1) strangers.enter({ remotePort: port }, '198.51.100.1');
  expect(ended).toEqual([0, 1, 2, 3]);
  // Others still get in while one address comes often.
  strangers.enter({ remotePort: 100 }, '198.51.100.2');
  strangers.known('198.51.100.2', 100);
  for (let port = 200; port < 400; port += 1)
    strangers.enter({ remotePort: port }, `203.0.113.${port - 200}`);
  expect(ended).not.toContain(100);
  expect(ended).toHaveLength(4 + 16 + 200 - 128);
  now = 10_001;
  strangers.sweep();
  expect(ended).toHaveLength(20 + 200);
});
