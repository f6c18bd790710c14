/**
 * One end of a live flow: sends a datagram every millisecond to ADDRESS and takes what comes from there. Each line on
 * stdin asks for how many came and when the last one did, in monotonic nanoseconds, which all processes share.
 */
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';

const [own = '', other = '', port = ''] = process.argv.slice(2);
const socket = createSocket('udp4');
let count = 0;
let lastAt = 0;
socket.on('message', () => {
  count += 1;
  lastAt = Number(process.hrtime.bigint());
});
// A tunnel that is gone refuses packets: that is what is waited for.
socket.on('error', () => undefined);
socket.bind(Number(port), own, () => {
  setInterval(() => socket.send('live', Number(port), other, () => undefined), 1);
  process.stdout.write('{"ready":true}\n');
});
createInterface({ input: process.stdin })
  .on('line', () => process.stdout.write(`${JSON.stringify({ count, lastAt })}\n`))
  .on('close', () => process.exit(0));
