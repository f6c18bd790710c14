import type { Topology } from '@skein/contract/primitive.ts';
import { drainStep } from './kubernetes.ts';
import { unpeerFromSteps } from './peering.ts';
import { type PlannedStep, planned } from './planned.ts';
import { firewallStep, recordsStep, type StepCluster } from './provision.ts';

/** A peer taken out: its revision is published already, so it is cut off; now what clouds hold of it goes. */
export function removePeerSteps(
  peer: { name: string; role: 'gateway' | 'member'; managed: boolean; cluster: string; drained?: boolean },
  clusters: readonly StepCluster[],
  topology: Topology = 'hybrid',
): PlannedStep[] {
  const keys = [`instance/${peer.name}`, ...(peer.role === 'gateway' ? [`address/${peer.name}`] : [])];
  const others = clusters.filter(
    (cluster) => cluster.cloudAccountId !== null && cluster.name !== peer.cluster,
  );
  const drain = peer.drained ? [drainStep(peer.cluster, peer.name)] : [];
  return [
    recordsStep([]),
    ...drain,
    ...(peer.role === 'gateway' || topology === 'full'
      ? others.map((cluster) => firewallStep(cluster.name, []))
      : []),
    ...(peer.managed
      ? [
          planned('delete', {
            key: `${peer.cluster}/delete-node`,
            title: `End the instance of ${peer.name} in ${peer.cluster}`,
            cluster: peer.cluster,
            dependsOn: drain.map((step) => step.key),
            // Pods that will not go must not keep a node that a person took out.
            evenAfterFailure: drain.length > 0,
            input: { keys },
          }),
        ]
      : []),
  ];
}

/**
 * A cluster taken out: its names first, then all that its cloud holds, then the others' rules that named it.
 * @param peered names of the others that hold a half of a peering with it
 * @param relinked names of the others that are linked anew without it; where there are any they are opened first
 */
export function removeClusterSteps(
  removed: StepCluster & { id: string },
  others: readonly StepCluster[],
  peered: readonly string[] = [],
  relinked: readonly string[] = [],
): PlannedStep[] {
  const made = others.filter((cluster) => cluster.cloudAccountId !== null);
  const checked = removed.cloudAccountId === null ? [] : [credentialsStep(removed.name)];
  const cut = cutOffSteps(removed.name, relinked);
  const before = [...checked, ...cut.slice(-1)].map((step) => step.key);
  const unpeered = unpeerFromSteps(removed, peered).map((step) => ({ ...step, dependsOn: [...before] }));
  const names = recordsStep(before);
  const unbound = peered.length > 0 ? [names.key] : [];
  const gone = [...deleteClusterSteps(removed, before, unbound), ...unpeered];
  return [
    ...checked,
    ...cut,
    names,
    ...gone,
    ...made.map((cluster) => firewallStep(cluster.name, [])),
    forgetCluster(removed, gone),
  ];
}

/** Clusters that take a removed one's place beside each other are opened for each other while it still carries. */
function cutOffSteps(removed: string, relinked: readonly string[]): PlannedStep[] {
  if (relinked.length === 0) return [];
  const opened = relinked.map((name) =>
    planned('firewall', {
      key: `${name}/firewall-opened`,
      title: `Let newly linked peers into ${name}`,
      cluster: name,
      dependsOn: [],
    }),
  );
  const cut = planned('cut-off', {
    key: `${removed}/cut-off`,
    title: `Take the peers of ${removed} out of the network`,
    cluster: removed,
    dependsOn: opened.map((step) => step.key),
    // A cloud that cannot be reached must not keep in the network what is to leave it.
    evenAfterFailure: true,
  });
  return [...opened, cut];
}

/**
 * Everything. First every account is asked whether it can be used at all, and nothing is deleted where one cannot. Then
 * each part is tried, whatever becomes of the others; what failed keeps the network from being forgotten.
 * @param peered whether zones of clusters answer in the VPCs of others
 */
export function teardownSteps(
  clusters: readonly StepCluster[],
  publicZone: boolean,
  peered = false,
): PlannedStep[] {
  const held = publicZone || clusters.some((cluster) => cluster.cloudAccountId !== null);
  const checked = held ? [credentialsStep(null)] : [];
  const before = checked.map((step) => step.key);
  const publicSteps = publicZone
    ? [
        planned('delete', {
          key: 'delete-zone',
          title: 'Delete the public zone',
          cluster: null,
          dependsOn: before,
          input: { kinds: ['record', 'zone'] },
        }),
      ]
    : [];
  const unbound = peered
    ? clusters.filter((one) => one.cloudAccountId !== null).map((one) => deleteKey(one.name, 'zone'))
    : [];
  const perCluster = clusters.map((cluster) => ({
    cluster,
    gone: deleteClusterSteps(cluster, before, unbound),
  }));
  const forgotten = perCluster.map(({ cluster, gone }) => forgetCluster(cluster, gone));
  return [
    ...checked,
    ...publicSteps,
    ...perCluster.flatMap(({ gone }) => gone),
    ...forgotten,
    planned('forget-network', {
      key: 'forget',
      title: 'Check that nothing is left',
      cluster: null,
      dependsOn: [...publicSteps, ...forgotten].map((step) => step.key),
    }),
  ];
}

/** @param cluster the one whose accounts are asked; null for those of the whole network. */
function credentialsStep(cluster: string | null): PlannedStep {
  return planned('credentials', {
    key: cluster === null ? 'credentials' : `${cluster}/credentials`,
    title: 'Ask every cloud whether its account can be used',
    cluster,
    dependsOn: [],
  });
}

/**
 * In the order in which clouds let go: zones and instances hold the network and the groups.
 * @param before keys of the steps without whose success none of these runs
 * @param unbound keys of the steps after which no other cluster's zone answers in its VPC
 */
function deleteClusterSteps(
  cluster: StepCluster,
  before: readonly string[],
  unbound: readonly string[],
): PlannedStep[] {
  if (cluster.cloudAccountId === null) return [];
  const { name } = cluster;
  const own = (what: string) => deleteKey(name, what);
  const step = (
    what: string,
    title: string,
    kinds: NonNullable<PlannedStep['input']['kinds']>,
    after: string[],
  ) =>
    planned('delete', {
      key: deleteKey(name, what),
      title,
      cluster: name,
      dependsOn: after.length > 0 ? after : [...before],
      input: { kinds },
      // The first wait for what must succeed; those after them are tried however the ones before have ended.
      evenAfterFailure: after.length > 0,
    });
  return [
    step('zone', `Delete the private zone of ${name}`, ['record', 'zone'], []),
    step('instances', `End the instances of ${name}`, ['instance'], []),
    step('addresses', `Release the addresses of ${name}`, ['address'], [own('instances')]),
    step('firewall', `Delete the firewall groups of ${name}`, ['firewall'], [own('instances')]),
    // A peering holds its VPC and goes right before it: in one step, for whatever the network's mode is by now.
    step(
      'network',
      `Delete the VPC of ${name}`,
      ['peering', 'network'],
      [...new Set([...['zone', 'instances', 'addresses', 'firewall'].map(own), ...unbound])],
    ),
  ];
}

const deleteKey = (cluster: string, what: string) => `${cluster}/delete-${what}`;

function forgetCluster(cluster: StepCluster, gone: readonly PlannedStep[]): PlannedStep {
  return planned('forget-cluster', {
    key: `${cluster.name}/forget`,
    title: `Check that nothing of ${cluster.name} is left`,
    cluster: cluster.name,
    dependsOn: gone.map((step) => step.key),
  });
}
