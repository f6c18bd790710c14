/**
 * The coordinator of the agent benchmark: knows its agents without enrolment, signs maps of one cluster with mesh's own
 * functions, and adds peers that nobody is. Orders and answers are JSON lines; times are monotonic nanoseconds.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { CHANNEL_PATH, FromAgent, type ToAgent } from '@skein/contract/agent/channel.ts';
import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { formatAddress, parseAddress } from '@skein/mesh/ipam/cidr.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import { deltaBetween } from '@skein/mesh/map/delta.ts';
import { digestOf } from '@skein/mesh/map/digest.ts';
import { openPrivateKey, signMap } from '@skein/mesh/map/sign.ts';
import { changeSnapshot, type MeshPeer, snapshotOf } from '@skein/mesh/network.ts';
import { CLUSTERS, NETWORK, peer } from '@skein/mesh/testing/networks.ts';
import { type WebSocket, WebSocketServer } from 'ws';

export type Order =
  /** As many peers in all. */
  | { order: 'crowd'; peers: number }
  /** One of those that nobody is moves. */
  | { order: 'move' };
export type Told =
  | { told: 'listening' }
  | { told: 'sent'; to: string; kind: 'map' | 'delta'; number: number; at: number }
  | { told: 'applied'; by: string; number: number | null; at: number; problem: string | null; up: number };
/** An agent of the benchmark: its node's address and its WireGuard public key. */
export interface Seat {
  id: string;
  name: string;
  address: string;
  wireguardKey: string;
}

const [seatsText = '[]', address = '', port = '', mapSeed = ''] = process.argv.slice(2);
const seats: Seat[] = JSON.parse(seatsText);
const key = openPrivateKey(mapSeed);
const cluster = {
  ...CLUSTERS[0],
  overlayCidr: '100.64.0.0/20',
  vpcCidr: '10.1.0.0/16',
} as (typeof CLUSTERS)[0];
const overlayAt = (index: number) => formatAddress(parseAddress('100.64.0.0') + 10 + index);
const tell = (what: Told) => process.stdout.write(`${JSON.stringify(what)}\n`);
const now = () => Number(process.hrtime.bigint());

/** The first seat is the gateway. */
const real = seats.map(
  (seat, index): MeshPeer => ({
    ...peer('prod', seat.name, overlayAt(index), { private: seat.address }),
    id: seat.id,
    role: index === 0 ? 'gateway' : 'member',
    wireguardKey: seat.wireguardKey,
  }),
);
/** Addresses of a network that leads nowhere: packets for it cost what packets cost. */
const nobody = (index: number, moved = 0): MeshPeer => ({
  ...peer('prod', `node-${index}`, overlayAt(index), {
    private: formatAddress(parseAddress('198.18.0.0') + index + moved * 8192),
  }),
  wireguardKey: createHash('sha256').update(`nobody ${index}`).digest('base64'),
});

let snapshot = snapshotOf(1, { ...NETWORK, id: 'net_bench' }, [cluster], real);
let moves = 0;
const channels = new Map<string, { socket: WebSocket; held: NetworkMap | undefined }>();

function push(id: string): void {
  const channel = channels.get(id);
  const map = buildMap(snapshot, cluster.id, id);
  if (!channel || !map) return;
  const delta = channel.held && deltaBetween(channel.held, map);
  if (channel.held && !delta) return;
  const signed = signMap(delta ? { kind: 'delta', value: delta } : { kind: 'map', value: map }, key);
  tell({ told: 'sent', to: id, kind: signed.kind, number: map.number, at: now() });
  channel.socket.send(JSON.stringify({ type: 'map', signed } satisfies ToAgent));
  channel.held = map;
}

const http = createServer();
new WebSocketServer({ server: http, path: CHANNEL_PATH }).on('connection', (socket) => {
  let id = '';
  socket.send(
    JSON.stringify({ type: 'challenge', nonce: 'bench', time: new Date().toISOString() } satisfies ToAgent),
  );
  socket.on('message', (data) => {
    const at = now();
    const message = FromAgent.parse(JSON.parse(String(data)));
    if (message.type === 'hello') {
      id = message.peerId;
      const map = buildMap(snapshot, cluster.id, id);
      const same = map && message.have?.digest === digestOf(map);
      channels.set(id, { socket, held: same ? map : undefined });
      push(id);
    } else if (message.type === 'report') {
      const up = message.links.filter((link) => link.state === 'up').length;
      tell({ told: 'applied', by: id, number: message.appliedNumber, at, problem: message.problem, up });
    } else if (message.type === 'resync') {
      channels.set(id, { socket, held: undefined });
      push(id);
    }
  });
});

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const order: Order = JSON.parse(line);
    const changed = new Map<string, MeshPeer>();
    if (order.order === 'crowd')
      for (let index = seats.length; index <= order.peers; index += 1) {
        const one = nobody(index);
        changed.set(one.id, one);
      }
    else {
      moves += 1;
      const one = nobody(seats.length + (moves % 16), moves);
      changed.set(one.id, one);
    }
    snapshot = changeSnapshot(snapshot, { number: snapshot.number + 1, peers: changed }).after;
    for (const id of channels.keys()) push(id);
  })
  .on('close', () => process.exit(0));
http.listen(Number(port), address, () => tell({ told: 'listening' }));
