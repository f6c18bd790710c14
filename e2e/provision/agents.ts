/**
 * Agents without a node: whenever the lab's ground holds a machine with user-data, its token is redeemed through the
 * very verbs that the coordinator calls, and its tunnels are reported as up.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Facts } from '@skein/contract/agent/channel.ts';
import { loadSnapshot } from '@skein/control/map/snapshot.ts';
import { type ChannelContext, enrolPeer } from '@skein/control/peer/enrol.ts';
import { notifyPresence, recordPresence } from '@skein/control/peer/presence.ts';
import { recordReports } from '@skein/control/peer/report.ts';
import type { Database } from '@skein/database/client.ts';
import type { Machine } from '@skein/lab/ground/ground.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import { enrolText, publicKeyOf, signText } from '@skein/mesh/map/sign.ts';

export interface SimulatedAgents {
  /** What enrolments were refused with; none is expected. */
  refused: string[];
  /** Every machine that was ever seen. */
  seen: Set<string>;
  /** While true no machine joins. */
  paused: boolean;
  /** What agents find on their nodes beside the usual. */
  finds: (machine: Machine) => Partial<Facts>;
  close(): Promise<void>;
}

/** Looks for new machines every tenth of a second and keeps reporting for those that joined. */
export function simulateAgents(database: Database, machines: () => readonly Machine[]): SimulatedAgents {
  const context: ChannelContext = {
    database,
    now: () => new Date(),
    random: (bytes) => crypto.getRandomValues(bytes),
  };
  const seen = new Set<string>();
  const refused: string[] = [];
  const joined = new Map<string, { peerId: string; networkId: string; address: string; machine: Machine }>();
  let reported = '';
  let open = true;

  const loop = async () => {
    while (open) {
      for (const machine of agents.paused ? [] : machines()) {
        if (seen.has(machine.id)) continue;
        seen.add(machine.id);
        const token = /--token (skj_\w+)/.exec(machine.userData ?? '')?.[1];
        if (!token) {
          refused.push(`${machine.id} has no token in its user-data`);
          continue;
        }
        const answer = await enrol(context, machine, token);
        if (answer.ok) joined.set(machine.id, { ...answer.answer, address: machine.privateAddress, machine });
        else refused.push(`${machine.id}: ${answer.refusal.code}`);
      }
      const here = new Set(machines().map((machine) => machine.id));
      for (const id of joined.keys()) if (!here.has(id)) joined.delete(id);
      // What the maps hold follows from who joined and from the revision: only then is there news to report.
      const found = [...joined.values()].map((one) => ({ ...one, found: agents.finds(one.machine) }));
      const facts = JSON.stringify(found.map((one) => one.found));
      const news = `${[...joined.keys()].join()} ${await revisions(database)} ${facts}`;
      if (news !== reported) await report(context, found);
      reported = news;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const agents: SimulatedAgents = {
    seen,
    refused,
    paused: false,
    finds: () => ({}),
    async close() {
      open = false;
      await running;
    },
  };
  const running = loop();
  return agents;
}

async function revisions(database: Database): Promise<string> {
  const rows = await database.network.findMany({
    select: { id: true, revision: true },
    orderBy: { id: 'asc' },
  });
  return rows.map((row) => `${row.id} ${row.revision}`).join();
}

/** Redeems a token as a node with this private address would. */
export function enrol(context: ChannelContext, machine: Pick<Machine, 'privateAddress'>, token: string) {
  const { privateKey } = generateKeyPairSync('ed25519');
  const wireguardKey = randomBytes(32).toString('base64');
  return enrolPeer(context, {
    token,
    identityKey: publicKeyOf(privateKey),
    wireguardKey,
    proof: signText('enrol', enrolText(token, wireguardKey), privateKey),
    facts: factsOf(machine.privateAddress),
  });
}

export const factsOf = (privateAddress: string) => ({
  hostname: 'node',
  os: 'Paper 1',
  kernel: '6',
  architecture: 'x64' as const,
  agentVersion: '0.0.0',
  wireguard: 'kernel' as const,
  privateAddress,
});

/** Every tunnel that the peer's own map holds is up. */
async function report(
  context: ChannelContext,
  agents: readonly { peerId: string; networkId: string; address: string; found: Partial<Facts> }[],
) {
  const { database } = context;
  const networks = new Set(agents.map((agent) => agent.networkId));
  await recordPresence(
    database,
    { connected: agents.map((agent) => agent.peerId), seen: [], disconnected: [] },
    new Date(),
  );
  for (const networkId of networks) {
    const snapshot = await loadSnapshot(database, networkId);
    if (!snapshot) continue;
    const reports = agents.flatMap(({ peerId, address, found }) => {
      const clusterId = [...snapshot.parts].find(([, part]) =>
        part.peers.some((peer) => peer.id === peerId),
      )?.[0];
      const map = clusterId === undefined ? undefined : buildMap(snapshot, clusterId, peerId);
      if (!map) return [];
      const links = map.peers.map((peer) => ({
        peerId: peer.id,
        state: 'up' as const,
        endpoint: null,
        lastHandshakeAt: null,
        rttMilliseconds: 1,
        receivedBytes: 0,
        sentBytes: 0,
      }));
      const endpoints = [{ kind: 'private' as const, address, port: 51820 }];
      const facts = { ...factsOf(address), ...found };
      const body = { facts, endpoints, appliedNumber: map.number, problem: null, links };
      return [{ peerId, observedAddress: null, report: { type: 'report' as const, ...body } }];
    });
    await recordReports(context, networkId, reports);
  }
  await notifyPresence(database, networks);
}
