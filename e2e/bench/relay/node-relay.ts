/** A relay as one would first write it: each datagram from port `LISTEN` goes on to `ADDRESS PORT`, answers go back. */
import { createSocket, type RemoteInfo } from 'node:dgram';

const [listen = '0', address = '', port = '0'] = process.argv.slice(2);
const [near, far] = [createSocket('udp4'), createSocket('udp4')];
let caller: RemoteInfo | undefined;
near.on('message', (data, from) => {
  caller = from;
  far.send(data, Number(port), address);
});
far.on('message', (data) => {
  if (caller) near.send(data, caller.port, caller.address);
});
far.bind(() => near.bind(Number(listen), () => process.stdout.write('listening\n')));
process.stdin.resume().on('end', () => process.exit(0));
