/** Signatures of DNS messages with a shared key (TSIG, RFC 8945). Pure: the time is an argument. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { DnsError } from '../provider.ts';
import { CLASS, type Message, nameBytes, recordBytes, TYPE, u16, type WireRecord } from './wire.ts';

export interface TsigKey {
  name: string;
  algorithm: 'hmac-sha256' | 'hmac-sha512';
  secret: Buffer;
}

/** Of difference that two clocks may have. */
const FUDGE_SECONDS = 300;
/** Of messages in a row that a transfer may leave unsigned (RFC 8945, 5.3.1). */
const MOST_UNSIGNED = 99;

interface Signature {
  algorithm: string;
  timeSeconds: number;
  fudgeSeconds: number;
  mac: Buffer;
  originalId: number;
  error: number;
  other: Buffer;
}

const u48 = (value: number) => {
  const buffer = Buffer.alloc(6);
  buffer.writeUIntBE(value, 0, 6);
  return buffer;
};
const timers = (it: Signature) => Buffer.concat([u48(it.timeSeconds), u16(it.fudgeSeconds)]);
const withLength = (bytes: Buffer) => Buffer.concat([u16(bytes.length), bytes]);

function macOf(key: TsigKey, parts: readonly Buffer[]): Buffer {
  const hmac = createHmac(key.algorithm === 'hmac-sha512' ? 'sha512' : 'sha256', key.secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

function variables(key: TsigKey, it: Signature): Buffer {
  const name = nameBytes(key.name);
  return Buffer.concat([
    name,
    u16(CLASS.ANY),
    Buffer.alloc(4),
    nameBytes(key.algorithm),
    timers(it),
    u16(it.error),
    withLength(it.other),
  ]);
}

/** The request with its signature, and the MAC that the answer's is made over. */
export function signed(message: Buffer, key: TsigKey, now: Date): { message: Buffer; mac: Buffer } {
  const signature: Signature = {
    algorithm: key.algorithm,
    timeSeconds: Math.floor(now.getTime() / 1000),
    fudgeSeconds: FUDGE_SECONDS,
    mac: Buffer.alloc(0),
    originalId: message.readUInt16BE(0),
    error: 0,
    other: Buffer.alloc(0),
  };
  const mac = macOf(key, [message, variables(key, signature)]);
  const data = Buffer.concat([
    nameBytes(key.algorithm),
    timers(signature),
    withLength(mac),
    u16(signature.originalId),
    u16(0),
    u16(0),
  ]);
  const record: WireRecord = { name: key.name, type: TYPE.TSIG, class: CLASS.ANY, ttlSeconds: 0, data };
  const whole = Buffer.concat([message, recordBytes(record)]);
  whole.writeUInt16BE(message.readUInt16BE(10) + 1, 10);
  return { message: whole, mac };
}

/** The signature that a message ends with, or undefined. */
export function signatureOf(message: Message): Signature | undefined {
  const last = message.records.at(-1);
  if (last?.type !== TYPE.TSIG) return undefined;
  const { data } = last;
  let at = 0;
  const labels: string[] = [];
  // RFC 8945 forbids compression in here.
  for (let length = data[at++] ?? 0; length > 0; length = data[at++] ?? 0) {
    labels.push(data.toString('latin1', at, at + length).toLowerCase());
    at += length;
  }
  try {
    const macLength = data.readUInt16BE(at + 8);
    const after = at + 10 + macLength;
    return {
      algorithm: labels.join('.'),
      timeSeconds: data.readUIntBE(at, 6),
      fudgeSeconds: data.readUInt16BE(at + 6),
      mac: data.subarray(at + 10, after),
      originalId: data.readUInt16BE(after),
      error: data.readUInt16BE(after + 2),
      other: data.subarray(after + 6, after + 6 + data.readUInt16BE(after + 4)),
    };
  } catch {
    throw new DnsError('unavailable', 'The name server’s signature cannot be read.');
  }
}

/** The message as it was before it was signed. */
function unsignedBytes(message: Message, signature: Signature): Buffer {
  const bytes = Buffer.from(message.bytes.subarray(0, message.lastOffset));
  bytes.writeUInt16BE(signature.originalId, 0);
  bytes.writeUInt16BE(bytes.readUInt16BE(10) - 1, 10);
  return bytes;
}

/**
 * Checks the answers to one request, message by message; a zone transfer has many.
 * @returns a check to call with each message in turn; `last` demands that it be signed itself.
 */
export function answerCheck(key: TsigKey, requestMac: Buffer) {
  let previous = requestMac;
  let first = true;
  let between: Buffer[] = [];
  /** @throws DnsError `unavailable` for an answer that its server did not sign, or not for us, or not now. */
  return (message: Message, last: boolean, now: Date): void => {
    const signature = signatureOf(message);
    if (!signature) {
      between.push(message.bytes);
      if (first || last || between.length > MOST_UNSIGNED)
        throw new DnsError(
          'unavailable',
          'The name server’s answer carries no signature; it is not believed.',
        );
      return;
    }
    const trust = first ? variables(key, signature) : timers(signature);
    const mac = macOf(key, [withLength(previous), ...between, unsignedBytes(message, signature), trust]);
    const good =
      signature.algorithm === key.algorithm &&
      signature.mac.length === mac.length &&
      timingSafeEqual(signature.mac, mac);
    if (!good)
      throw new DnsError(
        'unavailable',
        'The signature of the name server’s answer is wrong; it is not believed.',
      );
    if (Math.abs(signature.timeSeconds - now.getTime() / 1000) > signature.fudgeSeconds)
      throw new DnsError('unavailable', 'The name server’s answer is too old to be believed.');
    previous = signature.mac;
    first = false;
    between = [];
  };
}
