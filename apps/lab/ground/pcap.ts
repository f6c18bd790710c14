/**
 * Reads a capture (pcap, Ethernet) and says of each frame whether it has the shape of WireGuard. Pure.
 * File format: pcap-savefile(5). Message shapes: the WireGuard paper, section 5.4.
 */

export type WireguardMessage = 'initiation' | 'response' | 'cookie' | 'data';

export interface Frame {
  /** Seconds since 1970. */
  atSeconds: number;
  /** `probe`: an agent tries a way; `arp` carries no data of anybody; `other` is all that is none of these. */
  kind: 'wireguard' | 'probe' | 'arp' | 'other';
  message: WireguardMessage | null;
  /** Addresses and the IP protocol's number; null where the frame is no IPv4. */
  source: string | null;
  destination: string | null;
  protocol: number | null;
  sourcePort: number | null;
  destinationPort: number | null;
  /** The whole frame, from the hardware addresses on. */
  bytes: Buffer;
}

/** A file that is no such capture, or ends within a frame. */
export class CaptureUnreadable extends Error {
  readonly code = 'capture_unreadable';
}

const ETHERNET = 1;
const FILE_HEADER_BYTES = 24;
const FRAME_HEADER_BYTES = 16;
/** magic number as little-endian bytes read it, to byte order and fraction of a second */
const MAGIC: Record<number, { little: boolean; fraction: number }> = {
  2712847316: { little: true, fraction: 1e6 },
  3569595041: { little: false, fraction: 1e6 },
  2712812621: { little: true, fraction: 1e9 },
  1295823521: { little: false, fraction: 1e9 },
};

/** All frames of a capture in order. Throws CaptureUnreadable. */
export function readFrames(file: Buffer): Frame[] {
  const magic = file.length >= FILE_HEADER_BYTES ? MAGIC[file.readUInt32LE(0)] : undefined;
  if (magic === undefined) throw new CaptureUnreadable('not a pcap file');
  const word = (at: number) => (magic.little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  if ((word(20) & 0xffff) !== ETHERNET) throw new CaptureUnreadable(`link type ${word(20)} is not Ethernet`);
  const frames: Frame[] = [];
  for (let at = FILE_HEADER_BYTES; at < file.length; ) {
    if (at + FRAME_HEADER_BYTES > file.length) throw new CaptureUnreadable('ends within a frame');
    const [kept, whole] = [word(at + 8), word(at + 12)];
    const start = at + FRAME_HEADER_BYTES;
    if (kept !== whole) throw new CaptureUnreadable('holds frames cut short');
    if (start + kept > file.length) throw new CaptureUnreadable('ends within a frame');
    frames.push({
      atSeconds: word(at) + word(at + 4) / magic.fraction,
      ...parseFrame(file.subarray(start, start + kept)),
    });
    at = start + kept;
  }
  return frames;
}

function parseFrame(bytes: Buffer): Omit<Frame, 'atSeconds'> {
  const none = {
    message: null,
    source: null,
    destination: null,
    protocol: null,
    sourcePort: null,
    destinationPort: null,
    bytes,
  };
  const type = bytes.length >= 14 ? bytes.readUInt16BE(12) : 0;
  if (type === 0x0806) return { kind: 'arp', ...none };
  const ip = bytes.subarray(14);
  if (type !== 0x0800 || ip.length < 20 || (ip[0] as number) >> 4 !== 4) return { kind: 'other', ...none };
  const headerBytes = ((ip[0] as number) & 15) * 4;
  const address = (at: number) => [...ip.subarray(at, at + 4)].join('.');
  const ends = { source: address(12), destination: address(16), protocol: ip[9] as number };
  // A fragment shows no ports, or no whole message: it is not taken for WireGuard.
  const fragment = (ip.readUInt16BE(6) & 0x3fff) !== 0;
  const body = ip.subarray(headerBytes, ip.readUInt16BE(2));
  const ported = !fragment && (ends.protocol === 6 || ends.protocol === 17) && body.length >= 8;
  const ports = ported
    ? { sourcePort: body.readUInt16BE(0), destinationPort: body.readUInt16BE(2) }
    : { sourcePort: null, destinationPort: null };
  const payload = ported && ends.protocol === 17 ? body.subarray(8) : undefined;
  const message = payload ? wireguardMessage(payload) : null;
  const kind = message !== null ? 'wireguard' : payload && isProbe(payload) ? 'probe' : 'other';
  return { kind, message, ...ends, ...ports, bytes };
}

/** Which WireGuard message a UDP payload has the shape of: type, three zero bytes, and that type's length. */
export function wireguardMessage(payload: Buffer): WireguardMessage | null {
  if (payload.length < 32 || payload.readUIntBE(1, 3) !== 0) return null;
  if (payload[0] === 1 && payload.length === 148) return 'initiation';
  if (payload[0] === 2 && payload.length === 92) return 'response';
  if (payload[0] === 3 && payload.length === 64) return 'cookie';
  return payload[0] === 4 && payload.length % 16 === 0 ? 'data' : null;
}

/** Whether a UDP payload has the shape of an agent's question or answer about a way: its first bytes, and its one length. */
function isProbe(payload: Buffer): boolean {
  return payload.length === 43 && payload.toString('latin1', 0, 4) === 'skn1';
}

/** The frames in which these bytes stand. */
export function framesWith(frames: readonly Frame[], needle: Buffer): Frame[] {
  return frames.filter(({ bytes }) => bytes.includes(needle));
}
