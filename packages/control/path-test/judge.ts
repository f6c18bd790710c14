/** From what agents answered to the hops of a way and one verdict in words. Pure. */
import type { PathAnswer, TunnelMeasure } from '@skein/contract/agent/path.ts';
import type { PathHop, PathTest } from '@skein/contract/rest/path-test.ts';

export interface TestedPeer {
  id: string;
  name: string;
  overlayAddress: string;
  connected: boolean;
}

/** Loss beyond this share is worth a word: ten packets were sent. */
const LOSS_SHARE = 0.2;

/** The middle of the way as the first peer's trace saw it, the target left out. */
export function middleOf(
  answer: PathAnswer | undefined,
  to: TestedPeer,
  peers: readonly TestedPeer[],
): TestedPeer[] {
  return (answer?.hops ?? []).flatMap((hop) => {
    const peer = peers.find((one) => one.overlayAddress === hop.address);
    return peer && peer.id !== to.id ? [peer] : [];
  });
}

/**
 * @param peers all of the network
 * @param answers by peer id; a peer that was asked and did not answer in time has none
 * @param port what was asked to be opened at the target
 */
export function judgePath(
  from: TestedPeer,
  to: TestedPeer,
  peers: readonly TestedPeer[],
  answers: ReadonlyMap<string, PathAnswer>,
  port: number | undefined,
): Omit<PathTest, 'milliseconds'> {
  const told = answers.get(from.id);
  const start = { from: from.name, to: to.name, hops: [], port: null };
  if (!from.connected)
    return {
      ...start,
      ok: false,
      verdict: `The agent of ${from.name} is not connected to the coordinator, so nothing can be sent from there.`,
      remedy: `Run skein-agent doctor on ${from.name}.`,
    };
  if (!told)
    return {
      ...start,
      ok: false,
      verdict: `The agent of ${from.name} did not answer in time.`,
      remedy: 'Try again; if it stays silent, restart the agent: systemctl restart skein-agent.',
    };
  const way = [from, ...middleOf(told, to, peers), to];
  const hops = way.slice(0, -1).map((peer, index) => hopOf(peer, way[index + 1] ?? to, answers, peers));
  const reached = (told.hops?.at(-1)?.answered ?? 0) > 0;
  const result = {
    ...start,
    hops,
    port: told.port && port !== undefined ? { number: port, ...told.port } : null,
  };
  if (told.hops === null && !told.port)
    return {
      ...result,
      ok: false,
      verdict: `${from.name} has no ping, so the hops were not followed.`,
      remedy: `Install iputils-ping on ${from.name}, or name a TCP port.`,
    };
  if (reached || told.port?.open) return { ...result, ...ofReached(told, hops, to, port) };
  return { ...result, ...ofBroken(hops, to, answers) };
}

function hopOf(
  sender: TestedPeer,
  next: TestedPeer,
  answers: ReadonlyMap<string, PathAnswer>,
  peers: readonly TestedPeer[],
): PathHop {
  const answer = answers.get(sender.id);
  // Behind the last hop that answered the next one is whoever carries the address for the sender.
  const tunnel = answer?.tunnels.find((one) => one.peerId === next.id) ?? answer?.tunnels[0];
  const end = tunnel ? (peers.find((one) => one.id === tunnel.peerId) ?? next) : next;
  const first = [...answers.values()].find((one) => one.hops !== null);
  const ping = first?.hops?.find((one) => one.address === end.overlayAddress);
  return {
    from: sender.name,
    to: end.name,
    tunnel: tunnel ? tunnelOf(tunnel) : null,
    ping: ping
      ? { lossPercent: percent(1 - ping.answered / ping.sent), rttMilliseconds: ping.rttMilliseconds }
      : null,
  };
}

function tunnelOf(tunnel: TunnelMeasure): NonNullable<PathHop['tunnel']> {
  const { endpoint, endpointKind, handshakeAgeSeconds, rttMilliseconds, mtu } = tunnel;
  const lossPercent = percent(tunnel.probes === 0 ? 1 : 1 - tunnel.answered / tunnel.probes);
  return { endpoint, endpointKind, handshakeAgeSeconds, rttMilliseconds, mtu, lossPercent };
}

type Verdict = Pick<PathTest, 'ok' | 'verdict' | 'remedy'>;

function ofReached(
  told: PathAnswer,
  hops: readonly PathHop[],
  to: TestedPeer,
  port: number | undefined,
): Verdict {
  const last = told.hops?.at(-1);
  const lost = last ? 1 - last.answered / last.sent : 0;
  const lossy = hops.find((hop) => hop.tunnel && hop.tunnel.lossPercent > LOSS_SHARE * 100);
  if (lost > LOSS_SHARE)
    return {
      ok: false,
      verdict: `${percent(lost)}% of packets to ${to.name} are lost${lossy ? `, between ${lossy.from} and ${lossy.to}` : ''}.`,
      remedy: 'Look for a full link or a rate limit there: the tunnel itself loses nothing.',
    };
  if (told.port && !told.port.open)
    return {
      ok: false,
      verdict: `${to.name} is reached, but TCP port ${port} is not: ${told.port.words}.`,
      remedy:
        'If it was refused, nothing listens there. If there was no answer, the network’s policy or the host’s own firewall drops it: ask the policy who reaches whom.',
    };
  const rtt = last?.rttMilliseconds;
  const time = rtt === null || rtt === undefined ? '' : ` in ${rtt.toFixed(1)} ms`;
  const through = hops.slice(0, -1).flatMap((hop) => hop.to ?? []);
  return {
    ok: true,
    verdict: `${to.name} is reached${time}, ${through.length === 0 ? 'directly' : `by ${through.join(' and ')}`}${told.port ? `; TCP port ${port} is open` : ''}.`,
    remedy: null,
  };
}

function ofBroken(
  hops: readonly PathHop[],
  to: TestedPeer,
  answers: ReadonlyMap<string, PathAnswer>,
): Verdict {
  const broken = hops.find((hop) => hop.tunnel && hop.tunnel.lossPercent === 100);
  if (broken?.tunnel) {
    const { endpoint, handshakeAgeSeconds } = broken.tunnel;
    const since =
      handshakeAgeSeconds === null
        ? 'it has never answered'
        : `the last handshake was ${Math.round(handshakeAgeSeconds)} s ago`;
    return {
      ok: false,
      verdict: `The tunnel from ${broken.from} to ${broken.to} carries nothing: ${since}${endpoint ? ` (${endpoint})` : ''}.`,
      remedy: `Check that ${broken.to} runs, and that UDP ${endpoint?.split(':')[1] ?? 'to it'} is let through between the two.`,
    };
  }
  if (!to.connected && !answers.has(to.id))
    return {
      ok: false,
      verdict: `${to.name} does not answer, and its agent is not connected either: it is down or cut off.`,
      remedy: `Look at the node ${to.name}; run skein-agent doctor there.`,
    };
  const last = hops.at(-1);
  return {
    ok: false,
    verdict: `Every tunnel that could be measured carries packets, but ${to.name} does not answer${last ? ` behind ${last.from}` : ''}.`,
    remedy: `A policy, a route or a filter stops them: run skein-agent doctor on ${last?.from ?? to.name} and on ${to.name}.`,
  };
}

function percent(share: number): number {
  return Math.round(share * 100);
}
