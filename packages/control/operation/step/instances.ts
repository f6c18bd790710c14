import type { Peer } from '@skein/database/generated/client.ts';
import { joinToken, K3S_INSTALLER, k3sUserData, tokenSecret } from '@skein/kubernetes/k3s.ts';
import { TOKEN_IDS } from '@skein/kubernetes/needs.ts';
import { createJoinToken, joinCommand } from '../../join-token/mint.ts';
import { kubernetesOf } from '../../kubernetes/of.ts';
import { publishRevision } from '../../map/publish.ts';
import type { StepHandler, StepRun } from '../engine/step-run.ts';
import { factsOf, type K3sSite, k3sSiteOf } from './kubernetes/cluster-api.ts';
import { making, recorded } from './ledger.ts';
import { consoleName, gone, type Site, siteOf } from './site.ts';
import { readAddress, readFirewall, readNetwork } from './states.ts';

/** Long enough for a slow first boot, short enough to be of no use to whoever reads user-data later. */
const TOKEN_SECONDS = 3600;
const AT_ONCE = 16;

/** Kind `instances`: a machine for each peer, which joins by itself at its first boot. */
export const startInstances: StepHandler = async (run) => {
  const site = await siteOf(run);
  const clusterId = site.cluster.id;
  const network = await recorded(run, { clusterId, key: 'network' }, readNetwork);
  const groups = {
    gateway: await recorded(run, { clusterId, key: 'firewall/gateway' }, readFirewall),
    member: await recorded(run, { clusterId, key: 'firewall/member' }, readFirewall),
  };
  if (!network || !groups.gateway || !groups.member)
    throw gone(`The VPC or the firewall groups of ${site.cluster.name} are not there.`);
  const k3s = kubernetesOf(site.cluster)?.distribution === 'k3s' ? await k3sSiteOf(run) : null;
  const base = {
    network,
    groups: { gateway: groups.gateway, member: groups.member },
    kubernetes: k3s && forKubernetes(run, k3s),
  };

  const left = [...site.peers];
  const started: Record<string, string> = {};
  const lane = async () => {
    for (let peer = left.shift(); peer; peer = left.shift())
      started[peer.name] = await startOne(run, site, peer, base);
  };
  const lanes = await Promise.allSettled(Array.from({ length: AT_ONCE }, lane));
  for (const one of lanes) if (one.status === 'rejected') throw one.reason;
  return started;
};

interface Base {
  network: ReturnType<typeof readNetwork>;
  groups: Record<'gateway' | 'member', ReturnType<typeof readFirewall>>;
  /** What a node does beside joining; null where nodes are plain. */
  kubernetes: ((peer: Peer) => Promise<string>) | null;
}

async function startOne(run: StepRun, site: Site, peer: Peer, base: Base): Promise<string> {
  const { cluster, account, owner, call, cloud, instanceType } = site;
  const at = { owner, key: `instance/${peer.name}` };
  const address =
    peer.role === 'gateway'
      ? await recorded(run, { clusterId: cluster.id, key: `address/${peer.name}` }, readAddress)
      : undefined;
  const name = consoleName(site, peer.name);
  const intent = {
    clusterId: cluster.id,
    account,
    region: cluster.region,
    key: at.key,
    kind: 'instance' as const,
    spec: { name, role: peer.role, instanceType },
    summary: `${peer.role} ${peer.name} at ${peer.overlayAddress}`,
  };
  const state = await making(
    run,
    intent,
    () =>
      cloud.instances.reconcile(
        {
          ...at,
          name,
          network: base.network,
          firewalls: [base.groups[peer.role]],
          role: peer.role,
          address: address ?? null,
          instanceType,
          nodeIdentity: cluster.nodeIdentity,
          userData: () => userDataFor(run, peer, base.kubernetes),
        },
        call,
      ),
    (made) => made.externalId,
  );
  const { privateAddress } = state;
  const passingAddress = peer.role === 'member' ? state.publicAddress : null;
  if (peer.privateAddress !== privateAddress || peer.passingAddress !== passingAddress)
    await run.write(async (tx) => {
      await tx.peer.update({ where: { id: peer.id }, data: { privateAddress, passingAddress } });
      // The node may have been quicker than this step.
      const { enrolledAt } = await tx.peer.findUniqueOrThrow({
        where: { id: peer.id },
        select: { enrolledAt: true },
      });
      const reason = `${peer.name} has the private address ${privateAddress}`;
      if (enrolledAt)
        await publishRevision(tx, owner.organizationId, owner.networkId, [{ peer: peer.id }], reason);
    });
  return state.externalId;
}

/** The one-liner with a token of this peer alone. The token goes to the cloud and is kept nowhere else. */
async function userDataFor(run: StepRun, peer: Peer, kubernetes: Base['kubernetes']): Promise<string> {
  const { organizationId } = run.step;
  // Tokens of earlier attempts stay good: the cloud may have made an instance and lost its answer. The first to be
  // used revokes the others.
  const token = await run.write(async (tx) => {
    const made = await createJoinToken(tx, run.context, {
      organizationId,
      clusterId: peer.clusterId,
      peerId: peer.id,
      uses: 1,
      expiresInSeconds: TOKEN_SECONDS,
    });
    return made.token;
  });
  const coordinator = run.context.coordinatorUrl.replace(/\/$/, '');
  return `#!/bin/sh
# A reserved address is bound to an instance that runs already: the way out may open some seconds after the start.
tries=60
until curl -fsS -o /dev/null --max-time 10 ${coordinator}/healthz; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || { echo "skein: no way to ${coordinator}" >&2; exit 1; }
  sleep 2
done
${joinCommand(coordinator, token)}
${kubernetes ? `${await kubernetes(peer)}\n` : ''}`;
}

/**
 * What makes a node one of the cluster. All nodes of one attempt join by one token, which the cluster is given when the
 * first of them needs it: tokens of earlier attempts stay good until they are wiped, as those above do.
 */
function forKubernetes(run: StepRun, site: K3sSite): (peer: Peer) => Promise<string> {
  let token: Promise<string> | undefined;
  return async (peer) => {
    const { kubernetes, server } = site;
    const isServer = peer.id === server.id;
    if (!isServer) {
      // k3s lets in no second node of a name while it knows the first, whose machine is gone.
      await site.api.send('DELETE', `/api/v1/nodes/${peer.name}`, undefined, undefined, [404]);
      token ??= nodeToken(run, site);
    }
    return k3sUserData({
      kubernetes,
      name: peer.name,
      gateway: peer.role === 'gateway',
      overlayAddress: peer.overlayAddress,
      joins: isServer
        ? null
        : { server: `https://${server.privateAddress}:6443`, token: (await token) ?? '' },
      installer: run.context.platform.k3sInstaller ?? K3S_INSTALLER,
    });
  };
}

const SECRET_LENGTH = 16;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz012345';

async function nodeToken(run: StepRun, { api, server }: K3sSite): Promise<string> {
  const caHash = factsOf(server)?.caHash;
  if (!caHash || server.privateAddress === null)
    throw gone(`The agent of ${server.name} has not told the hash of its cluster’s CA.`);
  const bytes = new Uint8Array(SECRET_LENGTH);
  run.context.random(bytes);
  const secret = [...bytes].map((byte) => LETTERS[byte & 31]).join('');
  const id = TOKEN_IDS[run.step.attempt % TOKEN_IDS.length] ?? '';
  const until = new Date(run.context.now().getTime() + TOKEN_SECONDS * 1000);
  await api.apply(tokenSecret({ id, secret, until }));
  return joinToken(caHash, id, secret);
}
