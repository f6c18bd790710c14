/** `skein-agent doctor [PEER]`: looks at everything that packets and names need, and says what is wrong in words. */
import { isIPv4, isIPv6 } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { WIREGUARD_PORT } from '@skein/contract/primitive.ts';
import { twinsOf } from '@skein/mesh/ipam/twin.ts';
import { openPublicKey } from '@skein/mesh/map/sign.ts';
import { decode, encode } from 'dns-packet';
import { LOOPBACK_RESOLVER } from '../config.ts';
import { askDaemon, Status } from '../daemon/control-socket.ts';
import { ask } from '../dns/ask.ts';
import { lookAtCoordinator } from '../doctor/coordinator-way.ts';
import { diagnose, type Finding } from '../doctor/diagnose.ts';
import { type DoctorFacts, Measured } from '../doctor/facts.ts';
import { natKind } from '../doctor/nat.ts';
import { lookAtNode } from '../doctor/node-state.ts';
import { traceTo } from '../doctor/trace.ts';
import { AgentFailure } from '../failure.ts';
import type { Run } from '../host/command.ts';
import { readEnrolment } from '../state/enrolment.ts';
import { openMapCache } from '../state/map-cache.ts';
import { columns } from './status.ts';

/** Measuring takes two of them. */
const DAEMON_SECONDS = 6;
const NAME_SECONDS = 5;

export interface Examination {
  facts: DoctorFacts;
  findings: Finding[];
}

/**
 * Gathers and judges, in about five seconds. Needs no running daemon: that it does not run is a finding.
 * @param peer name, name with its cluster, or overlay address of a peer to look at closely
 * @throws AgentFailure `usage` where nobody of that name is known
 */
export async function examine(run: Run, peer: string | undefined): Promise<Examination> {
  const enrolment = await readEnrolment();
  const map = enrolment
    ? (await openMapCache({ ...enrolment, mapKey: openPublicKey(enrolment.mapKey) })).map
    : undefined;
  const target = peer !== undefined && map ? await addressOf(map, peer) : undefined;
  const direct = map?.peers.find((one) => one.overlayAddress === target);
  const status = await soon(askDaemon({ ask: 'status' }, Status));
  const [coordinator, node, measured, trace] = await Promise.all([
    enrolment ? lookAtCoordinator(enrolment.coordinatorUrl, Date.now) : null,
    map ? lookAtNode(run, map) : null,
    status
      ? soon(askDaemon({ ask: 'measure', ...(direct ? { peer: direct.id } : {}) }, Measured))
      : undefined,
    map && target !== undefined ? traceTo(run, map, peer ?? target, target) : null,
  ]);
  const facts: DoctorFacts = {
    enrolled: enrolment !== undefined,
    daemon: status ?? null,
    coordinator,
    node,
    measured: measured ?? null,
    wireguardPort: map?.self.wireguardPort ?? WIREGUARD_PORT,
    trace,
  };
  return { facts, findings: diagnose(facts) };
}

/** A daemon that hangs is as good as none. */
function soon<T>(answer: Promise<T>): Promise<T | undefined> {
  return Promise.race([answer, wait(DAEMON_SECONDS * 1000, undefined, { ref: false })]).catch(
    () => undefined,
  );
}

/** The overlay address of a peer by what a person calls it. */
async function addressOf(map: NetworkMap, peer: string): Promise<string> {
  if (isIPv4(peer)) return peer;
  // The path is the same, and hops tell their IPv4 addresses.
  const origin = isIPv6(peer) ? twinsOf(map.networkId).origin(peer) : undefined;
  if (origin !== undefined) return origin;
  const known = map.peers.find((one) => one.name === peer);
  if (known) return known.overlayAddress;
  const { zone, clusterName } = map.self;
  const name = peer.endsWith(`.${zone}`)
    ? peer
    : `${peer.includes('.') ? peer : `${peer}.${clusterName}`}.${zone}`;
  // The agent's resolver and no other: one outside may answer anything for a name of ours.
  const question = { type: 'A', name } as const;
  const query = encode({ type: 'query', id: 1, flags: 0x0100, questions: [question] });
  const reply = await ask(LOOPBACK_RESOLVER, query, 'udp', NAME_SECONDS * 1000);
  const answers = reply ? (decode(reply).answers ?? []) : [];
  const [found] = answers.flatMap((answer) => (answer.type === 'A' ? [answer.data] : []));
  if (found) return found;
  throw new AgentFailure(
    'usage',
    `nobody answers for ${name} at present; say NAME.CLUSTER, or the overlay address (the dashboard shows it)`,
  );
}

/** For people. Ends with one line that says how it stands. */
export function renderExamination({ facts, findings }: Examination): string {
  const lines: string[] = [];
  const { measured, trace, coordinator } = facts;
  if (coordinator?.tcp?.ok)
    lines.push(`coordinator ${coordinator.url}: ${coordinator.tcp.milliseconds} ms to connect`);
  if (facts.node && measured) lines.push(`NAT: ${natWords(natKind(facts.node.addresses, measured.peers))}`);
  if (measured && measured.peers.length > 0)
    lines.push(
      '',
      ...columns([
        ['PEER', 'ENDPOINT', 'PATH', 'HANDSHAKE', 'LOSS', 'RTT', 'MTU'],
        ...measured.peers.map((peer) => [
          peer.name,
          peer.endpoint ?? '-',
          peer.endpointKind ?? '-',
          peer.handshakeAgeSeconds === null ? '-' : `${Math.round(peer.handshakeAgeSeconds)} s`,
          `${Math.round(100 * (1 - peer.answered / peer.probes))}%`,
          peer.rttMilliseconds === null ? '-' : `${peer.rttMilliseconds.toFixed(1)} ms`,
          String(peer.mtu),
        ]),
      ]),
      ...(measured.known > measured.peers.length ? [`(${measured.peers.length} of ${measured.known})`] : []),
    );
  if (trace?.hops)
    lines.push(
      '',
      ...columns([
        ['HOP', 'ADDRESS', 'LOSS', 'RTT'],
        ...trace.hops.map((hop) => [
          hop.name ?? '-',
          hop.address,
          `${Math.round(100 * (1 - hop.answered / hop.sent))}%`,
          hop.rttMilliseconds === null ? '-' : `${hop.rttMilliseconds.toFixed(1)} ms`,
        ]),
      ]),
    );
  for (const { grade, what, mend } of findings) lines.push('', `${grade}: ${what}`, `  ${mend}`);
  const wrong = findings.filter((one) => one.grade === 'wrong').length;
  lines.push(
    '',
    wrong === 0 ? 'Nothing is wrong.' : `${wrong} ${wrong === 1 ? 'thing is' : 'things are'} wrong.`,
  );
  return `${lines.join('\n').trimStart()}\n`;
}

function natWords(kind: ReturnType<typeof natKind>): string {
  if (kind === 'none') return 'none, peers see this node as it is';
  if (kind === 'steady') return 'one address and port for all peers';
  return kind === 'per-peer' ? 'another port or address for each peer' : 'not known';
}
