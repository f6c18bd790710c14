import { agentManifest } from '@skein/kubernetes/agent-manifest.ts';
import { kubernetesOf } from '../kubernetes/of.ts';
import type { ChannelContext } from '../peer/enrol.ts';
import { hashOfToken, isToken } from '../secret/token.ts';

/**
 * What joins the nodes of the Kubernetes cluster that a join token is of, for `kubectl apply`; null where no node could
 * join by it, or it is of another kind of cluster. Whoever asks has the token already, and learns nothing more.
 */
export async function joinManifest(
  context: ChannelContext,
  input: { token: string; coordinatorUrl: string; image: string },
): Promise<string | null> {
  const { token: joinToken, coordinatorUrl, image } = input;
  if (!isToken('skj', joinToken)) return null;
  const row = await context.database.joinToken.findUnique({
    where: { tokenHash: hashOfToken(joinToken) },
    include: { cluster: { select: { deletedAt: true, kubernetes: true, podCidr: true, serviceCidr: true } } },
  });
  if (!row || row.peerId !== null || row.revokedAt || row.usesLeft < 1 || row.expiresAt <= context.now())
    return null;
  if (row.cluster.deletedAt || kubernetesOf(row.cluster)?.distribution !== 'existing') return null;
  return agentManifest({ coordinatorUrl, joinToken, image });
}
