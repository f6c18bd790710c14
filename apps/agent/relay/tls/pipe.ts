/**
 * Packets over one open WebSocket. What comes within one turn of the event loop goes out as few messages; what the
 * other end does not take waits in a queue of fixed size, whose oldest packets are the first to be lost, as in a
 * router's. So memory stays flat whatever the other end does.
 */
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { decodeFrames, encodeFrames, framedBytes, MESSAGE_BYTES, type Packet } from './frame.ts';

/** 80 ms at 100 Mb/s. */
export const QUEUE_BYTES = 1024 * 1024;
/** What is handed to TLS beyond what the kernel has taken. */
const HANDED_BYTES = 256 * 1024;
/** Packets behind the head that are kept before the list is cut. */
const CUT_AFTER = 4096;

export interface Pipe {
  send(packet: Packet): void;
  /** Bytes that wait here, and packets that were lost because too many did. */
  waiting(): { bytes: number; lost: number };
}

/**
 * @param stream what the WebSocket lies on
 * @param onPackets what one message held; not called for a message that is none of ours, which ends the connection
 */
export function newPipe(
  socket: WebSocket,
  stream: Duplex,
  onPackets: (packets: readonly Packet[]) => void,
): Pipe {
  let queue: Packet[] = [];
  let head = 0;
  let bytes = 0;
  let lost = 0;
  let scheduled = false;

  const take = (): Packet | undefined => {
    const packet = queue[head];
    if (!packet) return undefined;
    head += 1;
    bytes -= framedBytes(packet);
    if (head >= CUT_AFTER || head === queue.length) {
      queue = queue.slice(head);
      head = 0;
    }
    return packet;
  };
  const flush = () => {
    scheduled = false;
    if (socket.readyState !== WebSocket.OPEN) return;
    while (head < queue.length && stream.writableLength < HANDED_BYTES) {
      const batch: Packet[] = [];
      let size = 0;
      for (let next = queue[head]; next && size + framedBytes(next) <= MESSAGE_BYTES; next = queue[head]) {
        size += framedBytes(next);
        batch.push(next);
        take();
      }
      socket.send(encodeFrames(batch));
    }
  };
  stream.on('drain', flush);
  socket.on('message', (data, isBinary) => {
    const packets = isBinary ? decodeFrames(data as Buffer) : undefined;
    if (packets) onPackets(packets);
    else socket.terminate();
  });

  return {
    send: (packet) => {
      if (framedBytes(packet) > MESSAGE_BYTES) return;
      queue.push(packet);
      bytes += framedBytes(packet);
      while (bytes > QUEUE_BYTES && take()) lost += 1;
      if (scheduled) return;
      scheduled = true;
      setImmediate(flush);
    },
    waiting: () => ({ bytes: bytes + stream.writableLength, lost }),
  };
}
