/** DNS messages as bytes (RFC 1035, RFC 2136), over `dns-packet`'s codecs of names and record data. Pure. */
import { isIPv4 } from 'node:net';
import packet from 'dns-packet';
import { DnsError } from '../provider.ts';

export const TYPE = { A: 1, NS: 2, CNAME: 5, SOA: 6, TXT: 16, TSIG: 250, AXFR: 252, ANY: 255 } as const;
export const CLASS = { IN: 1, NONE: 254, ANY: 255 } as const;
export const OPCODE = { query: 0, update: 5 } as const;

interface DataCodec {
  /** Both with the two bytes of length in front. */
  encode(data: unknown): Buffer;
  decode(buffer: Buffer, offset: number): unknown;
}
/** What `dns-packet` exports beyond its types. */
const codec = packet as unknown as {
  name: { encode(text: string): Buffer; decode: { (buffer: Buffer, offset: number): string; bytes: number } };
  record(type: string): DataCodec;
};
const typeNames = new Map<number, string>();

/** `A`, or `TYPE65280` for one that has no name here. */
export function typeName(type: number): string {
  const known = typeNames.get(type);
  if (known) return known;
  // A question of that type, decoded by the library that knows the names.
  const question = Buffer.concat([
    Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
    u16(type),
    u16(CLASS.IN),
  ]);
  const name = packet.decode(question).questions?.[0]?.type ?? '';
  const answer = /^[A-Z0-9]+$/.test(name) && !/^UNKNOWN/.test(name) ? name : `TYPE${type}`;
  typeNames.set(type, answer);
  return answer;
}

export interface WireRecord {
  name: string;
  type: number;
  class: number;
  ttlSeconds: number;
  data: Buffer;
}

export interface Message {
  id: number;
  /** The whole second word: flags, opcode, rcode. */
  flags: number;
  questions: { name: string; type: number }[];
  /** Answers, authorities and additionals, in order. */
  records: WireRecord[];
  /** Records of the first section alone: answers. */
  answers: number;
  /** Where the last record starts: a signature, where there is one, is the last. */
  lastOffset: number;
  bytes: Buffer;
}

export const rcodeOf = (message: Message) => message.flags & 15;
export const isAuthoritative = (message: Message) => (message.flags & 0x0400) !== 0;

export function u16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16BE(value);
  return buffer;
}

/** In lower case, uncompressed: the form that signatures are made over. @throws DnsError `invalid` for no DNS name. */
export function nameBytes(name: string): Buffer {
  const plain = name.toLowerCase().replace(/\.$/, '');
  const labels = plain === '' ? [] : plain.split('.');
  const long = labels.find((label) => label === '' || Buffer.byteLength(label) > 63);
  if (long !== undefined || Buffer.byteLength(plain) > 253)
    throw new DnsError('invalid', `“${name}” is no DNS name: a label has 1 to 63 bytes, a name at most 253.`);
  return codec.name.encode(plain === '' ? '.' : plain);
}

export function recordBytes(record: WireRecord): Buffer {
  const ttl = Buffer.alloc(4);
  ttl.writeUInt32BE(record.ttlSeconds);
  const { type, data } = record;
  return Buffer.concat([nameBytes(record.name), u16(type), u16(record.class), ttl, u16(data.length), data]);
}

export function addressData(address: string): Buffer {
  if (!isIPv4(address)) throw new DnsError('invalid', `“${address}” is no IPv4 address.`);
  return codec.record('A').encode(address).subarray(2);
}
/** @param text one character string, without quotes. */
export const textData = (text: string) => codec.record('TXT').encode([text]).subarray(2);

/**
 * A request. Sections are those of its opcode: of an update they are zone, prerequisites, updates, additional.
 * @param id 16 random bits.
 */
export function requestBytes(request: {
  id: number;
  opcode: number;
  question: { name: string; type: number };
  second?: readonly WireRecord[];
  third?: readonly WireRecord[];
}): Buffer {
  const { second = [], third = [], question } = request;
  const counts = [1, second.length, third.length, 0].map(u16);
  return Buffer.concat([
    u16(request.id),
    u16(request.opcode << 11),
    ...counts,
    nameBytes(question.name),
    u16(question.type),
    u16(CLASS.IN),
    ...[...second, ...third].map(recordBytes),
  ]);
}

/** @throws DnsError `unavailable` for what is no DNS message: who answers is no name server. */
export function parseMessage(bytes: Buffer): Message {
  try {
    const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
    let offset = 12;
    let lastOffset = offset;
    const name = () => {
      const text = codec.name.decode(bytes, offset);
      offset += codec.name.decode.bytes;
      return text === '.' ? '' : text.toLowerCase();
    };
    const message: Message = {
      id: bytes.readUInt16BE(0),
      flags: bytes.readUInt16BE(2),
      questions: [],
      records: [],
      answers: answers ?? 0,
      lastOffset,
      bytes,
    };
    for (let i = 0; i < (questions ?? 0); i++) {
      message.questions.push({ name: name(), type: bytes.readUInt16BE(offset) });
      offset += 4;
    }
    const records = (answers ?? 0) + (authorities ?? 0) + (additionals ?? 0);
    for (let i = 0; i < records; i++) {
      lastOffset = offset;
      const owner = name();
      const length = bytes.readUInt16BE(offset + 8);
      const end = offset + 10 + length;
      if (end > bytes.length) throw new RangeError('record beyond the end');
      message.records.push({
        name: owner,
        type: bytes.readUInt16BE(offset),
        class: bytes.readUInt16BE(offset + 2),
        ttlSeconds: bytes.readUInt32BE(offset + 4),
        data: bytes.subarray(offset + 10, end),
      });
      offset = end;
    }
    return { ...message, lastOffset };
  } catch (error) {
    if (error instanceof DnsError) throw error;
    throw new DnsError('unavailable', 'The name server’s answer is no DNS message.');
  }
}

/** A name that stands in a record's data; a compressed one points into the whole message. */
export function nameAt(message: Message, record: WireRecord): string {
  return codec.name.decode(message.bytes, record.data.byteOffset - message.bytes.byteOffset).toLowerCase();
}

/** Data as people write it, for what Skein writes itself (A, TXT); of other types as hexadecimal digits. */
export function presented(record: WireRecord): string {
  const whole = Buffer.concat([u16(record.data.length), record.data]);
  if (record.type === TYPE.A) return String(codec.record('A').decode(whole, 0));
  if (record.type === TYPE.TXT)
    return (codec.record('TXT').decode(whole, 0) as Buffer[]).map((one) => `"${one}"`).join(' ');
  return record.data.toString('hex');
}
