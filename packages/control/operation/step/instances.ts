import type { Peer } from '@skein/database/generated/client.ts';
import { createJoinToken, joinCommand } from '../../join-token/mint.ts';
import { publishRevision } from '../../map/publish.ts';
import type { StepHandler, StepRun } from '../engine/step-run.ts';
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
  const base = { network, groups: { gateway: groups.gateway, member: groups.member } };

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
          userData: () => userDataFor(run, peer),
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
async function userDataFor(run: StepRun, peer: Peer): Promise<string> {
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
`;
}
