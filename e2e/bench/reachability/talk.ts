/** The packets of the test: echoes over UDP and TCP at every port of the networks, and whoever asks for them. */
import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { PROBE_PORT } from '@skein/agent/config.ts';
import { run } from '@skein/agent/host/command.ts';
import type { Flow } from '@skein/mesh/policy/decide.ts';
import { PORTS } from './ports.ts';

export interface Order extends Flow {
  readonly address: string;
  /** How many flows are tried side by side, each from a port of its own. */
  readonly flows: number;
  readonly patienceMilliseconds: number;
}

/** Between packets that ask the same again. */
const AGAIN_MILLISECONDS = 250;

/** Answers at all ports of the networks. */
export async function serve(): Promise<void> {
  for (const port of PORTS) {
    const socket = createSocket('udp4');
    socket.on('message', (message, from) => socket.send(message, from.port, from.address, () => undefined));
    await new Promise<void>((done) => socket.bind(port, '0.0.0.0', done));
    const server = createServer((talk) => talk.on('error', () => undefined).pipe(talk));
    await new Promise<void>((done) => server.listen(port, '0.0.0.0', done));
  }
}

/** One packet to an agent's probe port, which nobody answers here. */
export function knock(address: string): void {
  const socket = createSocket('udp4');
  socket.on('error', () => undefined);
  socket.send('knock', PROBE_PORT, address, () => socket.close());
}

/** How many of the flows were answered. */
export async function ask(order: Order): Promise<number> {
  const one = { icmp: ping, tcp: overTcp, udp: overUdp }[order.protocol];
  const answered = await Promise.all(Array.from({ length: order.flows }, () => one(order)));
  return answered.filter(Boolean).length;
}

function overUdp({ address, port, patienceMilliseconds }: Order): Promise<boolean> {
  return new Promise((done) => {
    const socket = createSocket('udp4');
    const send = () => socket.send('asked', port ?? 0, address, () => undefined);
    const finish = (answered: boolean) => {
      clearInterval(again);
      clearTimeout(end);
      socket.close();
      done(answered);
    };
    const again = setInterval(send, AGAIN_MILLISECONDS);
    const end = setTimeout(() => finish(false), patienceMilliseconds);
    socket.on('error', () => undefined);
    socket.on('message', () => finish(true));
    send();
  });
}

function overTcp({ address, port, patienceMilliseconds }: Order): Promise<boolean> {
  return new Promise((done) => {
    let talk: Socket | undefined;
    let over = false;
    const finish = (answered: boolean) => {
      over = true;
      clearTimeout(end);
      talk?.destroy();
      done(answered);
    };
    // An error may be gone a moment later: a way that is just being changed, a port just given back.
    const begin = () => {
      if (over) return;
      talk = connect({ host: address, port: port ?? 0 });
      talk.on('error', () => setTimeout(begin, AGAIN_MILLISECONDS));
      talk.on('data', () => finish(true));
      talk.write('asked');
    };
    const end = setTimeout(() => finish(false), patienceMilliseconds);
    begin();
  });
}

async function ping({ address, patienceMilliseconds }: Order): Promise<boolean> {
  const seconds = Math.ceil(patienceMilliseconds / 1000);
  return (await run('ping', ['-c', '1', '-W', `${seconds}`, '-w', `${seconds}`, address])).ok;
}
