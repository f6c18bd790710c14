/** From what a device should hold and holds to the least change between them, and that change as text. */
import type { MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import { type Choice, chooseEndpoint, sameTexts } from './endpoint.ts';
import { NO_KEY, type TunnelPeer, type TunnelState, toHex } from './state.ts';

/** What is to be set on one peer. A null field stays as it is. */
export interface PeerChange {
  key: string;
  endpoint: string | null;
  allowedIps: readonly string[] | null;
  keepaliveSeconds: number | null;
  /** `NO_KEY` takes it away. Counts from the next handshake on. */
  presharedKey: string | null;
}

/** The secrets of a device, base64, and what is known of keys that changed. */
export interface TunnelKeys {
  privateKey: string;
  /** The pre-shared key of each peer that has one, by peer id. */
  shared: ReadonlyMap<string, string>;
  /** The public keys under which the device knew its peers before, by peer id. */
  former: ReadonlyMap<string, string>;
}

export interface TunnelChange {
  privateKey: string | null;
  listenPort: number | null;
  removed: string[];
  set: PeerChange[];
}

/**
 * The least change that makes the device of one plane, `current`, what the map says. A peer that needs none is not
 * named at all, so that its session lives on.
 * @param choices endpoint choices so far by peer key; those of the plane's peers come back
 * @param now monotonic milliseconds
 */
export function planTunnel(
  map: NetworkMap,
  plane: number,
  keys: TunnelKeys,
  current: TunnelState,
  choices: ReadonlyMap<string, Choice>,
  now: number,
): { change: TunnelChange; choices: Map<string, Choice> } {
  const byKey = new Map(current.peers.map((peer) => [peer.key, peer]));
  const held = new Map(byKey);
  const chosen = new Map<string, Choice>();
  const set: PeerChange[] = [];
  for (const peer of map.peers) {
    if (peer.plane !== plane) continue;
    const key = peer.wireguardKey;
    const has = held.get(key);
    held.delete(key);
    const formerKey = keys.former.get(peer.id) ?? key;
    const was = has ? undefined : byKey.get(formerKey);
    const { choice, set: endpoint } = was
      ? takenOver(peer, choices.get(formerKey), was, now)
      : chooseEndpoint(peer, choices.get(key), has, now);
    chosen.set(key, choice);
    const allowedIps = [...peer.allowedIps].sort();
    const one: PeerChange = {
      key,
      endpoint,
      allowedIps: has && sameTexts(has.allowedIps, allowedIps) ? null : allowedIps,
      keepaliveSeconds:
        has?.keepaliveSeconds === peer.keepaliveSeconds || (!has && peer.keepaliveSeconds === 0)
          ? null
          : peer.keepaliveSeconds,
      presharedKey:
        (keys.shared.get(peer.id) ?? null) === (has?.presharedKey ?? null)
          ? null
          : (keys.shared.get(peer.id) ?? NO_KEY),
    };
    if (
      one.endpoint !== null ||
      one.allowedIps !== null ||
      one.keepaliveSeconds !== null ||
      one.presharedKey !== null
    )
      set.push(one);
  }
  const listenPort = map.self.wireguardPort + plane;
  return {
    change: {
      privateKey: current.privateKey === keys.privateKey ? null : keys.privateKey,
      listenPort: current.listenPort === listenPort ? null : listenPort,
      removed: [...held.keys()],
      set,
    },
    choices: chosen,
  };
}

/** A peer under a new key is where it was under the old one, wherever it had roamed to. */
function takenOver(
  peer: MapPeer,
  choice: Choice | undefined,
  was: TunnelPeer,
  now: number,
): { choice: Choice; set: string | null } {
  if (!choice || was.endpoint === null) return chooseEndpoint(peer, choice, undefined, now);
  return { choice, set: was.endpoint };
}

export function changesNothing(change: TunnelChange): boolean {
  return (
    change.privateKey === null &&
    change.listenPort === null &&
    change.removed.length === 0 &&
    change.set.length === 0
  );
}

/** The change as a UAPI `set=1` request. */
export function renderUapi(change: TunnelChange): string {
  const lines = ['set=1'];
  if (change.privateKey !== null) lines.push(`private_key=${toHex(change.privateKey)}`);
  if (change.listenPort !== null) lines.push(`listen_port=${change.listenPort}`);
  for (const key of change.removed) lines.push(`public_key=${toHex(key)}`, 'remove=true');
  for (const peer of change.set) {
    lines.push(`public_key=${toHex(peer.key)}`);
    if (peer.presharedKey !== null) lines.push(`preshared_key=${toHex(peer.presharedKey)}`);
    if (peer.endpoint !== null) lines.push(`endpoint=${peer.endpoint}`);
    if (peer.keepaliveSeconds !== null) lines.push(`persistent_keepalive_interval=${peer.keepaliveSeconds}`);
    if (peer.allowedIps !== null) {
      lines.push('replace_allowed_ips=true');
      for (const allowed of peer.allowedIps) lines.push(`allowed_ip=${allowed}`);
    }
  }
  return `${lines.join('\n')}\n\n`;
}

/** Peers per `wg set`: a command line has room for many more. */
const PEERS_AT_ONCE = 200;

/**
 * The change as arguments of `wg`, one list a call. Secrets go by file, never as an argument.
 * @param files where the private key lies, and the pre-shared key of a peer
 */
export function renderWgSet(
  change: TunnelChange,
  device: string,
  files: { privateKey: string; shared: (key: string) => string },
): string[][] {
  const peers = [
    ...change.removed.map((key) => ['peer', key, 'remove']),
    ...change.set.map((peer) => [
      'peer',
      peer.key,
      ...(peer.presharedKey === null ? [] : ['preshared-key', files.shared(peer.presharedKey)]),
      ...(peer.endpoint === null ? [] : ['endpoint', peer.endpoint]),
      ...(peer.keepaliveSeconds === null ? [] : ['persistent-keepalive', String(peer.keepaliveSeconds)]),
      ...(peer.allowedIps === null ? [] : ['allowed-ips', peer.allowedIps.join(',')]),
    ]),
  ];
  const own = [
    ...(change.listenPort === null ? [] : ['listen-port', String(change.listenPort)]),
    ...(change.privateKey === null ? [] : ['private-key', files.privateKey]),
  ];
  const calls: string[][] = own.length > 0 ? [['set', device, ...own]] : [];
  for (let at = 0; at < peers.length; at += PEERS_AT_ONCE)
    calls.push(['set', device, ...peers.slice(at, at + PEERS_AT_ONCE).flat()]);
  return calls;
}
