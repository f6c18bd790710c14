/** From facts to findings: what is wrong, and how to mend it. Pure; causes come before what follows from them. */
import { blockedWords } from './blocked-words.ts';
import type { CoordinatorFacts, DoctorFacts, NodeFacts, PeerMeasure, TraceFacts } from './facts.ts';
import { natKind } from './nat.ts';

export interface Finding {
  code: string;
  /** `wrong` stops or harms traffic; `note` is worth knowing. */
  grade: 'wrong' | 'note';
  what: string;
  mend: string;
}

/** Probes lost beyond this share are worth a word. */
const LOSS_SHARE = 0.2;
const CLOCK_SECONDS = 60;
/** Longest age of a session that is in use. */
const SESSION_SECONDS = 180;
/** What the overlay promises its users, IPv6 among them. */
const USUAL_MTU = 1280;

/** Findings in the order in which to mend them; none where all is well. */
export function diagnose(facts: DoctorFacts): Finding[] {
  if (!facts.enrolled)
    return [
      wrong(
        'not-enrolled',
        'This node has not joined a network.',
        'Run the one-liner of its cluster’s page (“Add nodes”) on this node.',
      ),
    ];
  const findings: Finding[] = [];
  if (!facts.daemon)
    findings.push(
      wrong(
        'agent-down',
        'The agent is not running: nobody keeps this node’s tunnels, names and filter right.',
        'Start it: systemctl start skein-agent (without systemd: /opt/skein/start), then look into its log.',
      ),
    );
  if (facts.coordinator) findings.push(...ofCoordinator(facts.coordinator, facts.daemon?.connected ?? null));
  if (facts.daemon) findings.push(...ofMap(facts.daemon));
  if (facts.node) findings.push(...ofNode(facts.node, facts.daemon !== null));
  const gone = (facts.node?.interfacesGone.length ?? 0) > 0 || facts.node?.wireguardAnswers === false;
  // Without an interface every peer is silent, and says nothing more.
  if (facts.daemon && !gone) findings.push(...ofUdp(facts.daemon, facts.wireguardPort));
  if (facts.measured && !gone) {
    findings.push(...ofPeers(facts.measured.peers, facts.wireguardPort));
    if (facts.node) findings.push(...ofNat(facts.node.addresses, facts.measured.peers));
  }
  if (facts.trace && !gone) findings.push(...ofTrace(facts.trace));
  return findings;
}

function ofCoordinator(facts: CoordinatorFacts, connected: boolean | null): Finding[] {
  const host = new URL(facts.url).hostname;
  if (!facts.name.ok)
    return [
      wrong(
        'coordinator-name',
        `The coordinator’s name ${host} is not resolved: ${facts.name.words}.`,
        'Check the resolvers in /etc/resolv.conf behind 127.0.80.53, and that they know this name.',
      ),
    ];
  if (facts.tcp && !facts.tcp.ok)
    return [
      wrong(
        'coordinator-unreachable',
        `The coordinator at ${facts.url} is not reached: ${facts.tcp.words}. Traffic goes on by the last map; changes do not arrive.`,
        `Let TCP ${portOf(facts.url)} out of this node towards ${facts.name.addresses.join(', ')}, and check that the coordinator runs.`,
      ),
    ];
  if (facts.tls && !facts.tls.ok)
    return [
      wrong(
        'coordinator-tls',
        `The coordinator’s certificate is not accepted: ${facts.tls.words}.`,
        'Check its names and dates and this node’s clock, or what intercepts TLS between here and there.',
      ),
    ];
  const findings: Finding[] = [];
  if (facts.aheadSeconds !== null && Math.abs(facts.aheadSeconds) > CLOCK_SECONDS)
    findings.push(
      note(
        'clock',
        `This node’s clock is ${duration(Math.abs(facts.aheadSeconds))} ${facts.aheadSeconds > 0 ? 'behind' : 'ahead of'} the coordinator’s.`,
        'Tunnels do not mind. Certificates do: let systemd-timesyncd or chrony set the clock.',
      ),
    );
  if (connected === false)
    findings.push(
      wrong(
        'channel-closed',
        'The coordinator is reached, but its channel to this agent is not open.',
        'If this lasts more than a minute: a proxy on the way may not let WebSockets through, or the peer was removed; see the agent’s log.',
      ),
    );
  return findings;
}

function ofMap(daemon: NonNullable<DoctorFacts['daemon']>): Finding[] {
  if (daemon.problem)
    return [
      wrong(
        'map-not-applied',
        `The agent could not do all that its map asks: ${daemon.problem}.`,
        'Mend what it says; the agent tries again every 30 seconds.',
      ),
    ];
  if (daemon.heldNumber === null)
    return [
      wrong(
        'no-map',
        'No map has come from the coordinator yet, so there are no tunnels.',
        'Mend the way to the coordinator; the map follows within seconds.',
      ),
    ];
  return [];
}

function ofNode(node: NodeFacts, daemonRuns: boolean): Finding[] {
  const findings: Finding[] = [];
  if (node.interfacesGone.length > 0)
    findings.push(
      wrong(
        'interface-gone',
        `The interface ${node.interfacesGone.join(', ')} is not there or is down.`,
        'The agent makes it again within 30 seconds; if it does not, its log says why. Is another program deleting it?',
      ),
    );
  else if (!node.wireguardAnswers)
    findings.push(
      wrong(
        'wireguard-gone',
        'The interface is there, but nothing answers for WireGuard: wireguard-go has ended or hangs.',
        'The agent starts it again within seconds; if it does not, check that wireguard-go is installed and look for it in dmesg (out of memory?).',
      ),
    );
  if (node.filterInPlace === false)
    findings.push(
      wrong(
        'filter-missing',
        'The packet filter (nftables table “inet skein”) is not as the map says: something flushed or changed it.',
        'The agent puts it back within 30 seconds. Keep other programs from “nft flush ruleset”: let them flush their own tables.',
      ),
    );
  if (node.filterInPlace === null)
    findings.push(
      note(
        'filter-unknown',
        'nft cannot be asked about the packet filter.',
        'Run the doctor as root, with nftables installed.',
      ),
    );
  const strays = Map.groupBy(node.astray, (one) => one.device);
  for (const [device, some] of strays) {
    const addresses = some.map((one) => one.address);
    findings.push(
      device === null
        ? wrong(
            'route-missing',
            `There is no route to ${list(addresses)}.`,
            'The agent puts its routes back within 30 seconds. If they vanish again, another program deletes them.',
          )
        : wrong(
            'route-taken',
            `Packets to ${list(addresses)} leave by ${device} and not through the tunnel: a route or rule there is in the way.`,
            `Remove it (ip route get ${addresses[0]} shows it), or give the network another overlay range.`,
          ),
    );
  }
  if (node.forwardingOff.length > 0)
    findings.push(
      wrong(
        'forwarding-off',
        `This node carries traffic for others, but forwarding is off on ${node.forwardingOff.join(', ')}.`,
        `The agent switches it on within 30 seconds; keep sysctl files from setting net.ipv4.conf.${node.forwardingOff[0]}.forwarding=0.`,
      ),
    );
  // A daemon that stopped gave the names back on purpose.
  if (!daemonRuns) return findings;
  if (!node.resolverNamed)
    findings.push(
      wrong(
        'names-elsewhere',
        'This node’s programs do not ask the agent for names: resolv.conf does not name 127.0.80.53.',
        'The agent writes it within 30 seconds. If another program (DHCP, NetworkManager) writes it back, tell that one to leave it.',
      ),
    );
  if (!node.ownNameAnswered)
    findings.push(
      wrong(
        'names-unanswered',
        'The agent’s resolver on 127.0.80.53 does not answer this node’s own name.',
        'Restart the agent; if port 53 of that address is somebody else’s, its log says so.',
      ),
    );
  return findings;
}

function ofUdp({ udp, overTls }: NonNullable<DoctorFacts['daemon']>, port: number): Finding[] {
  if (udp !== 'blocked' || overTls.length === 0) return [];
  return [
    note(
      'udp-over-tls',
      `${blockedWords(overTls)}.`,
      `That is slower than UDP. Let UDP out of this node from ${port} and following, in its own firewall and its network’s; then the direct ways are taken by themselves.`,
    ),
  ];
}

function ofPeers(peers: readonly PeerMeasure[], port: number): Finding[] {
  const silent = peers.filter((peer) => peer.answered === 0);
  const findings: Finding[] = [];
  const told = peers.filter((peer) => peer.offered.length > 0 || peer.endpoint !== null);
  const allSilent = told.length > 1 && told.every((peer) => peer.answered === 0 && peer.receivedBytes === 0);
  if (allSilent)
    findings.push(
      wrong(
        'udp-blocked',
        `None of ${told.length} peers answers, and not one sealed packet comes in: UDP is blocked at this node or its network.`,
        `Let UDP out of this node and UDP ${port} and following in, in its own firewall and in its network’s. Where that cannot be, let a peer with a public address relay (PUT /peers/{id}/relay): it takes this node in over TLS, on TCP 443.`,
      ),
    );
  for (const peer of allSilent ? [] : silent) findings.push(ofSilentPeer(peer));
  for (const peer of peers) {
    if (peer.answered === 0) continue;
    const lost = 1 - peer.answered / peer.probes;
    if (lost > LOSS_SHARE)
      findings.push(
        wrong(
          'loss',
          `${Math.round(lost * 100)}% of small packets to ${peer.name} are lost (by ${peer.endpoint ?? 'no endpoint'}).`,
          'The underlay loses them: look for a full link or a rate limit between the two nodes.',
        ),
      );
    if (peer.mtu < USUAL_MTU)
      findings.push(
        wrong(
          'mtu-narrow',
          `Only packets up to ${peer.mtu} bytes reach ${peer.name}; larger ones vanish on the way. Skein keeps to that, but IPv6 and large UDP packets suffer.`,
          `Something between the two nodes carries less than ${USUAL_MTU + 60} bytes: another tunnel or a VPN, most often. Raise its MTU.`,
        ),
      );
    else if (peer.mtu < peer.mtuCeiling)
      findings.push(
        note(
          'mtu-below',
          `Packets to ${peer.name} are kept to ${peer.mtu} bytes, though this node’s own link would carry ${peer.mtuCeiling}.`,
          'Nothing need be done: it is what the path carries.',
        ),
      );
  }
  return findings;
}

function ofSilentPeer(peer: PeerMeasure): Finding {
  const at = peer.endpoint ?? peer.offered[0]?.endpoint ?? null;
  if (at === null)
    return wrong(
      'peer-unknown-way',
      `Nobody knows where ${peer.name} can be reached, and it has not called.`,
      'Check that its agent runs and is connected; a gateway needs a public address or a way in.',
    );
  if (peer.handshakeAgeSeconds === null && peer.receivedBytes === 0)
    return wrong(
      'peer-silent',
      `${peer.name} has never answered at ${at}: UDP to it is dropped on the way, or it is down.`,
      `Let UDP ${at.split(':')[1]} in at ${peer.name} from this node, and check that its agent runs.`,
    );
  if (peer.receivedBytes > 0 && (peer.handshakeAgeSeconds ?? SESSION_SECONDS + 1) <= SESSION_SECONDS)
    return wrong(
      'peer-deaf',
      `Sealed packets come from ${peer.name}, but its agent answers no probe: the agent hangs, or its filter is not in place.`,
      `Run skein-agent doctor on ${peer.name}.`,
    );
  const since =
    peer.handshakeAgeSeconds === null
      ? ''
      : `; the last handshake was ${duration(peer.handshakeAgeSeconds)} ago`;
  return wrong(
    'peer-lost',
    `${peer.name} does not answer any more at ${at}${since}: it is down, or UDP between the two is dropped now.`,
    `Check ${peer.name} and its agent; then what changed in firewalls between the two for UDP ${at.split(':')[1]}.`,
  );
}

function ofNat(own: readonly string[], peers: readonly PeerMeasure[]): Finding[] {
  const kind = natKind(own, peers);
  if (kind !== 'per-peer') return [];
  return [
    note(
      'nat-per-peer',
      'This node sits behind a NAT that gives it another port for each peer, so nobody can call it there.',
      'Peers with a public address are reached all the same, others through a relay. A NAT that keeps ports (or a port forwarded for UDP) makes those ways direct.',
    ),
  ];
}

function ofTrace(trace: TraceFacts): Finding[] {
  if (trace.hops === null)
    return [
      note(
        'no-ping',
        'The hops on the way are not measured: the program ping is missing.',
        'Install iputils-ping.',
      ),
    ];
  const nameOf = (hop: { name: string | null; address: string }) => hop.name ?? hop.address;
  const last = trace.hops.at(-1);
  const broken = trace.hops.findIndex((hop) => hop.answered === 0);
  if (last && last.address === trace.address && last.answered > 0) {
    // A hop may keep silent and pass packets on; loss counts where it lasts to the end.
    const share = 1 - last.answered / last.sent;
    if (share <= LOSS_SHARE) return [];
    const first = trace.hops.find((hop) => 1 - hop.answered / hop.sent > LOSS_SHARE) ?? last;
    return [
      wrong(
        'path-loss',
        `${Math.round(share * 100)}% of packets to ${trace.target} are lost; it begins at ${nameOf(first)}.`,
        `Run skein-agent doctor on ${nameOf(first)} and on the hop before it.`,
      ),
    ];
  }
  const reached = trace.hops
    .slice(0, broken < 0 ? undefined : broken)
    .filter((hop) => hop.answered > 0)
    .at(-1);
  return [
    wrong(
      'path-broken',
      reached
        ? `Packets to ${trace.target} get as far as ${nameOf(reached)} and no further.`
        : `Packets to ${trace.target} get no answer from the first hop on.`,
      reached
        ? `Run skein-agent doctor on ${nameOf(reached)}: its tunnel onwards, its routes or its filter stop them.`
        : 'See the findings about this node’s tunnels; if there are none, the target is down or does not answer ping.',
    ),
  ];
}

const wrong = (code: string, what: string, mend: string): Finding => ({ code, grade: 'wrong', what, mend });
const note = (code: string, what: string, mend: string): Finding => ({ code, grade: 'note', what, mend });

function list(texts: readonly string[]): string {
  return texts.length <= 3
    ? texts.join(', ')
    : `${texts.slice(0, 3).join(', ')} and ${texts.length - 3} more`;
}

function portOf(url: string): string {
  const { port, protocol } = new URL(url);
  return port || (protocol === 'https:' ? '443' : '80');
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  return whole < 7200 ? `${Math.round(whole / 60)} minutes` : `${Math.round(whole / 3600)} hours`;
}
