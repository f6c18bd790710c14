/**
 * What a relay costs: Skein's, as the agent sets it up, beside the kernel's plain forwarding of the same packets, nginx's
 * stream proxy and a relay in Node. Two peers and a relay between them in namespaces; all ways in turn, medians.
 *
 * `tls443` is the relay for a peer that no UDP gets out of: one TCP stream within WireGuard, whose packets that peer sends
 * over TLS 443 to our relay, which passes them on by UDP; beside it the same stream with plain nginx as the proxy that
 * ends TLS. nginx knows nothing of packets, so there the other peer must take them out of the stream itself: both ways
 * begin with the very same program, the agent's own code, and packets are taken out by the same code too, once. What
 * differs is who is in the middle. What nginx does with bytes that are no packets at all, and no WireGuard around them,
 * stands beside it as `nginxBulkMegabits`: it is what TLS costs alone, and no relay for WireGuard could come near it.
 *
 * The relay's interfaces hand packets over in batches by a thread of their own, as a network card's queue does. Where one
 * core has to send and forward each single packet, the sender's pace would be measured and little else.
 */
import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  must,
  NODE,
  openOuter,
  openPlace,
  type Place,
  unframeFile,
  until,
} from '@skein/agent/fixture/field.ts';
import type { Run } from '@skein/agent/host/command.ts';
import { newRelay } from '@skein/agent/relay/apply.ts';
import { certify } from '@skein/agent/relay/tls/certificate.ts';
import { newSeed, wireguardPublicKey } from '@skein/agent/state/keys.ts';
import type { MapAllocation } from '@skein/contract/agent/map.ts';
import type { Bench, BenchResult } from './run.ts';

/** The bars. */
const LEAST = { packets: 0.9, tcp: 0.95, tls443: 0.5 } as const;
const ROUNDS = 5;
const SECONDS = 2;
const DATAGRAM_BYTES = 148;
const NOBODY = ['127.0.0.1', 9] as const;
/** What timeout(1) answers when it had to end a program. */
const TIMED_OUT = 124;

const A = '10.81.0.2';
const B = '10.82.0.2';
/** The relay's own address on each side. */
const RELAY = { a: '10.81.0.1', b: '10.82.0.1' };
const PORT = {
  skein: 20_000,
  nginx: 7100,
  node: 7200,
  wireguard: 51820,
  lent: 51999,
  sink: 9000,
  tls: 443,
  channel: 28_000,
  nginxTls: 7443,
  unframed: 7300,
  nginxBulk: 7444,
  bulk: 9100,
};
const ALLOCATION = {
  id: 'a b r',
  port: PORT.skein,
  addresses: [[A], [B]] as [string[], string[]],
  kilobytesPerSecond: 1_250_000,
};
const file = (name: string) => fileURLToPath(new URL(`./relay/${name}`, import.meta.url));

/** What stands between the peers: whom `a` calls, whom `b` calls (null: it only answers), what it takes on the relay. */
interface Way {
  name: string;
  callA: readonly [string, number];
  callB: readonly [string, number] | null;
  set(on: boolean): Promise<void>;
}

export const bench: Bench = async (say) => {
  const world = await openWorld();
  try {
    const ways = await waysOf(world);
    const packets: Record<string, number[]> = {};
    const tcp: Record<string, number[]> = {};
    for (let round = 1; round <= ROUNDS; round += 1)
      for (const way of ways) {
        await way.set(true);
        const [perSecond, megabits] = [await packetsThrough(world, way), await streamThrough(world, way)];
        await way.set(false);
        packets[way.name] = [...(packets[way.name] ?? []), perSecond];
        tcp[way.name] = [...(tcp[way.name] ?? []), megabits];
        say(
          `round ${round} of ${ROUNDS}, ${way.name}: ${Math.round(perSecond / 1000)} k packets/s, ${Math.round(megabits)} Mb/s`,
        );
      }
    const overTls = await overTlsIn(world, say);
    return resultOf(packets, tcp, overTls);
  } finally {
    await world.close();
  }
};

function resultOf(
  packets: Record<string, number[]>,
  tcp: Record<string, number[]>,
  overTls: Record<string, number[]>,
): BenchResult {
  const to = (figures: Record<string, number[]>, name: string) => median(figures[name] ?? []);
  const ratio = (figures: Record<string, number[]>, name: string) =>
    round3(to(figures, name) / to(figures, 'raw'));
  const tls443 = round3(to(overTls, 'skein') / to(overTls, 'nginx'));
  const ratios = { packets: ratio(packets, 'skein'), tcp: ratio(tcp, 'skein'), tls443 };
  const beside = (name: string) => ({
    packets: ratio(packets, name),
    tcp: ratio(tcp, name),
    packetsPerSecond: Math.round(to(packets, name)),
    megabits: Math.round(to(tcp, name)),
  });
  const words = {
    packets: "Skein's relay / the kernel's forwarding, packets a second",
    tcp: "Skein's relay / the kernel's forwarding, TCP in WireGuard",
    tls443: "Skein's relay over TLS 443 / nginx ending TLS, TCP in WireGuard",
  };
  const bars = (['packets', 'tcp', 'tls443'] as const).map((key) => ({
    bar: words[key],
    measured: String(ratios[key]),
    allowed: `>= ${LEAST[key]}`,
    ok: ratios[key] >= LEAST[key],
  }));
  return {
    ok: bars.every((bar) => bar.ok),
    ratios,
    figures: {
      packetsPerSecond: Math.round(to(packets, 'skein')),
      rawPacketsPerSecond: Math.round(to(packets, 'raw')),
      megabits: Math.round(to(tcp, 'skein')),
      rawMegabits: Math.round(to(tcp, 'raw')),
      tlsMegabits: Math.round(to(overTls, 'skein')),
      nginxTlsMegabits: Math.round(to(overTls, 'nginx')),
      nginxBulkMegabits: Math.round(to(overTls, 'bulk')),
    },
    peers: {
      // Plain forwarding with the same setting of the card that Skein's relay makes.
      'kernel forwarding, tuned': beside('tuned'),
      nginx: beside('nginx'),
      'node relay': beside('node'),
    },
    bars,
  };
}

interface World {
  a: Place;
  b: Place;
  relay: Place;
  publicKey: { a: string; b: string };
  secret: { a: string; b: string };
  close(): Promise<void>;
}

async function openWorld(): Promise<World> {
  const { outer, pid, close } = await openOuter();
  const [a, b, relay] = [await openPlace(pid), await openPlace(pid), await openPlace(pid)];
  for (const [side, end] of [
    ['a', a],
    ['b', b],
  ] as const) {
    await must(
      outer,
      `ip link add r${side} netns /proc/${relay.pid}/ns/net type veth peer name eth0 netns /proc/${end.pid}/ns/net`,
    );
    await must(
      end.place,
      `ip addr add ${side === 'a' ? A : B}/24 dev eth0 && ip link set eth0 up && ip route add default via ${RELAY[side]}`,
    );
    await must(relay.place, `ip addr add ${RELAY[side]}/24 dev r${side} && ip link set r${side} up`);
  }
  await must(
    relay.place,
    `echo 1 > /proc/sys/net/ipv4/ip_forward && mount -t sysfs sys /sys &&
     for one in ra rb; do ethtool -K $one gro on && echo 1 > /sys/class/net/$one/threaded || exit 1; done`,
  );
  const publicKey = { a: '', b: '' };
  const secret = { a: newSeed('x25519'), b: newSeed('x25519') };
  for (const side of ['a', 'b'] as const) publicKey[side] = wireguardPublicKey(secret[side]);
  for (const [side, place, other] of [
    ['a', a.place, 'b'],
    ['b', b.place, 'a'],
  ] as const) {
    const name = `wg-bench-${side}`;
    place.start(['env', 'LOG_LEVEL=silent', 'wireguard-go', '-f', name], () => undefined);
    await until('wireguard-go', 10, async () => (await place.sh(`wg show ${name}`)).code === 0);
    await must(
      place,
      `umask 077 && echo '${secret[side]}' > /run/key &&
       wg set ${name} listen-port ${PORT.wireguard} private-key /run/key peer ${publicKey[other]} allowed-ips 100.64.0.0/16 &&
       ip addr add 100.64.0.${side === 'a' ? 1 : 2}/16 dev ${name} && ip link set ${name} mtu 1280 up`,
    );
  }
  return { a: a.place, b: b.place, relay: relay.place, publicKey, secret, close };
}

async function waysOf({ relay }: World): Promise<Way[]> {
  const run: Run = async (program, args, input) => {
    const line = [program, ...args].join(' ');
    const ran = await relay.sh(input === undefined ? line : `${line} <<'END'\n${input}\nEND`);
    return ran.code === 0 ? { ok: true, output: ran.output } : { ok: false, message: ran.output };
  };
  const skein = newRelay(run, Date.now);
  const tune = async (on: boolean) => {
    for (const device of ['ra', 'rb'])
      await must(relay, `ethtool -K ${device} rx-udp-gro-forwarding ${on ? 'on' : 'off'}`);
  };
  await startNginx(relay);
  await startListening(relay, [NODE, file('node-relay.ts'), String(PORT.node), B, String(PORT.wireguard)]);
  const straight = {
    callA: [B, PORT.wireguard],
    callB: [A, PORT.wireguard],
  } as const;
  return [
    { name: 'raw', ...straight, set: async () => undefined },
    {
      name: 'skein',
      callA: [RELAY.a, PORT.skein],
      callB: [RELAY.b, PORT.skein + 1],
      set: async (on) => {
        const until = new Date(Date.now() + 3_600_000).toISOString();
        await skein.apply(on ? [{ ...ALLOCATION, until }] : []);
        if (!on) await tune(false);
      },
    },
    { name: 'tuned', ...straight, set: tune },
    { name: 'nginx', callA: [RELAY.a, PORT.nginx], callB: null, set: async () => undefined },
    { name: 'node', callA: [RELAY.a, PORT.node], callB: null, set: async () => undefined },
  ];
}

async function startNginx(relay: Place): Promise<void> {
  const conf = `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off; pid /run/nginx.pid; error_log /run/nginx.log; worker_processes auto;
events { worker_connections 1024; }
stream { server { listen ${PORT.nginx} udp reuseport; proxy_pass ${B}:${PORT.wireguard}; proxy_timeout 60s; } }`;
  await must(relay, `cat > /run/nginx.conf <<'END'\n${conf}\nEND`);
  relay.start(['nginx', '-e', '/run/nginx.log', '-c', '/run/nginx.conf'], () => undefined);
  await until(
    'nginx',
    10,
    async () => (await relay.sh(`ss -Hlnu sport = :${PORT.nginx}`)).output.trim() !== '',
  );
}

async function startListening(place: Place, argv: readonly string[]): Promise<ChildProcess> {
  const lines: string[] = [];
  const child = place.start(argv, (line) => lines.push(line));
  await until('a listener', 10, () => lines.length > 0);
  return child;
}

/** Mb/s of one TCP stream in WireGuard over TLS, by Skein's relay and by nginx; and of bytes alone by nginx. */
async function overTlsIn(world: World, say: (line: string) => void): Promise<Record<string, number[]>> {
  const { a, b, relay, publicKey, secret } = world;
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const own = newSeed('x25519');
  const { certificate, key: pem, pin } = certify(key);
  await startTlsNginx(relay, { certificate, pem });
  const allocation: MapAllocation = {
    id: 'a b r tls',
    port: PORT.channel,
    addresses: [[], [B]],
    kilobytesPerSecond: 1_250_000,
    until: new Date(Date.now() + 3_600_000).toISOString(),
    tls: { port: PORT.tls, ends: [{ by: 'tls', peerId: 'peer_a', keys: [publicKey.a] }, { by: 'udp' }] },
  };
  const relaying = JSON.stringify({ privateKey: own, certificateKey: pem, allocation });
  await startListening(relay, [NODE, file('tls-relay.ts'), relaying]);
  const unframing = [PORT.unframed, PORT.channel, PORT.wireguard].map(String);
  await startListening(b, [NODE, unframeFile, ...unframing]);
  const through = async (port: number, callB: Way['callB']) => {
    const end = {
      door: { address: RELAY.a, port, pin },
      privateKey: secret.a,
      relayKey: wireguardPublicKey(own),
      channel: PORT.channel,
      wireguardPort: PORT.wireguard,
    };
    const told: string[] = [];
    const child = a.start([NODE, file('tls-end.ts'), JSON.stringify(end)], (line) => told.push(line));
    const local = Number(await until('the connection', 10, () => told[0]));
    const megabits = await streamThrough(world, { callA: ['127.0.0.1', local], callB });
    await ended(child);
    return megabits;
  };
  const megabits: Record<string, number[]> = { skein: [], nginx: [], bulk: [] };
  for (let round = 1; round <= ROUNDS; round += 1) {
    const [skein, nginx, bulk] = [
      await through(PORT.tls, [RELAY.b, PORT.channel + 1]),
      await through(PORT.nginxTls, null),
      await bulkThroughNginx(a, b),
    ];
    for (const [name, value] of Object.entries({ skein, nginx, bulk })) megabits[name]?.push(value);
    say(
      `round ${round} of ${ROUNDS} over TLS: Skein ${Math.round(skein)} Mb/s, nginx ${Math.round(nginx)} Mb/s, bytes alone by nginx ${Math.round(bulk)} Mb/s`,
    );
  }
  return megabits;
}

async function startTlsNginx(
  relay: Place,
  { certificate, pem }: { certificate: string; pem: string },
): Promise<void> {
  const server = (port: number, to: number) =>
    `server { listen ${port} ssl; proxy_pass ${B}:${to}; ssl_certificate /run/tls.crt;
 ssl_certificate_key /run/tls.key; ssl_protocols TLSv1.3; }`;
  const conf = `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off; pid /run/nginx-tls.pid; error_log /run/nginx-tls.log; worker_processes auto;
events { worker_connections 1024; }
stream { ${server(PORT.nginxTls, PORT.unframed)} ${server(PORT.nginxBulk, PORT.bulk)} }`;
  for (const [name, text] of [
    ['tls.crt', certificate],
    ['tls.key', pem],
    ['nginx-tls.conf', conf],
  ])
    await must(relay, `umask 077 && cat > /run/${name} <<'END'\n${text}\nEND`);
  relay.start(['nginx', '-e', '/run/nginx-tls.log', '-c', '/run/nginx-tls.conf'], () => undefined);
  const listens = async () => (await relay.sh(`ss -Hlnt sport = :${PORT.nginxTls}`)).output.trim() !== '';
  await until('nginx', 10, listens);
}

/** Mb/s of bytes from a TLS client through nginx to a plain sink. */
async function bulkThroughNginx(a: Place, b: Place): Promise<number> {
  let bytes = 0;
  const sink = b.start([NODE, file('stream.ts'), 'sink', String(PORT.bulk)], (line) => {
    bytes = Number(line);
  });
  await sleep(500);
  const pour = a.start(
    [NODE, file('stream.ts'), 'pour-tls', RELAY.a, String(PORT.nginxBulk)],
    () => undefined,
  );
  const megabits = await paceOf(() => bytes);
  for (const child of [pour, sink]) await ended(child);
  return megabits;
}

/** Datagrams a second that reach a socket of the other peer, read or not. */
async function packetsThrough({ a, b }: World, way: Way): Promise<number> {
  // WireGuard lends its port.
  await must(a, `wg set wg-bench-a listen-port ${PORT.lent}`);
  await must(b, `wg set wg-bench-b listen-port ${PORT.lent}`);
  const lasting = `timeout ${SECONDS + 2} perl`;
  const holding = b.sh(`${lasting} ${file('hold.pl')} ${(way.callB ?? NOBODY).join(' ')}`);
  await sleep(500);
  const flooding = a.sh(`${lasting} ${file('flood.pl')} ${way.callA.join(' ')} ${DATAGRAM_BYTES}`);
  await sleep(700);
  const [first, startedAt] = [await arrived(b), performance.now()];
  await sleep(SECONDS * 1000);
  const [last, endedAt] = [await arrived(b), performance.now()];
  for (const ran of await Promise.all([flooding, holding]))
    if (ran.code !== TIMED_OUT) throw new Error(`no packets were sent: ${ran.output}`);
  return ((last - first) * 1000) / (endedAt - startedAt);
}

/** Datagrams that came to a socket of the place so far, those included that found its buffer full. */
async function arrived(place: Place): Promise<number> {
  const [, values = ''] = (await must(place, 'grep ^Udp: /proc/net/snmp')).split('\n');
  const fields = values.split(' ').map(Number);
  return (fields[1] ?? 0) + (fields[5] ?? 0);
}

/** Mb/s of one TCP stream within WireGuard. */
async function streamThrough({ a, b, publicKey }: World, way: Pick<Way, 'callA' | 'callB'>): Promise<number> {
  for (const [side, place, other, call] of [
    ['a', a, publicKey.b, way.callA],
    ['b', b, publicKey.a, way.callB],
  ] as const) {
    const set = `wg set wg-bench-${side}`;
    // Made anew, so that nothing is left of the way before.
    await must(
      place,
      `${set} listen-port ${PORT.wireguard} && ${set} peer ${other} remove &&
       ${set} peer ${other} allowed-ips 100.64.0.0/16 ${call ? `endpoint ${call.join(':')} persistent-keepalive 5` : ''}`,
    );
  }
  const pings = async () => (await a.sh('ping -c 1 -W 1 100.64.0.2')).code === 0;
  await until('the tunnel', 30, pings);
  let bytes = 0;
  const sink = b.start([NODE, file('stream.ts'), 'sink', String(PORT.sink)], (line) => {
    bytes = Number(line);
  });
  await sleep(500);
  const pour = a.start([NODE, file('stream.ts'), 'pour', '100.64.0.2', String(PORT.sink)], () => undefined);
  const megabits = await paceOf(() => bytes);
  for (const child of [pour, sink]) await ended(child);
  return megabits;
}

/** Mb/s at which a count of bytes grows, once it does. */
async function paceOf(bytes: () => number): Promise<number> {
  await until('the stream', 30, () => bytes() > 1_000_000);
  await sleep(500);
  const [first, startedAt] = [bytes(), performance.now()];
  await sleep(SECONDS * 1000);
  return ((bytes() - first) * 8) / 1000 / (performance.now() - startedAt);
}

/** Ends a program of ours, which ends with its stdin. */
async function ended(child: ReturnType<Place['start']>): Promise<void> {
  const gone = new Promise((done) => child.once('exit', done));
  child.stdin?.end();
  await gone;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}
