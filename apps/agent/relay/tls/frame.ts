/**
 * Relaying over TLS, for peers that no UDP gets out of: WireGuard's packets within a WebSocket to the relay. This file:
 * how packets lie in a message, several in each: number of the channel (2 bytes), length (2 bytes), packet. Numbers are
 * big-endian; a channel's number is the port that its end would send to by UDP.
 */

const HEAD_BYTES = 4;
/** What one message holds at most, and what is taken from others. */
export const MESSAGE_BYTES = 64 * 1024;
/** A shorter one is nothing of WireGuard's or ours. */
const LEAST_BYTES = 4;

export interface Packet {
  readonly channel: number;
  readonly bytes: Buffer;
}

/** What a packet takes in a message. */
export function framedBytes(packet: Packet): number {
  return HEAD_BYTES + packet.bytes.length;
}

/** One message of these packets, which must fit into `MESSAGE_BYTES`. */
export function encodeFrames(packets: readonly Packet[]): Buffer {
  let size = 0;
  for (const packet of packets) size += framedBytes(packet);
  const message = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { channel, bytes } of packets) {
    message.writeUInt16BE(channel, at);
    message.writeUInt16BE(bytes.length, at + 2);
    bytes.copy(message, at + HEAD_BYTES);
    at += HEAD_BYTES + bytes.length;
  }
  return message;
}

/** The packets of a message, as views into it; undefined where it is not one whole sequence of them. */
export function decodeFrames(message: Buffer): Packet[] | undefined {
  const packets: Packet[] = [];
  let at = 0;
  while (at < message.length) {
    if (message.length - at < HEAD_BYTES) return undefined;
    const length = message.readUInt16BE(at + 2);
    const end = at + HEAD_BYTES + length;
    if (length < LEAST_BYTES || end > message.length) return undefined;
    packets.push({ channel: message.readUInt16BE(at), bytes: message.subarray(at + HEAD_BYTES, end) });
    at = end;
  }
  return packets;
}

/** The first four bytes of WireGuard's four messages, and of a question about paths (`skn1`). */
const FIRST_BYTES: ReadonlySet<number> = new Set([
  0x01000000, 0x02000000, 0x03000000, 0x04000000, 0x736b6e31,
]);

/** Whether a packet looks like what relays are for, as the kernel's relay asks too. */
export function looksRight(bytes: Buffer): boolean {
  return bytes.length >= LEAST_BYTES && FIRST_BYTES.has(bytes.readUInt32BE(0));
}
