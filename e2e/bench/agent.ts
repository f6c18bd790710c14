/**
 * What the agent weighs: the bundled agent on a node of a cluster with ten others, all real and all up, then with a
 * hundred and a thousand peers in its map, of which the rest are nobody. wireguard-go stands beside and is not counted.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundleAgent } from '@skein/agent/build.ts';
import { COORDINATOR, type FieldNode, must, NODE, openField, until } from '@skein/agent/fixture/field.ts';
import { newSeed, wireguardPublicKey } from '@skein/agent/state/keys.ts';
import { openPrivateKey, publicKeyOf } from '@skein/mesh/map/sign.ts';
import type { Order, Seat, Told } from './agent/coordinator.ts';
import type { Bench } from './run.ts';

/** The bars. */
const RSS_MEGABYTES_10 = 70;
const BYTES_PER_PEER = 8 * 1024;
const IDLE_CPU_PERCENT = 0.2;
const APPLY_FULL_MILLISECONDS = 1000;
const APPLY_DELTA_MILLISECONDS = 20;

const PEERS = [10, 100, 1000] as const;
const CPU_SECONDS = 40;
/** After a change of the map, before memory is looked at, and how often it then is. */
const SETTLE_SECONDS = 15;
const MEMORY_LOOKS = 15;
const DELTAS = 15;
const FULLS = 5;
const PORT = 7401;

export const bench: Bench = async (say) => {
  const directory = await mkdtemp(join(tmpdir(), 'skein-agent-bench-'));
  const field = await openField({ clusters: 1, nodes: PEERS[0] + 1, gateways: 1 });
  try {
    const bundle = join(directory, 'agent.mjs');
    await writeFile(bundle, await bundleAgent());
    const start = `setsid ${NODE} ${await flags()} ${bundle} run > /var/log/skein-agent.log 2>&1 < /dev/null &`;
    const mapSeed = newSeed('ed25519');
    const mapKey = publicKeyOf(openPrivateKey(mapSeed));
    const seats: Seat[] = [];
    for (const node of field.nodes) {
      const wireguard = newSeed('x25519');
      const id = `peer_${node.name}`;
      seats.push({ id, name: node.name, address: node.address, wireguardKey: wireguardPublicKey(wireguard) });
      await enrolled(node, { id, mapKey, wireguard });
    }
    const told: Told[] = [];
    const coordinator = field.outer.start(
      [
        NODE,
        fileURLToPath(new URL('./agent/coordinator.ts', import.meta.url)),
        JSON.stringify(seats),
        COORDINATOR,
        String(PORT),
        mapSeed,
      ],
      (line) => told.push(JSON.parse(line)),
    );
    const order = (what: Order) => coordinator.stdin?.write(`${JSON.stringify(what)}\n`);
    await until('the coordinator', 20, () => told.some((one) => one.told === 'listening'));
    const [node] = field.nodes;
    if (!node) throw new Error('the field is empty');
    const self = `peer_${node.name}`;
    const appliedBy = (from: number, number?: number) =>
      until('the map to be applied', 60, () =>
        told
          .slice(from)
          .find(
            (one) =>
              one.told === 'applied' &&
              one.by === self &&
              one.number !== null &&
              (number === undefined || one.number >= number),
          ),
      );
    const sentTo = (from: number) =>
      until('a map to be sent', 60, () =>
        told.slice(from).find((one) => one.told === 'sent' && one.to === self),
      );

    for (const one of field.nodes) await must(one.place, start);
    await until('all tunnels', 90, () =>
      told.some((one) => one.told === 'applied' && one.by === self && one.up === PEERS[0]),
    );
    const pids = await pidsOf(node);
    await sleep(SETTLE_SECONDS * 1000);
    const before = { agent: await cpuOf(node, pids.agent), wireguard: await cpuOf(node, pids.wireguard) };
    await sleep(CPU_SECONDS * 1000);
    const share = (used: number) => (used / 1e9 / CPU_SECONDS) * 100;
    const idle = share((await cpuOf(node, pids.agent)) - before.agent);
    const idleWireguard = share((await cpuOf(node, pids.wireguard)) - before.wireguard);
    say(`idle with ${PEERS[0]} peers: ${idle.toFixed(3)}% of a core`);

    const memory: number[] = [];
    for (const peers of PEERS) {
      if (peers > PEERS[0]) {
        const from = told.length;
        order({ order: 'crowd', peers });
        await appliedBy(from, ((await sentTo(from)) as { number: number }).number);
        await sleep(SETTLE_SECONDS * 1000);
      }
      memory.push(await memoryOf(node, pids.agent));
      say(`${peers} peers: ${((memory.at(-1) as number) / 1e6).toFixed(1)} MB`);
    }
    const wireguardBytes = await memoryOf(node, pids.wireguard);

    const timed = async (act: () => unknown) => {
      const from = told.length;
      await act();
      const sent = (await sentTo(from)) as Extract<Told, { told: 'sent' }>;
      const applied = (await appliedBy(from, sent.number)) as Extract<Told, { told: 'applied' }>;
      if (applied.problem) throw new Error(applied.problem);
      return { milliseconds: (applied.at - sent.at) / 1e6, kind: sent.kind };
    };
    const deltas: number[] = [];
    for (let turn = 0; turn < DELTAS; turn += 1) {
      const { milliseconds, kind } = await timed(() => order({ order: 'move' }));
      if (kind !== 'delta') throw new Error('a whole map came for one change');
      deltas.push(milliseconds);
      await sleep(700);
    }
    say(`one change: ${deltas.map((one) => one.toFixed(1)).join(', ')} ms`);
    const fulls: number[] = [];
    for (let turn = 0; turn < FULLS; turn += 1) {
      await must(
        node.place,
        `pid=$(cat /run/skein/agent.pid) && kill -TERM $pid && while kill -0 $pid 2> /dev/null; do sleep 0.1; done
         ip link del skein0; nft delete table inet skein; rm /var/lib/skein/map.chain`,
      );
      const { milliseconds, kind } = await timed(() => must(node.place, start));
      if (kind !== 'map') throw new Error('no whole map came');
      fulls.push(milliseconds);
    }
    say(`a map from nothing: ${fulls.map((one) => one.toFixed(0)).join(', ')} ms`);

    const [first = 0, , last = 0] = memory;
    const round = (value: number) => Math.round(value * 1000) / 1000;
    const figures = {
      rssMegabytes10: round(first / 1e6),
      bytesPerPeer: Math.round((last - first) / (PEERS[2] - PEERS[0])),
      idleCpuPercent: round(idle),
      applyFullMilliseconds: round(median(fulls)),
      applyDeltaMilliseconds: round(median(deltas)),
    };
    const bar = (name: string, value: number, allowed: number, unit: string) => ({
      bar: name,
      measured: `${value} ${unit}`,
      allowed: `<= ${allowed} ${unit}`,
      ok: value <= allowed,
    });
    const bars = [
      bar(`memory with ${PEERS[0]} peers`, figures.rssMegabytes10, RSS_MEGABYTES_10, 'MB'),
      bar('memory for each more', figures.bytesPerPeer, BYTES_PER_PEER, 'B'),
      bar('processor when idle', figures.idleCpuPercent, IDLE_CPU_PERCENT, '% of a core'),
      bar(
        `a map of ${PEERS[2]} from nothing, median`,
        figures.applyFullMilliseconds,
        APPLY_FULL_MILLISECONDS,
        'ms',
      ),
      bar('one change, median', figures.applyDeltaMilliseconds, APPLY_DELTA_MILLISECONDS, 'ms'),
    ];
    return {
      ok: bars.every((one) => one.ok),
      ratios: {},
      figures,
      peers: {
        'wireguard-go': {
          rssMegabytes1000: round(wireguardBytes / 1e6),
          idleCpuPercent: round(idleWireguard),
        },
      },
      bars,
    };
  } finally {
    await field.close();
    await rm(directory, { recursive: true, force: true });
  }
};

/** What joining leaves on a node. */
async function enrolled(
  node: FieldNode,
  seat: { id: string; mapKey: string; wireguard: string },
): Promise<void> {
  const enrolment = {
    peerId: seat.id,
    networkId: 'net_bench',
    name: node.name,
    mapKey: seat.mapKey,
    coordinatorUrl: `http://${COORDINATOR}:${PORT}`,
  };
  await must(
    node.place,
    `umask 077 && mkdir -p /var/lib/skein /run/skein && cd /var/lib/skein &&
     printf '%s' '${JSON.stringify(enrolment)}' > enrolment.json &&
     printf '%s' '${newSeed('ed25519')}' > identity.key && printf '%s' '${seat.wireguard}' > wireguard.key`,
  );
}

/** The flags with which an installed agent runs. */
async function flags(): Promise<string> {
  const script = await readFile(
    fileURLToPath(new URL('../../apps/agent/install.sh', import.meta.url)),
    'utf8',
  );
  const found = /^exec \/opt\/skein\/node (.*) \/opt\/skein\/agent\.mjs/m.exec(script)?.[1];
  if (!found) throw new Error('install.sh does not say how the agent runs');
  return found;
}

async function pidsOf(node: FieldNode): Promise<{ agent: string; wireguard: string }> {
  const agent = (await must(node.place, 'cat /run/skein/agent.pid')).trim();
  return { agent, wireguard: (await must(node.place, 'pgrep -x wireguard-go')).trim() };
}

/** Processor time of all threads of a process, in nanoseconds. */
async function cpuOf(node: FieldNode, pid: string): Promise<number> {
  const text = await must(node.place, `cat /proc/${pid}/task/*/schedstat`);
  return text
    .trim()
    .split('\n')
    .reduce((sum, line) => sum + Number(line.split(' ')[0]), 0);
}

/** Resident bytes: the median of some looks, for garbage comes and goes. */
async function memoryOf(node: FieldNode, pid: string): Promise<number> {
  const looks: number[] = [];
  for (let look = 0; look < MEMORY_LOOKS; look += 1) {
    const text = await must(node.place, `cat /proc/${pid}/status`);
    looks.push(Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]) * 1024);
    await sleep(500);
  }
  return median(looks);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
