/** Peers as they are once their agents have enrolled and report their links. */
import { randomBytes } from 'node:crypto';
import type { LinkReport } from '@skein/contract/agent/channel.ts';
import type { Context } from '@skein/control/context.ts';
import { publishRevision } from '@skein/control/map/publish.ts';
import { at } from './at.ts';

/** Every peer but the last has enrolled, is connected and reports links to those it holds tunnels to. */
export async function enrol(
  { database, actor: { organizationId } }: Context,
  networkId: string,
): Promise<string> {
  const peers = await database.peer.findMany({
    where: { networkId, organizationId },
    orderBy: [{ cluster: { name: 'asc' } }, { name: 'asc' }],
  });
  const last = peers.at(-1);
  for (const [index, peer] of peers.entries()) {
    if (peer === last) continue;
    const links = peers
      .filter((other) => other !== peer && other !== last)
      .filter(
        (other) =>
          other.clusterId === peer.clusterId || (peer.role === 'gateway' && other.role === 'gateway'),
      )
      .map((other): LinkReport => {
        const between = other.clusterId !== peer.clusterId;
        const broken = between && [index, peers.indexOf(other)].includes(peers.length - 2) && index % 2 === 0;
        return {
          peerId: other.id,
          state: broken ? 'down' : 'up',
          endpoint: between ? `203.0.113.${10 + peers.indexOf(other)}:51820` : `10.64.0.${10 + index}:51820`,
          lastHandshakeAt: broken ? null : at(40).toISOString(),
          rttMilliseconds: broken ? null : between ? 18.4 + index * 11.3 : 0.38 + index * 0.07,
          receivedBytes: 184_000 * (index + 1),
          sentBytes: 96_500 * (index + 2),
        };
      });
    await database.peer.update({
      where: { id: peer.id },
      data: {
        identityKey: randomBytes(32).toString('base64'),
        wireguardKey: randomBytes(32).toString('base64'),
        privateAddress: `10.64.${16 * Math.floor(index / 2)}.${10 + index}`,
        publicAddress: peer.role === 'gateway' ? `203.0.113.${10 + index}` : null,
        endpoints: [],
        facts: {
          hostname: peer.name,
          os: 'Debian GNU/Linux 12',
          kernel: '6.1.0',
          architecture: 'x64',
          agentVersion: '0.1.0',
          wireguard: index % 2 === 0 ? 'kernel' : 'userspace',
          privateAddress: null,
        },
        appliedNumber: 1,
        links: JSON.parse(JSON.stringify(links)),
        linksReportedAt: at(5),
        enrolledAt: at(540),
        connectedAt: at(530),
        lastSeenAt: at(4),
      },
    });
  }
  await database.cluster.updateMany({ where: { networkId, organizationId }, data: { state: 'ready' } });
  await database.network.update({ where: { id: networkId }, data: { state: 'ready' } });
  await database.$transaction(async (tx) => {
    await publishRevision(
      tx,
      organizationId,
      networkId,
      peers.map((peer) => ({ peer: peer.id })),
      'enrolled',
    );
  });
  return peers[0]?.clusterId ?? '';
}
