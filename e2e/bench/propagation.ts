/**
 * How long a change takes from the API's write to the last agent it affects, with 1,000 agents (100 clusters of 10) on
 * real sockets to one coordinator and a real Postgres; every signature and digest is checked by the agent it is for.
 */

import { createHash, generateKeyPairSync } from 'node:crypto';
import { createJoinToken } from '@skein/control/join-token/mint.ts';
import { publishRevision } from '@skein/control/map/publish.ts';
import { loadSnapshot } from '@skein/control/map/snapshot.ts';
import { enrolPeer } from '@skein/control/peer/enrol.ts';
import { leavePeer } from '@skein/control/peer/leave.ts';
import { recordReports } from '@skein/control/peer/report.ts';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { makeMesh, type SeededMesh, type SeededPeer } from '@skein/control/testing/mesh-rows.ts';
import { type Database, openDatabase } from '@skein/database/client.ts';
import { CHANNEL, listen, notify } from '@skein/database/notify.ts';
import { makeOrganization } from '@skein/database/testing/fresh.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import { digestOf } from '@skein/mesh/map/digest.ts';
import { enrolText, openPrivateKey, publicKeyOf, signText } from '@skein/mesh/map/sign.ts';
import type { Snapshot } from '@skein/mesh/network.ts';
import { simplePolicy } from '@skein/mesh/policy/simple.ts';
import { openWorld, type World } from './propagation-world.ts';
import type { Bench, BenchResult } from './run.ts';

/** The bars. */
const AGENTS = 1000;
const P99_MILLISECONDS = 500;
const BYTES_PER_AGENT = 64 * 1024;
const UNAFFECTED_WOKEN = 0;

const CLUSTERS = 100;
const CHANGES = { move: 20, gateway: 4, join: 8, leave: 8, ports: 4 };
/** Changes of each kind before the clock counts: code is compiled as it gets hot. */
const WARM_UP = 1;
const LONGEST_SECONDS = 20;

const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);
const monotonic = () => Number(process.hrtime.bigint());

type Kind = keyof typeof CHANGES;
interface Sample {
  kind: Kind;
  milliseconds: number;
  affected: number;
  woken: number;
}

export const bench: Bench = async (say) => {
  const world = await openWorld();
  const database = openDatabase(world.databaseUrl);
  try {
    return await measure(world, database, say);
  } finally {
    await database.$disconnect();
    await world.close();
  }
};

async function measure(world: World, database: Database, say: (line: string) => void): Promise<BenchResult> {
  const organizationId = await makeOrganization(database, 'Bench');
  const size = { clusters: CLUSTERS, peersPerCluster: AGENTS / CLUSTERS };
  const mesh = await makeMesh(database, createSealer(world.masterKey, random), organizationId, size);
  await warmUp(world, database);
  const before = await world.coordinatorBytes();
  say(`connecting ${mesh.peers.length} agents`);
  const startedAt = monotonic();
  await world.connect(mesh.mapKey, mesh.peers);
  const seconds = ((monotonic() - startedAt) / 1e9).toFixed(1);
  const megabytes = async () => `${((await world.coordinatorBytes()) / 2 ** 20).toFixed(1)} MB`;
  say(
    `connected in ${seconds} s; coordinator ${(before / 2 ** 20).toFixed(1)} MB before, ${await megabytes()} now`,
  );

  const drive = await openDriver(world, database, mesh);
  for (const kind of Object.keys(CHANGES) as Kind[])
    for (let round = 0; round < WARM_UP; round += 1) await drive.change(kind);
  const samples: Sample[] = [];
  for (const kind of schedule()) {
    const sample = await drive.change(kind);
    samples.push(sample);
    say(
      `${kind.padEnd(8)} ${String(sample.affected).padStart(5)} affected ${sample.milliseconds.toFixed(1).padStart(8)} ms`,
    );
  }
  say(`coordinator ${await megabytes()} after ${samples.length} changes`);
  await drive.verifyAll();
  if (world.broken.length > 0) throw new Error(`agents broke: ${world.broken.slice(0, 3).join('; ')}`);

  const after = await world.coordinatorBytes();
  const bytesPerAgent = Math.round((after - before) / AGENTS);
  const times = samples.map((sample) => sample.milliseconds).sort((a, b) => a - b);
  const p99 = quantile(times, 0.99);
  const median = quantile(times, 0.5);
  const woken = samples.reduce((sum, sample) => sum + sample.woken, 0);
  const floor = await notifyFloor(world.databaseUrl, database);
  const bars = [
    {
      bar: 'agents',
      measured: String(mesh.peers.length),
      allowed: `= ${AGENTS}`,
      ok: mesh.peers.length === AGENTS,
    },
    {
      bar: 'write to last affected agent, p99',
      measured: `${p99.toFixed(1)} ms`,
      allowed: `<= ${P99_MILLISECONDS} ms`,
      ok: p99 <= P99_MILLISECONDS,
    },
    {
      bar: 'unaffected agents woken',
      measured: String(woken),
      allowed: `= ${UNAFFECTED_WOKEN}`,
      ok: woken === UNAFFECTED_WOKEN,
    },
    {
      bar: 'coordinator memory an agent',
      measured: `${bytesPerAgent} B`,
      allowed: `<= ${BYTES_PER_AGENT} B`,
      ok: bytesPerAgent <= BYTES_PER_AGENT,
    },
  ];
  const round = (value: number) => Math.round(value * 100) / 100;
  return {
    ok: bars.every((bar) => bar.ok),
    ratios: { medianToNotify: round(median / floor) },
    figures: {
      agents: mesh.peers.length,
      p99Milliseconds: round(p99),
      bytesPerAgent,
      unaffectedWoken: woken,
      medianMilliseconds: round(median),
      changes: samples.length,
    },
    peers: { 'postgres notify': { medianMilliseconds: round(floor) } },
    bars,
  };
}

/** Runs a small network once, so that the memory counted later is that of agents, not of code loaded on first use. */
async function warmUp(world: World, database: Database): Promise<void> {
  const organizationId = await makeOrganization(database, 'Warm-up');
  const mesh = await makeMesh(database, createSealer(world.masterKey, random), organizationId, {
    clusters: 2,
    peersPerCluster: 2,
  });
  await world.connect(mesh.mapKey, mesh.peers);
  const drive = await openDriver(world, database, mesh);
  for (const kind of Object.keys(CHANGES) as Kind[]) await drive.change(kind);
}

/** Kinds in turn, so that none has the quiet moments to itself. */
function schedule(): Kind[] {
  const left = { ...CHANGES };
  const kinds: Kind[] = [];
  while (Object.values(left).some((count) => count > 0))
    for (const kind of Object.keys(left) as Kind[])
      if (left[kind] > 0) {
        left[kind] -= 1;
        kinds.push(kind);
      }
  return kinds;
}

/** Makes changes one at a time through control's own verbs, and waits for those whom they must reach. */
async function openDriver(world: World, database: Database, mesh: SeededMesh) {
  const context = { database, random, now: () => new Date() };
  const { organizationId, networkId } = mesh;
  const peers = new Map(mesh.peers.map((peer) => [peer.id, peer]));
  const connected = new Set(peers.keys());
  const joined: SeededPeer[] = [];
  let snapshot = await theSnapshot(database, networkId);
  let turn = 0;

  const idsOf = (pick: (peer: SeededPeer) => boolean) =>
    new Set([...peers.values()].filter(pick).map((peer) => peer.id));

  /** Prepares a change and answers the write to be timed, which answers whom it must reach. */
  const write: Record<Kind, () => Promise<() => Promise<ReadonlySet<string>>>> = {
    move: () => move('member'),
    gateway: () => move('gateway'),
    join: async () => {
      const clusterId = mesh.clusterIds[(turn * 7) % mesh.clusterIds.length] as string;
      const seed = createHash('sha256').update(`joined ${turn}`).digest('base64');
      const { token } = await createJoinToken(database, context, {
        organizationId,
        clusterId,
        peerId: null,
        uses: 1,
        expiresInSeconds: 600,
      });
      const wireguardKey = generateKeyPairSync('x25519')
        .publicKey.export({ format: 'der', type: 'spki' })
        .subarray(-32)
        .toString('base64');
      const identity = openPrivateKey(seed);
      const request = {
        token,
        identityKey: publicKeyOf(identity),
        wireguardKey,
        proof: signText('enrol', enrolText(token, wireguardKey), identity),
        facts: factsAt('10.127.0.1'),
      };
      return async () => {
        const enrolled = await enrolPeer(context, request);
        if (!enrolled.ok) throw new Error(enrolled.refusal.message);
        const peer: SeededPeer = {
          id: enrolled.answer.peerId,
          clusterId,
          role: 'member',
          identitySeed: seed,
        };
        peers.set(peer.id, peer);
        joined.push(peer);
        return idsOf((one) => one.clusterId === clusterId);
      };
    },
    leave: async () => {
      const peer = joined.shift();
      if (!peer) throw new Error('nobody is left to leave');
      return async () => {
        peers.delete(peer.id);
        await leavePeer(context, peer.id);
        return idsOf((one) => one.clusterId === peer.clusterId);
      };
    },
    ports: async () => async () => {
      const policy = simplePolicy([{ protocol: 'tcp', port: 1000 + turn }]);
      await database.$transaction(async (tx) => {
        await tx.network.update({ where: { id: networkId, organizationId }, data: { policy } });
        await publishRevision(tx, organizationId, networkId, [{ network: true }], 'allowed ports changed');
      });
      return idsOf(() => true);
    },
  };

  async function move(role: SeededPeer['role']): Promise<() => Promise<ReadonlySet<string>>> {
    const of = mesh.peers.filter((peer) => peer.role === role);
    const peer = of[(turn * 13) % of.length] as SeededPeer;
    const address = `10.126.${turn >> 8}.${turn & 255}`;
    const endpoints = [
      { kind: 'private' as const, address, port: 51820 },
      // A gateway's new public endpoint concerns every other gateway.
      ...(role === 'gateway'
        ? [{ kind: 'public' as const, address: `198.19.${turn >> 8}.${turn & 255}`, port: 51820 }]
        : []),
    ];
    const report = {
      type: 'report' as const,
      facts: factsAt(address),
      endpoints,
      appliedNumber: null,
      problem: null,
      links: [],
    };
    return async () => {
      await recordReports(context, networkId, [{ peerId: peer.id, report, observedAddress: null }]);
      return idsOf(
        (one) => one.clusterId === peer.clusterId || (role === 'gateway' && one.role === 'gateway'),
      );
    };
  }

  return {
    async change(kind: Kind): Promise<Sample> {
      turn += 1;
      const act = await write[kind]();
      const frames: { peerId: string; number: number; atNanoseconds: number }[] = [];
      let look = () => {};
      world.onFrame = ([peerId, number, atNanoseconds]) => {
        frames.push({ peerId, number, atNanoseconds });
        look();
      };
      const startedAt = monotonic();
      const reach = await act();
      const writtenAt = monotonic();
      const expected = [...connected].filter((id) => reach.has(id) && peers.has(id));
      const waiting = new Set(expected);
      await new Promise<void>((resolve, reject) => {
        const late = setTimeout(
          () =>
            reject(
              new Error(
                `${kind}: ${waiting.size} of ${expected.length} agents were not reached in ${LONGEST_SECONDS} s`,
              ),
            ),
          LONGEST_SECONDS * 1000,
        );
        let seen = 0;
        look = () => {
          for (; seen < frames.length; seen += 1) {
            const frame = frames[seen];
            if (frame && frame.number > snapshot.number) waiting.delete(frame.peerId);
          }
          if (waiting.size > 0) return;
          clearTimeout(late);
          resolve();
        };
        look();
      });
      // The truth, computed only now so that it takes no time from what is measured: whose map differs when both are
      // computed whole. It must be whom the change was expected to reach.
      const after = await theSnapshot(database, networkId);
      const wanted = new Set(
        [...connected].filter(
          (id) => peers.has(id) && mapText(snapshot, peers.get(id)) !== mapText(after, peers.get(id)),
        ),
      );
      snapshot = after;
      if (wanted.size !== expected.length || expected.some((id) => !wanted.has(id)))
        throw new Error(
          `${kind}: ${expected.length} agents were expected to be affected, ${wanted.size} are`,
        );
      const last = Math.max(
        writtenAt,
        ...frames.filter((frame) => wanted.has(frame.peerId)).map((frame) => frame.atNanoseconds),
      );
      const woken = frames.filter((frame) => !wanted.has(frame.peerId)).length;
      if (kind === 'join') await this.connectNewest();
      if (kind === 'leave') for (const id of connected) if (!peers.has(id)) connected.delete(id);
      return { kind, milliseconds: (last - startedAt) / 1e6, affected: wanted.size, woken };
    },
    async connectNewest(): Promise<void> {
      const peer = joined.at(-1);
      world.onFrame = () => {};
      if (!peer) return;
      await world.connect(mesh.mapKey, [peer]);
      connected.add(peer.id);
    },
    /** Every agent, affected or not, holds what a whole recompute gives: so late frames to the wrong ones show too. */
    async verifyAll(): Promise<void> {
      const truth = await theSnapshot(database, networkId);
      const held = await world.held();
      for (const id of connected) {
        const peer = peers.get(id) as SeededPeer;
        const holds = held.get(id);
        const map = buildMap(truth, peer.clusterId, id);
        if (!holds || !map || digestOf({ ...map, number: holds.number }) !== holds.digest)
          throw new Error(`the agent ${id} does not hold its map`);
      }
    },
  };
}

function factsAt(privateAddress: string) {
  return {
    hostname: 'bench',
    os: 'bench',
    kernel: 'bench',
    architecture: 'x64' as const,
    agentVersion: '0',
    wireguard: 'kernel' as const,
    privateAddress,
  };
}

async function theSnapshot(database: Database, networkId: string): Promise<Snapshot> {
  const snapshot = await loadSnapshot(database, networkId);
  if (!snapshot) throw new Error('the network is gone');
  return snapshot;
}

function mapText(snapshot: Snapshot, peer: SeededPeer | undefined): string {
  const map = peer && buildMap(snapshot, peer.clusterId, peer.id);
  return map ? digestOf({ ...map, number: 0 }) : '';
}

/** Median time of the notification alone, from the call to the listener: nothing can be quicker. */
async function notifyFloor(url: string, database: Database): Promise<number> {
  const times: number[] = [];
  let heard = () => {};
  const listening = await listen(url, CHANNEL.presence, () => heard());
  try {
    for (let round = 0; round < 50; round += 1) {
      const startedAt = monotonic();
      const told = new Promise<void>((resolve) => {
        heard = resolve;
      });
      await notify(database, CHANNEL.presence, '{}');
      await told;
      times.push((monotonic() - startedAt) / 1e6);
    }
  } finally {
    await listening.close();
  }
  return quantile(
    times.sort((a, b) => a - b),
    0.5,
  );
}

/** Nearest rank. @param sorted ascending */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
