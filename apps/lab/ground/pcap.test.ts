import { expect, test } from 'vitest';
import { CaptureUnreadable, framesWith, readFrames, wireguardMessage } from './pcap.ts';

function udp(payload: Buffer, options: { fragment?: number; protocol?: number } = {}): Buffer {
  const frame = Buffer.alloc(14 + 20 + 8);
  frame.writeUInt16BE(0x0800, 12);
  frame[14] = 0x45;
  frame.writeUInt16BE(28 + payload.length, 16);
  frame.writeUInt16BE(options.fragment ?? 0x4000, 20);
  frame[23] = options.protocol ?? 17;
  frame.set([198, 18, 64, 5], 26);
  frame.set([198, 18, 128, 7], 30);
  frame.writeUInt16BE(51820, 34);
  frame.writeUInt16BE(51821, 36);
  // Short frames are padded by the link: the padding is not payload.
  return Buffer.concat([frame, payload, Buffer.alloc(4)]);
}

function file(frames: Buffer[], big = false): Buffer {
  const words = (...values: number[]) => {
    const buffer = Buffer.alloc(values.length * 4);
    for (const [index, value] of values.entries()) {
      if (big) buffer.writeUInt32BE(value, index * 4);
      else buffer.writeUInt32LE(value, index * 4);
    }
    return buffer;
  };
  const head = words(0xa1b2c3d4, 0, 0, 0, 65535, 1);
  return Buffer.concat([
    head,
    ...frames.flatMap((frame, index) => [words(100 + index, 500_000, frame.length, frame.length), frame]),
  ]);
}

const message = (type: number, bytes: number) =>
  Buffer.concat([Buffer.from([type, 0, 0, 0]), Buffer.alloc(bytes - 4, 7)]);

test.each([
  [1, 148, 'initiation'],
  [2, 92, 'response'],
  [3, 64, 'cookie'],
  [4, 32, 'data'],
  [4, 1312, 'data'],
  [4, 33, null],
  [4, 16, null],
  [1, 149, null],
  [2, 148, null],
  [5, 64, null],
] as const)('a message of type %i and %i bytes: %s', (type, bytes, expected) => {
  expect(wireguardMessage(message(type, bytes))).toBe(expected);
});

test('reserved bytes must be zero', () => {
  const bent = message(4, 64);
  bent[2] = 1;
  expect(wireguardMessage(bent)).toBeNull();
});

test.each([false, true])('frames of a file (big-endian %s) are told apart', (big) => {
  const arp = Buffer.alloc(42);
  arp.writeUInt16BE(0x0806, 12);
  const secret = Buffer.from('a payload nobody may read');
  const frames = readFrames(
    file(
      [
        udp(message(4, 96)),
        arp,
        udp(secret),
        udp(message(4, 96), { fragment: 0x2000 }),
        udp(message(4, 96), { protocol: 6 }),
        udp(Buffer.concat([Buffer.from('skn1'), Buffer.alloc(39, 7)])),
        udp(Buffer.concat([Buffer.from('skn1'), Buffer.alloc(40, 7)])),
      ],
      big,
    ),
  );
  expect(frames.map(({ kind }) => kind)).toEqual([
    'wireguard',
    'arp',
    'other',
    'other',
    'other',
    'probe',
    'other',
  ]);
  expect(frames[0]).toMatchObject({
    atSeconds: 100.5,
    message: 'data',
    source: '198.18.64.5',
    destination: '198.18.128.7',
    protocol: 17,
    sourcePort: 51820,
    destinationPort: 51821,
  });
  expect(framesWith(frames, Buffer.from('nobody'))).toEqual([frames[2]]);
});

test('what is cut or foreign is not taken for empty', () => {
  expect(readFrames(file([]))).toEqual([]);
  expect(() => readFrames(Buffer.alloc(0))).toThrow(CaptureUnreadable);
  expect(() => readFrames(Buffer.from('x'.repeat(40)))).toThrow(CaptureUnreadable);
  expect(() => readFrames(file([udp(message(4, 96))]).subarray(0, -3))).toThrow('ends within a frame');
});
