/** Does every peer reach every other over the overlay, by ping and by TCP with a payload that comes back whole? */

import { DEMO_PORT } from '@skein/local/demo/practice.ts';
import type { LabControl } from '@skein/local/lab.ts';
import { eachOf } from './report.ts';
import { pairsOf, type Seat } from './site.ts';

/** A TCP server that sends back what it gets, run by the node's own agent runtime. It ends by itself. */
const ECHO = `
const server = require('node:net').createServer((socket) => { socket.on('error', () => {}); socket.pipe(socket); });
server.listen(Number(process.argv[1]), '0.0.0.0');
setTimeout(() => process.exit(0), Number(process.argv[2]) * 1000);
`;

/** Sends a payload and waits for all of it to come back. */
const SEND = `
const [host, port, payload] = process.argv.slice(1);
const socket = require('node:net').connect({ host, port: Number(port) });
let got = '';
socket.setTimeout(4000, () => { console.error('timeout'); process.exit(2); });
socket.on('error', (error) => { console.error(error.code); process.exit(3); });
socket.on('connect', () => socket.write(payload));
socket.on('data', (data) => { got += data; if (got.length >= payload.length) { process.exit(got === payload ? 0 : 4); } });
`;

const NODE_ON_MACHINE = '/opt/skein/node';

/** Starts an echo server on each machine for `seconds`. */
export async function serveEcho(
  lab: LabControl,
  seats: readonly Seat[],
  port: number,
  seconds: number,
): Promise<void> {
  await eachOf(seats, 6, async ({ machine, peer }) => {
    const line = `setsid ${NODE_ON_MACHINE} -e "$1" ${port} ${seconds} >/dev/null 2>&1 & for i in $(seq 50); do ss -ltn | grep -q ':${port} ' && exit 0; sleep 0.1; done; exit 1`;
    const started = await lab.run(machine.id, ['sh', '-c', line, 'sh', ECHO], 15);
    if (started.exit !== 0) throw new Error(`No echo server on ${peer.name}: ${started.stderr.trim()}`);
  });
}

/** Sends `payload` from a machine; `reached` only when it came back unchanged. */
export async function sendPayload(
  lab: LabControl,
  from: Seat,
  address: string,
  port: number,
  payload: string,
) {
  const sent = await lab.run(
    from.machine.id,
    [NODE_ON_MACHINE, '-e', SEND, address, String(port), payload],
    15,
  );
  return { reached: sent.exit === 0, why: sent.stderr.trim() };
}

export interface PairsSeen {
  expected: number;
  reached: number;
  failures: string[];
}

/** Tries the whole matrix, one sender per machine at a time. */
export async function tryPairs(lab: LabControl, seats: readonly Seat[], payload: string): Promise<PairsSeen> {
  const pairs = pairsOf(seats);
  const outcomes = await eachOf(pairs, 6, async ([from, to]) => {
    const address = to.peer.overlayAddress;
    const ping = await lab.run(from.machine.id, ['ping', '-n', '-c', '1', '-W', '3', address], 10);
    const tcp = await sendPayload(lab, from, address, DEMO_PORT, payload);
    const path = `${from.cluster.name}/${from.peer.name} -> ${to.cluster.name}/${to.peer.name}`;
    if (ping.exit !== 0) return `${path}: ping lost`;
    return tcp.reached ? null : `${path}: TCP ${tcp.why}`;
  });
  const failures = outcomes.filter((outcome) => outcome !== null);
  return { expected: pairs.length, reached: pairs.length - failures.length, failures };
}
