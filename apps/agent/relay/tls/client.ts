/**
 * The peer's side: keeps a connection to each relay that the map names for ways over TLS, and for each such way a
 * socket beside WireGuard, which is what the rest of the agent takes for the peer's endpoint.
 */
import type { Endpoint, NetworkMap } from '@skein/contract/agent/map.ts';
import { backoffSeconds } from '../../channel/backoff.ts';
import type { Log } from '../../host/log.ts';
import { connectToRelay, type RelayConnection, type RelayDoor } from './connection.ts';
import { type LocalEnd, openLocalEnd } from './local.ts';
import { relayKey } from './token.ts';

/** A way over TLS as the map names it: relay's address and channel. */
export type WayName = `${string}:${number}`;
export const wayName = ({ address, port }: Pick<Endpoint, 'address' | 'port'>): WayName =>
  `${address}:${port}`;

export interface RelayClient {
  /** Opens and closes what the map asks for. Throws where the node gives no socket. */
  apply(map: NetworkMap, privateKey: string): Promise<void>;
  /** On which port of 127.0.0.1 each way begins. */
  ports(): ReadonlyMap<WayName, number>;
  close(): void;
}

interface Held {
  door: RelayDoor;
  wireguardKey: string;
  privateKey: string;
  connection: RelayConnection | undefined;
  timer: NodeJS.Timeout | undefined;
  failures: number;
  lastWords: string;
}

/** A connection that held so long was a good one. */
const LASTING_SECONDS = 10;

/** @param random a number in [0, 1) */
export function newRelayClient(peerId: string, log: Log, random: () => number): RelayClient {
  /** By relay: `address:TLS port`. */
  const relays = new Map<string, Held>();
  const ways = new Map<WayName, { relay: string; plane: number; wireguardPort: number; local: LocalEnd }>();

  const open = (name: string, held: Held) => {
    let openedAt: number | undefined;
    held.connection = connectToRelay({
      door: held.door,
      peerId,
      key: relayKey(held.privateKey, held.wireguardKey),
      onOpen: () => {
        openedAt = performance.now();
        held.lastWords = '';
        log(`connected to the relay ${name} over TLS`);
      },
      onPackets: (packets) => {
        for (const { channel, bytes } of packets)
          ways.get(wayName({ address: held.door.address, port: channel }))?.local.send(bytes);
      },
      onEnd: (words) => {
        if (relays.get(name) !== held) return;
        const lasted = openedAt !== undefined && performance.now() - openedAt > LASTING_SECONDS * 1000;
        held.failures = lasted ? 0 : held.failures + 1;
        if (words !== held.lastWords) log(`no way over TLS to the relay ${name} (${words}); still trying`);
        held.lastWords = words;
        held.timer = setTimeout(() => open(name, held), 1000 * backoffSeconds(held.failures, random()));
      },
    });
  };
  const drop = (name: string) => {
    const held = relays.get(name);
    relays.delete(name);
    clearTimeout(held?.timer);
    held?.connection?.close();
  };

  return {
    apply: async (map, privateKey) => {
      const wanted = new Map<WayName, { relay: string; plane: number; wireguardPort: number }>();
      const doors = new Map<string, Pick<Held, 'door' | 'wireguardKey'>>();
      for (const peer of map.peers)
        for (const endpoint of peer.endpoints) {
          if (endpoint.kind !== 'tls' || !endpoint.tls) continue;
          const { address, tls } = endpoint;
          const relay = `${address}:${tls.port}`;
          const { plane } = peer;
          wanted.set(wayName(endpoint), { relay, plane, wireguardPort: map.self.wireguardPort + plane });
          doors.set(relay, {
            door: { address, port: tls.port, pin: tls.pin },
            wireguardKey: tls.wireguardKey,
          });
        }
      for (const [name, way] of ways) {
        const next = wanted.get(name);
        if (next?.relay === way.relay && next.wireguardPort === way.wireguardPort) continue;
        way.local.close();
        ways.delete(name);
      }
      for (const [name, way] of wanted) {
        if (ways.has(name)) continue;
        const local = await openLocalEnd(way.wireguardPort, (bytes) => {
          const channel = Number(name.slice(name.lastIndexOf(':') + 1));
          relays.get(way.relay)?.connection?.pipe()?.send({ channel, bytes });
        });
        ways.set(name, { ...way, local });
      }
      for (const [name, held] of [...relays]) if (held.door.pin !== doors.get(name)?.door.pin) drop(name);
      for (const [name, { door, wireguardKey }] of doors) {
        const held = relays.get(name);
        // A connection that stands outlives the keys by which it was opened.
        if (held) Object.assign(held, { wireguardKey, privateKey });
        else {
          const fresh: Held = {
            door,
            wireguardKey,
            privateKey,
            connection: undefined,
            timer: undefined,
            failures: 0,
            lastWords: '',
          };
          relays.set(name, fresh);
          open(name, fresh);
        }
      }
    },
    ports: () => new Map([...ways].map(([name, { local }]) => [name, local.port])),
    close: () => {
      for (const name of [...relays.keys()]) drop(name);
      for (const { local } of ways.values()) local.close();
      ways.clear();
    },
  };
}
