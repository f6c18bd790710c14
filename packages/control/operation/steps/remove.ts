import { type PlannedStep, planned } from './planned.ts';
import { firewallStep, recordsStep, type StepCluster } from './provision.ts';

/** A peer taken out: its revision is published already, so it is cut off; now what clouds hold of it goes. */
export function removePeerSteps(
  peer: { name: string; role: 'gateway' | 'member'; managed: boolean; cluster: string },
  clusters: readonly StepCluster[],
): PlannedStep[] {
  const keys = [`instance/${peer.name}`, ...(peer.role === 'gateway' ? [`address/${peer.name}`] : [])];
  const others = clusters.filter(
    (cluster) => cluster.cloudAccountId !== null && cluster.name !== peer.cluster,
  );
  return [
    recordsStep([]),
    ...(peer.role === 'gateway' ? others.map((cluster) => firewallStep(cluster.name, [])) : []),
    ...(peer.managed
      ? [
          planned('delete', {
            key: `${peer.cluster}/delete-node`,
            title: `End the instance of ${peer.name} in ${peer.cluster}`,
            cluster: peer.cluster,
            dependsOn: [],
            input: { keys },
          }),
        ]
      : []),
  ];
}

/** A cluster taken out: its names first, then all that its cloud holds, then the others' rules that named it. */
export function removeClusterSteps(removed: StepCluster, others: readonly StepCluster[]): PlannedStep[] {
  const made = others.filter((cluster) => cluster.cloudAccountId !== null);
  const gone = deleteClusterSteps(removed);
  return [
    recordsStep([]),
    ...gone,
    ...made.map((cluster) => firewallStep(cluster.name, [])),
    forgetCluster(removed, gone),
  ];
}

/** Everything. Each part is tried, whatever becomes of the others; what failed keeps the network from being forgotten. */
export function teardownSteps(clusters: readonly StepCluster[], publicZone: boolean): PlannedStep[] {
  const publicSteps = publicZone
    ? [
        planned('delete', {
          key: 'delete-zone',
          title: 'Delete the public zone',
          cluster: null,
          dependsOn: [],
          input: { kinds: ['record', 'zone'] },
          evenAfterFailure: true,
        }),
      ]
    : [];
  const perCluster = clusters.map((cluster) => ({ cluster, gone: deleteClusterSteps(cluster) }));
  const forgotten = perCluster.map(({ cluster, gone }) => forgetCluster(cluster, gone));
  return [
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

/** In the order in which clouds let go: zones and instances hold the network and the groups. */
function deleteClusterSteps(cluster: StepCluster): PlannedStep[] {
  if (cluster.cloudAccountId === null) return [];
  const { name } = cluster;
  const step = (
    what: string,
    title: string,
    kinds: NonNullable<PlannedStep['input']['kinds']>,
    after: string[],
  ) =>
    planned('delete', {
      key: `${name}/delete-${what}`,
      title,
      cluster: name,
      dependsOn: after.map((one) => `${name}/delete-${one}`),
      input: { kinds },
      evenAfterFailure: true,
    });
  return [
    step('zone', `Delete the private zone of ${name}`, ['record', 'zone'], []),
    step('instances', `End the instances of ${name}`, ['instance'], []),
    step('addresses', `Release the addresses of ${name}`, ['address'], ['instances']),
    step('firewall', `Delete the firewall groups of ${name}`, ['firewall'], ['instances']),
    step('network', `Delete the VPC of ${name}`, ['network'], ['zone', 'instances', 'addresses', 'firewall']),
  ];
}

function forgetCluster(cluster: StepCluster, gone: readonly PlannedStep[]): PlannedStep {
  return planned('forget-cluster', {
    key: `${cluster.name}/forget`,
    title: `Check that nothing of ${cluster.name} is left`,
    cluster: cluster.name,
    dependsOn: gone.map((step) => step.key),
  });
}
