/**
 * The blocked peer's side: WireGuard's datagrams into a WebSocket within TLS and back, by the agent's own code. Takes a
 * JSON text of `door`, `privateKey`, `relayKey`, `channel` and `wireguardPort`; tells the port for WireGuard to call.
 */
import { connectToRelay, type RelayDoor } from '@skein/agent/relay/tls/connection.ts';
import { openLocalEnd } from '@skein/agent/relay/tls/local.ts';
import { relayKey } from '@skein/agent/relay/tls/token.ts';

const asked: {
  door: RelayDoor;
  privateKey: string;
  relayKey: string;
  channel: number;
  wireguardPort: number;
} = JSON.parse(process.argv[2] ?? '');
const local = await openLocalEnd(asked.wireguardPort, (bytes) =>
  connection.pipe()?.send({ channel: asked.channel, bytes }),
);
const connection = connectToRelay({
  door: asked.door,
  peerId: 'peer_a',
  key: relayKey(asked.privateKey, asked.relayKey),
  onOpen: () => process.stdout.write(`${local.port}\n`),
  onPackets: (packets) => {
    for (const { bytes } of packets) local.send(bytes);
  },
  onEnd: (words) => process.stdout.write(`ended: ${words}\n`),
});
process.stdin.resume().on('end', () => process.exit(0));
