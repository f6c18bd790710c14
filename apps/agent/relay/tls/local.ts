/** A socket beside WireGuard on this node, which to WireGuard is a peer's endpoint. */
import { createSocket } from 'node:dgram';

const BUFFER_BYTES = 2 * 1024 * 1024;

export interface LocalEnd {
  /** On 127.0.0.1. */
  readonly port: number;
  /** To WireGuard. */
  send(bytes: Buffer): void;
  close(): void;
}

/**
 * Opens one. Nobody but WireGuard's own port is heard, and what the agent sends from there.
 * @param wireguardPort that of the interface which holds the peer
 * @param onBytes what WireGuard sends
 */
export async function openLocalEnd(
  wireguardPort: number,
  onBytes: (bytes: Buffer) => void,
): Promise<LocalEnd> {
  const socket = createSocket('udp4');
  await new Promise<void>((done, failed) => {
    socket.once('error', failed);
    socket.bind(0, '127.0.0.1', () => socket.connect(wireguardPort, '127.0.0.1', () => done()));
  });
  // WireGuard may be away for a moment; whoever sent will send again.
  socket.removeAllListeners('error').on('error', () => undefined);
  socket.setRecvBufferSize(BUFFER_BYTES);
  socket.setSendBufferSize(BUFFER_BYTES);
  socket.on('message', onBytes);
  const { port } = socket.address();
  let open = true;
  return {
    port,
    // Without a callback, which would cost a turn of the queue for each packet.
    send: (bytes) => {
      if (open) socket.send(bytes);
    },
    close: () => {
      if (open) socket.close();
      open = false;
    },
  };
}
