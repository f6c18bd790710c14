/** Skein's relay as its agent runs it. Takes a JSON text of `privateKey`, `certificateKey` (PEM) and `allocation`. */
import { createPrivateKey } from 'node:crypto';
import { gatewayMap } from '@skein/agent/fixture/map.ts';
import { newRelayServer } from '@skein/agent/relay/tls/server.ts';

const { privateKey, certificateKey, allocation } = JSON.parse(process.argv[2] ?? '');
const server = newRelayServer(
  async () => createPrivateKey(certificateKey),
  () => performance.now(),
  Date.now,
);
await server.apply({ ...gatewayMap, allocations: [allocation] }, privateKey);
process.stdout.write('listening\n');
process.stdin.resume().on('end', () => process.exit(0));
