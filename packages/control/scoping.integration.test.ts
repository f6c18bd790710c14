import type { NewNetwork } from '@skein/contract/rest/network.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import { simplePolicy } from '@skein/mesh/policy/simple.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createAccount } from './account/create.ts';
import { deleteAccount } from './account/delete.ts';
import { getAccount } from './account/get.ts';
import { listAccounts } from './account/list.ts';
import { rotateAccount } from './account/rotate.ts';
import { verifyAccount } from './account/verify.ts';
import { addCluster } from './cluster/add.ts';
import { addNodes } from './cluster/add-nodes.ts';
import { getCluster } from './cluster/get.ts';
import { labelCluster } from './cluster/label.ts';
import { listClusters } from './cluster/list.ts';
import { removeCluster } from './cluster/remove.ts';
import type { Context } from './context.ts';
import { listJoinTokens } from './join-token/list.ts';
import { mintJoinToken } from './join-token/mint.ts';
import { revokeJoinToken } from './join-token/revoke.ts';
import { kubernetesState } from './kubernetes/state.ts';
import { upgradeKubernetes } from './kubernetes/upgrade.ts';
import { changeNetwork } from './network/change.ts';
import { createNetwork } from './network/create.ts';
import { deleteNetwork } from './network/delete.ts';
import { followNetwork } from './network/follow.ts';
import { getNetwork } from './network/get.ts';
import { listNetworks } from './network/list.ts';
import { planNetwork } from './network/plan.ts';
import { planChange } from './network/plan-change.ts';
import { raiseEpoch } from './network/raise-epoch.ts';
import { listRecords } from './network/records.ts';
import { listResources } from './network/resources.ts';
import { viewTopology } from './network/topology.ts';
import { cancelOperation } from './operation/cancel.ts';
import { followOperation } from './operation/follow.ts';
import { getOperation } from './operation/get.ts';
import { listOperations } from './operation/list.ts';
import { listLog } from './operation/log.ts';
import { retryStep } from './operation/retry-step.ts';
import { testPath } from './path-test/run.ts';
import { getPeer } from './peer/get.ts';
import { labelPeer } from './peer/label.ts';
import { listPeers } from './peer/list.ts';
import { removePeer } from './peer/remove.ts';
import { rotateKey } from './peer/rotate-key.ts';
import { setRole } from './peer/set-role.ts';
import { askPolicy } from './policy/ask.ts';
import { getPolicy } from './policy/get.ts';
import { savePolicy } from './policy/save.ts';
import { tryOut } from './policy/try.ts';
import { askReachability } from './reachability/ask.ts';
import { testContext } from './testing/context.ts';

let fresh: FreshDatabase;
let mine: Context;
let theirs: Context;
const ids = { account: '', network: '', cluster: '', peer: '', operation: '', step: '', token: '' };
const page = { limit: 50 };
const wanted = (accountId: string): NewNetwork => ({
  name: 'shop',
  topology: 'hybrid',
  zone: 'shop.skein.test',
  allowedPorts: [],
  peering: 'none',
  driftPolicy: 'heal',
  clusters: [
    {
      name: 'prod',
      cloudAccountId: accountId,
      region: 'us-east-1',
      nodes: 2,
      kubernetes: { distribution: 'k3s', version: 'v1.34.4+k3s1', cni: 'flannel', flannelBackend: 'vxlan' },
    },
  ],
});
const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'canary-secret-value' };

beforeAll(async () => {
  fresh = await freshDatabase(inject('databaseUrl'));
  mine = testContext(fresh.database, await makeOrganization(fresh.database, 'Mine'));
  theirs = testContext(fresh.database, await makeOrganization(fresh.database, 'Theirs'));
  const account = await createAccount(mine, { provider: 'aws', name: 'Production', credentials });
  const { network, operation } = await createNetwork(mine, wanted(account.id));
  const [peer] = (await listPeers(mine, { networkId: network.id, ...page })).items;
  const [cluster] = await listClusters(mine, { networkId: network.id });
  const token = await mintJoinToken(mine, { clusterId: cluster?.id ?? '', uses: 1, expiresInSeconds: 60 });
  Object.assign(ids, {
    token: token.id,
    account: account.id,
    network: network.id,
    cluster: cluster?.id,
    peer: peer?.id,
    operation: operation.id,
    step: operation.steps[0]?.id,
  });
});
afterAll(() => fresh.drop());

const first = async (events: AsyncIterable<unknown>) => {
  for await (const event of events) return event;
  return undefined;
};
const signal = () => AbortSignal.timeout(5_000);

/** Every verb that is told an id. What it must not do it is asked for last, by its owner. */
const VERBS: Record<string, (context: Context) => Promise<unknown>> = {
  getAccount: (context) => getAccount(context, { id: ids.account }),
  verifyAccount: (context) => verifyAccount(context, { id: ids.account }),
  rotateAccount: (context) => rotateAccount(context, { id: ids.account, provider: 'aws', credentials }),
  deleteAccount: (context) => deleteAccount(context, { id: ids.account }),
  getNetwork: (context) => getNetwork(context, { id: ids.network }),
  changeNetwork: (context) => changeNetwork(context, { id: ids.network, allowedPorts: [] }),
  planChange: (context) => planChange(context, { id: ids.network, change: { change: 'delete' } }),
  deleteNetwork: (context) => deleteNetwork(context, { id: ids.network, confirm: 'shop' }),
  viewTopology: (context) => viewTopology(context, { id: ids.network }),
  followNetwork: (context) => first(followNetwork(context, { id: ids.network, signal: signal() })),
  listRecords: (context) => listRecords(context, { id: ids.network }),
  listResources: (context) => listResources(context, { id: ids.network }),
  listClusters: (context) => listClusters(context, { networkId: ids.network }),
  getCluster: (context) => getCluster(context, { id: ids.cluster }),
  addCluster: (context) =>
    addCluster(context, {
      networkId: ids.network,
      name: 'dev',
      cloudAccountId: null,
      region: 'here',
      nodes: 0,
    }),
  kubernetesState: (context) => kubernetesState(context, { id: ids.cluster }),
  upgradeKubernetes: (context) => upgradeKubernetes(context, { id: ids.cluster, version: 'v1.34.4+k3s1' }),
  addNodes: (context) => addNodes(context, { id: ids.cluster, count: 1 }),
  removeCluster: (context) => removeCluster(context, { id: ids.cluster, confirm: 'prod' }),
  listPeers: (context) => listPeers(context, { networkId: ids.network, ...page }),
  getPeer: (context) => getPeer(context, { id: ids.peer }),
  rotateKey: (context) => rotateKey(context, { id: ids.peer }),
  testPath: (context) =>
    testPath(context, { networkId: ids.network, fromPeerId: ids.peer, toPeerId: ids.peer }),
  setRole: (context) => setRole(context, { id: ids.peer, role: 'gateway' }),
  raiseEpoch: (context) => raiseEpoch(context, { id: ids.network }),
  getPolicy: (context) => getPolicy(context, { id: ids.network }),
  savePolicy: (context) => savePolicy(context, { id: ids.network, policy: simplePolicy([]), seen: 1 }),
  tryOut: (context) => tryOut(context, { id: ids.network, policy: simplePolicy([]) }),
  askPolicy: (context) => askPolicy(context, { id: ids.network, from: 'any', to: 'any', protocol: 'icmp' }),
  askReachability: (context) =>
    askReachability(context, { id: ids.network, from: ids.peer, to: ids.peer, protocol: 'icmp' }),
  labelPeer: (context) => labelPeer(context, { id: ids.peer, labels: { tier: 'db' } }),
  labelCluster: (context) => labelCluster(context, { id: ids.cluster, labels: { tier: 'db' } }),
  removePeer: (context) => removePeer(context, { id: ids.peer }),
  mintJoinToken: (context) =>
    mintJoinToken(context, { clusterId: ids.cluster, uses: 1, expiresInSeconds: 60 }),
  listJoinTokens: (context) => listJoinTokens(context, { clusterId: ids.cluster }),
  revokeJoinToken: (context) => revokeJoinToken(context, { id: ids.token }),
  getOperation: (context) => getOperation(context, { id: ids.operation }),
  cancelOperation: (context) => cancelOperation(context, { id: ids.operation }),
  retryStep: (context) => retryStep(context, { operationId: ids.operation, stepId: ids.step }),
  listLog: (context) => listLog(context, { operationId: ids.operation, ...page }),
  followOperation: (context) => first(followOperation(context, { id: ids.operation, signal: signal() })),
};

describe('what belongs to another organization', () => {
  it.each(Object.keys(VERBS))('is not found by %s', async (name) => {
    const before = await snapshot();
    await expect(VERBS[name]?.(theirs)).rejects.toMatchObject({ name: 'Refusal', code: 'not-found' });
    expect(await snapshot()).toEqual(before);
  });

  it('is in no list, and cannot be built upon', async () => {
    expect(await listAccounts(theirs)).toEqual([]);
    expect((await listNetworks(theirs, page)).items).toEqual([]);
    expect((await listOperations(theirs, page)).items).toEqual([]);
    expect((await listOperations(theirs, { networkId: ids.network, ...page })).items).toEqual([]);
    await expect(planNetwork(theirs, wanted(ids.account))).rejects.toMatchObject({
      errors: [{ path: 'clusters.0.cloudAccountId' }],
    });
    expect((await listNetworks(mine, page)).items).toHaveLength(1);
    expect((await listOperations(mine, page)).items).toHaveLength(1);
  });

  it('takes no name and no range from us', async () => {
    const account = await createAccount(theirs, { provider: 'aws', name: 'Production', credentials });
    const plan = await planNetwork(theirs, wanted(account.id));
    expect(plan.clusters).toEqual((await planNetworkOfMine()).clusters);
  });
});

describe('credentials', () => {
  it('stand nowhere in clear, and in no answer', async () => {
    const answers = JSON.stringify([await listAccounts(mine), await getAccount(mine, { id: ids.account })]);
    const row = await fresh.database.cloudAccount.findUniqueOrThrow({ where: { id: ids.account } });
    const all = `${answers}${JSON.stringify(await snapshot())}${Buffer.from(row.credentialsSealed).toString('latin1')}`;
    expect(all.includes(credentials.secretAccessKey)).toBe(false);
    const place = {
      organizationId: mine.actor.organizationId,
      purpose: 'cloud-account',
      rowId: ids.account,
    } as const;
    expect(mine.sealer.open(place, row.credentialsSealed).toString()).toContain(credentials.secretAccessKey);
  });
});

/** What my first plan gave out, as the rows say. */
async function planNetworkOfMine() {
  const clusters = await listClusters(mine, { networkId: ids.network });
  return {
    clusters: clusters.map(({ name, vpcCidr, overlayCidr, kubernetes }) => ({
      name,
      vpcCidr,
      overlayCidr,
      kubernetes,
    })),
  };
}

/** Everything that a verb might have changed. */
async function snapshot() {
  const { database } = fresh;
  return Promise.all([
    database.cloudAccount.findMany(),
    database.network.findMany(),
    database.cluster.findMany(),
    database.peer.findMany(),
    database.joinToken.findMany(),
    database.operation.findMany(),
    database.step.findMany(),
    database.auditEvent.findMany({ select: { action: true, target: true } }),
  ]);
}
