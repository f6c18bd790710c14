/**
 * Runs in the namespace of one place of a lane: makes it what a map says by the agent's own planners and renderers,
 * answers at a few ports, and asks others. Takes orders as lines of JSON and answers each with one. No daemon: what an
 * agent does over minutes, trying endpoints and finding dead gateways, is done when it is ordered.
 */
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { interfaceOf, STATE_DIRECTORY } from '@skein/agent/config.ts';
import { newFilter } from '@skein/agent/filter/apply.ts';
import { must, run } from '@skein/agent/host/command.ts';
import { newRelay } from '@skein/agent/relay/apply.ts';
import { applyInterfaces, applyWays } from '@skein/agent/route/apply.ts';
import { planWays, type Verdict } from '@skein/agent/route/ways.ts';
import { planTunnel } from '@skein/agent/wireguard/change.ts';
import { type Device, openDevice } from '@skein/agent/wireguard/device.ts';
import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { type Order as Asking, ask, knock, serve } from './talk.ts';

export type Order =
  /** Addresses, routes and security group of the underlay, for `ip -batch` and `nft -f`. */
  | { do: 'stand'; ip: string; nft: string }
  | { do: 'apply'; map: NetworkMap; privateKey: string }
  /** Forget these peers and take them in again, without calling them yet. */
  | { do: 'meet'; peers: readonly string[] }
  /** Call these peers, each at one of its endpoints, by its number. */
  | { do: 'call'; peers: readonly (readonly [id: string, endpoint: number])[] }
  /** Which peers there was a handshake with. */
  | { do: 'look' }
  | { do: 'route'; verdicts: readonly (readonly [id: string, verdict: Verdict])[] }
  | { do: 'ask'; questions: readonly Asking[] }
  | { do: 'rest' };

const devices: Device[] = [];
const relay = newRelay(run, Date.now);
let held: { map: NetworkMap; privateKey: string } | undefined;
/** Ids of the peers that the devices hold. */
let met: ReadonlySet<string> = new Set();
/** By peer id, at which of its endpoints it was called last. */
let called: ReadonlyMap<string, number> = new Map();

function holding(): { map: NetworkMap; privateKey: string } {
  if (!held) throw new Error('there is no map yet');
  return held;
}

const inOrder = { shared: new Map<string, string>(), former: new Map<string, string>() };

/** Devices are opened when they are first needed: Linux gives a user few of what wireguard-go needs (inotify). */
async function openPlanes(planes: number): Promise<void> {
  while (devices.length < planes) {
    const name = interfaceOf(devices.length);
    const gone = () => {
      process.stderr.write(`wireguard-go of ${name} ended\n`);
      process.exit(1);
    };
    devices.push(await openDevice(run, () => undefined, name, gone));
  }
}

async function tunnels(map: NetworkMap, privateKey: string, anew: ReadonlySet<string>): Promise<void> {
  for (const [plane, device] of devices.entries()) {
    const state = await device.observe();
    const removed = state.peers.filter((peer) => anew.has(peer.key)).map((peer) => peer.key);
    await device.apply({ privateKey: null, listenPort: null, removed, set: [] });
    const current = { ...state, peers: state.peers.filter((peer) => !anew.has(peer.key)) };
    const keys = { privateKey, ...inOrder };
    const { change } = planTunnel(map, plane, keys, current, new Map(), Date.now());
    await device.apply(change);
  }
}

async function route(map: NetworkMap, verdicts: ReadonlyMap<string, Verdict>): Promise<void> {
  const ways = planWays(map.self, map.peers, verdicts);
  await applyWays(
    run,
    { address: map.self.overlayAddress, twins: null },
    ways.map((way) => ({ ...way, mtu: map.self.mtu })),
  );
}

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'stand':
      await must(run, 'ip', ['-force', '-batch', '-'], order.ip).catch(() => undefined);
      await must(run, 'nft', ['-f', '-'], order.nft);
      return null;
    case 'apply': {
      const { map, privateKey } = order;
      held = { map, privateKey };
      met = new Set();
      called = new Map();
      await newFilter(run).apply(map);
      await openPlanes(map.self.planes);
      // No peer yet: they are called when all places are ready.
      await tunnels({ ...map, peers: [] }, privateKey, new Set());
      await applyInterfaces(run, map.self, map.self.mtu, null);
      await route(map, new Map());
      await relay.apply(map.allocations);
      return null;
    }
    case 'meet': {
      const { map, privateKey } = holding();
      const anew = new Set(order.peers);
      met = new Set([...met, ...anew]);
      const peers = map.peers
        .filter((peer) => met.has(peer.id))
        .map((peer) => (anew.has(peer.id) ? { ...peer, endpoints: [], keepaliveSeconds: 0 } : peer));
      const keys = map.peers.filter((peer) => anew.has(peer.id)).map((peer) => peer.wireguardKey);
      await tunnels({ ...map, peers }, privateKey, new Set(keys));
      return null;
    }
    case 'call': {
      const { map, privateKey } = holding();
      called = new Map([...called, ...order.peers]);
      const peers = map.peers.map((peer) => {
        const number = called.get(peer.id);
        const endpoint = number === undefined ? undefined : peer.endpoints[number % peer.endpoints.length];
        return endpoint ? { ...peer, endpoints: [endpoint] } : peer;
      });
      await tunnels({ ...map, peers }, privateKey, new Set());
      // Agents ask all peers how they are; by that even the quiet ones are called.
      const now = new Set(order.peers.map(([id]) => id));
      for (const peer of peers) if (now.has(peer.id)) knock(peer.overlayAddress);
      return null;
    }
    case 'look': {
      const states = await Promise.all(devices.map((device) => device.observe()));
      const shaken = new Set(
        states.flatMap(({ peers }) =>
          peers.filter((peer) => peer.lastHandshakeAt !== null).map((peer) => peer.key),
        ),
      );
      return (held?.map.peers ?? []).filter((peer) => shaken.has(peer.wireguardKey)).map((peer) => peer.id);
    }
    case 'route':
      if (held) await route(held.map, new Map(order.verdicts));
      return null;
    case 'ask':
      return Promise.all(order.questions.map(ask));
    case 'rest': {
      if (held) await tunnels({ ...held.map, peers: [] }, held.privateKey, new Set());
      held = undefined;
      await relay.apply([]);
      return null;
    }
  }
}

mkdirSync(STATE_DIRECTORY, { recursive: true });
await serve();
process.stdout.write('"ready"\n');
for await (const line of createInterface({ input: process.stdin })) {
  const told = await obey(JSON.parse(line)).then(
    (value) => ({ value }),
    (error: Error) => ({ error: error.message }),
  );
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
process.exit(0);
