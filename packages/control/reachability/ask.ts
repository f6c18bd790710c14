import type { Reachability, ReachabilityQuestion } from '@skein/contract/rest/reachability.ts';
import type { Snapshot } from '@skein/mesh/network.ts';
import { podsId, reach } from '@skein/mesh/reach/reach.ts';
import { imagine, plannedWorld } from '@skein/mesh/reach/world.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { loadPolicySubject, under } from '../policy/load.ts';

/**
 * Whether one peer or range reaches another, now or in a world where something is lost or the policy is another. Works with what
 * Skein holds to be there, security groups as planned among it; sends nothing and changes nothing.
 */
export async function askReachability(
  context: Context,
  input: { id: string } & ReachabilityQuestion,
): Promise<Reachability> {
  const { database, actor } = context;
  const { snapshot } = await loadPolicySubject(database, actor.organizationId, input.id);
  const { from, to, protocol, port = null, whatIf } = input;
  const lost = whatIf?.lost ?? [];
  const unknown = lost.find((one) => !isKnown(snapshot, one));
  if (unknown !== undefined)
    throw new Refusal('invalid-request', `There is no peer, cluster or cloud ${unknown} in this network.`, [
      { path: 'whatIf.lost', message: `${unknown} is nothing of this network` },
    ]);
  const subject = whatIf?.policy ? under(snapshot, whatIf.policy) : snapshot;
  const answer = reach(imagine(plannedWorld(subject), { lost }), { from, to, protocol, port });
  const hopOf = (peerId: string) => ({ peerId, name: nameOf(snapshot, peerId) ?? peerId });
  return {
    verdict: answer.verdict,
    partly: answer.partly,
    hops: answer.hops.map(hopOf),
    decidedBy: { ...answer.decidedBy, hop: hopOf(answer.decidedBy.hop) },
  };
}

function isKnown(snapshot: Snapshot, lost: string): boolean {
  return [...snapshot.parts.values()].some(
    ({ cluster, peers }) =>
      cluster.id === lost || cluster.place?.provider === lost || peers.some((peer) => peer.id === lost),
  );
}

function nameOf(snapshot: Snapshot, peerId: string): string | undefined {
  for (const { cluster, peers } of snapshot.parts.values()) {
    const peer = peers.find(({ id }) => id === peerId || podsId(id) === peerId);
    if (peer) return `${peer.id === peerId ? '' : 'pods of '}${peer.name}.${cluster.name}`;
    const range = cluster.ranges.find((one) => one.id === peerId);
    if (range) return `range:${range.name}.${cluster.name}`;
  }
  return undefined;
}
