import { publishRevision } from '../../map/publish.ts';
import type { StepHandler } from '../engine/step-run.ts';
import { making } from './ledger.ts';
import { consoleName, siteOf } from './site.ts';

/** Kind `addresses`: a reserved public address for each gateway, known before any rule has to name it. */
export const reserveAddresses: StepHandler = async (run) => {
  const site = await siteOf(run);
  const { cluster, account, owner, call, cloud } = site;
  const reserved: Record<string, string> = {};
  for (const peer of site.peers.filter((one) => one.role === 'gateway')) {
    const spec = { owner, key: `address/${peer.name}`, name: consoleName(site, peer.name) };
    const state = await making(
      run,
      {
        clusterId: cluster.id,
        account,
        region: cluster.region,
        key: spec.key,
        kind: 'address',
        spec: { name: spec.name },
        summary: `public address of ${peer.name}`,
      },
      () => cloud.addresses.reconcile(spec, call),
      (made) => made.externalId,
    );
    reserved[peer.name] = state.address;
    if (peer.publicAddress === state.address) continue;
    await run.write(async (tx) => {
      await tx.peer.update({ where: { id: peer.id }, data: { publicAddress: state.address } });
      if (peer.enrolledAt)
        await publishRevision(
          tx,
          owner.organizationId,
          owner.networkId,
          [{ peer: peer.id }],
          `${peer.name} has the public address ${state.address}`,
        );
    });
    run.log(`${peer.name} has the public address ${state.address}.`);
  }
  return reserved;
};
