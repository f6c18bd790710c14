import type { EnrolAnswer, EnrolRefusal, EnrolRequest } from '@skein/contract/agent/channel.ts';
import { MAX_PLANES } from '@skein/contract/agent/map.ts';
import { Label, newId } from '@skein/contract/primitive.ts';
import type { Transaction } from '@skein/database/client.ts';
import { allocateAddress } from '@skein/mesh/ipam/allocate.ts';
import { enrolText, openPublicKey, verifyText } from '@skein/mesh/map/sign.ts';
import type { Context } from '../context.ts';
import { kubernetesOf } from '../kubernetes/of.ts';
import { publishRevision } from '../map/publish.ts';
import { hostsOf } from '../range/view.ts';
import { hashOfToken, isToken } from '../secret/token.ts';
import { freeSeat } from './seat.ts';

/** What verbs of the agents' channel need: there is no actor but the agent, whom its keys or its token prove. */
export type ChannelContext = Pick<Context, 'database' | 'now' | 'random'>;

export type Enrolment = { ok: true; answer: EnrolAnswer } | { ok: false; refusal: EnrolRefusal };

const refuse = (code: EnrolRefusal['code'], message: string): Enrolment => ({
  ok: false,
  refusal: { code, message },
});

const WORDS = {
  unknown: 'This join token is not known. Copy the whole command again, or make a new token.',
  expired: 'This join token has expired. Make a new one in the dashboard.',
  used: 'This join token has been used up. Make a new one in the dashboard.',
  revoked: 'This join token was revoked. Make a new one in the dashboard.',
  gone: 'The cluster of this join token is being removed.',
  proof: 'The enrolment is not signed by the identity key it names.',
  key: 'Another peer of the network has this WireGuard key. Was the node’s disk copied? Remove /var/lib/skein on the copy and join again.',
  full: 'The cluster’s address range is full. Remove peers that are gone, or add another cluster.',
};

/**
 * Lets a node into the network. Token uses are counted under a lock, so that a token for one node lets in one,
 * however many ask at once. A node whose identity key is already in the cluster gets the same answer again and costs
 * no use: its first answer may have been lost.
 */
export async function enrolPeer(context: ChannelContext, request: EnrolRequest): Promise<Enrolment> {
  if (!isToken('skj', request.token)) return refuse('token-unknown', WORDS.unknown);
  const proven = verifyText(
    'enrol',
    enrolText(request.token, request.wireguardKey),
    request.proof,
    openPublicKey(request.identityKey),
  );
  if (!proven) return refuse('proof-wrong', WORDS.proof);
  return context.database.$transaction((tx) => enrolIn(tx, context, request));
}

async function enrolIn(tx: Transaction, context: ChannelContext, request: EnrolRequest): Promise<Enrolment> {
  const now = context.now();
  const tokenHash = hashOfToken(request.token);
  const known = await tx.joinToken.findUnique({ where: { tokenHash }, select: { clusterId: true } });
  if (!known) return refuse('token-unknown', WORDS.unknown);
  // One enrolment a cluster at a time: uses, names and addresses are counted below.
  await tx.$queryRaw`SELECT id FROM cluster WHERE id = ${known.clusterId} FOR UPDATE`;
  const token = await tx.joinToken.findUnique({
    where: { tokenHash },
    include: { cluster: { include: { network: true } }, peer: true },
  });
  if (!token) return refuse('token-unknown', WORDS.unknown);
  const { cluster, organizationId } = token;
  const { network } = cluster;
  if (token.revokedAt) return refuse('token-revoked', WORDS.revoked);
  if (token.expiresAt <= now) return refuse('token-expired', WORDS.expired);
  const dying = (row: { state: string; deletedAt: Date | null }) =>
    row.deletedAt !== null || row.state === 'deleting';
  if (dying(cluster) || dying(network) || token.peer?.removedAt) return refuse('token-revoked', WORDS.gone);

  const same = await tx.peer.findFirst({
    where: { networkId: network.id, identityKey: request.identityKey, removedAt: null },
  });
  if (same && (same.clusterId !== cluster.id || (token.peerId !== null && token.peerId !== same.id)))
    return refuse('invalid', `This node is already in the network as ${same.name}. Let it leave first.`);
  if (!same && token.usesLeft < 1) return refuse('token-used', WORDS.used);

  // WireGuard tells peers apart by this key alone: a second one would take over the first one's traffic.
  const twin = await tx.peer.count({
    where: {
      networkId: network.id,
      OR: [{ wireguardKey: request.wireguardKey }, { nextWireguardKey: request.wireguardKey }],
      removedAt: null,
      identityKey: { not: request.identityKey },
    },
  });
  if (twin > 0) return refuse('invalid', WORDS.key);

  const { identityKey, wireguardKey, facts } = request;
  const keys = { identityKey, wireguardKey, nextWireguardKey: null, facts };
  let peer: { id: string; name: string };
  if (same ?? token.peer) {
    const old = (same ?? token.peer) as NonNullable<typeof same>;
    peer = await tx.peer.update({
      where: { id: old.id },
      data: {
        ...keys,
        // What the cloud said of its own instance is truer than what the node sees.
        privateAddress: old.managed && old.privateAddress ? old.privateAddress : request.facts.privateAddress,
        enrolledAt: old.enrolledAt ?? now,
      },
    });
  } else {
    const mates = await tx.peer.findMany({
      where: { clusterId: cluster.id, removedAt: null },
      select: { name: true, overlayAddress: true, role: true, seat: true },
    });
    const ranges = await tx.clusterRange.findMany({
      where: { clusterId: cluster.id, dockerNetwork: null },
      select: { hosts: true },
    });
    const named = [...mates, ...ranges.flatMap(hostsOf)];
    const grant = allocateAddress(
      cluster.overlayCidr,
      mates.map((mate) => mate.overlayAddress),
    );
    if (!grant.ok) return refuse('busy', WORDS.full);
    // Where Skein makes no nodes nobody else says which of them is the gateway: the first to come.
    const gateways = mates.filter((mate) => mate.role === 'gateway');
    const first = cluster.cloudAccountId === null && gateways.length === 0;
    // In a Kubernetes cluster that its owner made, a label of the node says so too.
    const labelled = kubernetesOf(cluster)?.distribution === 'existing' && facts.kubernetes?.gateway === true;
    const leads = first || (labelled && gateways.length < MAX_PLANES);
    peer = await tx.peer.create({
      data: {
        ...keys,
        id: newId('peer', context.random),
        organizationId,
        networkId: network.id,
        clusterId: cluster.id,
        name: freeName(request, new Set(named.map((one) => one.name))),
        role: leads ? 'gateway' : 'member',
        seat: leads ? freeSeat(gateways.map((mate) => mate.seat)) : null,
        overlayAddress: grant.address,
        privateAddress: request.facts.privateAddress,
        enrolledAt: now,
        createdAt: now,
      },
    });
  }
  await tx.joinToken.update({
    where: { id: token.id },
    data: { lastUsedAt: now, ...(same ? {} : { usesLeft: { decrement: 1 } }) },
  });
  // A token that names its peer is for its first node alone: attempts that nobody heard back from hold others.
  if (token.peerId !== null)
    await tx.joinToken.updateMany({
      where: { organizationId, peerId: token.peerId, id: { not: token.id }, revokedAt: null },
      data: { revokedAt: now },
    });
  await tx.auditEvent.create({
    data: {
      organizationId,
      actor: `agent ${peer.id}`,
      action: same ? 'peer.enrol-again' : 'peer.enrol',
      target: peer.id,
      details: { joinTokenId: token.id, clusterId: cluster.id, name: peer.name },
      at: now,
    },
  });
  await publishRevision(tx, organizationId, network.id, [{ peer: peer.id }], `${peer.name} joined`);
  return {
    ok: true,
    answer: { peerId: peer.id, networkId: network.id, name: peer.name, mapKey: network.mapPublicKey },
  };
}

/** The wished name, or one made of the host's, with a number behind it where it is taken. */
function freeName(request: EnrolRequest, taken: ReadonlySet<string>): string {
  const host = request.facts.hostname.split('.')[0] ?? '';
  const made = host
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 36)
    .replace(/-+$/, '');
  const wished = request.name ?? (Label.safeParse(made).success ? made : 'node');
  let name = wished;
  for (let number = 2; taken.has(name); number += 1)
    name = `${wished.slice(0, 36).replace(/-+$/, '')}-${number}`;
  return name;
}
