import { type Pair, peeringSteps } from './peering.ts';
import { type PlannedStep, planned } from './planned.ts';
import { firewallStep, recordsStep } from './provision.ts';

/** Something found off, as far as mending it goes. */
export interface Ailing {
  kind: string;
  key: string;
  what: 'missing' | 'changed';
  /** Name of its cluster; null for what belongs to the network as a whole. */
  cluster: string | null;
  /** Name of the cluster at the other end of a peering. */
  peeredWith?: string;
}
/** A cluster that Skein made nodes for, with all of its managed peers. */
export interface HealCluster {
  name: string;
  peers: readonly { name: string; role: 'gateway' | 'member' }[];
}

/**
 * The steps that mend just what is off. They are those of provisioning, which change nothing that is as it should be;
 * what follows from a mending (another address is in others' rules and records) is mended with it.
 */
export function healSteps(ailing: readonly Ailing[], clusters: readonly HealCluster[]): PlannedStep[] {
  const is = (kind: string, cluster: string, what?: Ailing['what']) =>
    ailing.some(
      (one) => one.kind === kind && one.cluster === cluster && (what === undefined || one.what === what),
    );
  const namesIn = (kind: string, cluster: string, what?: Ailing['what']) =>
    ailing
      .filter(
        (one) => one.kind === kind && one.cluster === cluster && (what === undefined || one.what === what),
      )
      .map((one) => one.key.slice(`${kind}/`.length));
  const addresses = clusters
    .filter((cluster) => is('address', cluster.name))
    .map((cluster) => `${cluster.name}/addresses`);
  const steps = clusters.flatMap(({ name, peers }) => {
    const at = (kind: string) => `${name}/${kind}`;
    const step = (kind: 'network' | 'addresses' | 'instances' | 'join', title: string, more: object = {}) =>
      planned(kind, { key: at(kind), title, cluster: name, dependsOn: [], ...more });
    const made: PlannedStep[] = [];
    const after = (...kinds: string[]) => kinds.map(at).filter((key) => made.some((one) => one.key === key));
    if (is('network', name)) made.push(step('network', `Mend the VPC of ${name}`));
    if (is('address', name)) made.push(step('addresses', `Mend the gateway’s address of ${name}`));
    // A new gateway's address is in the rules of all.
    if (is('firewall', name) || is('network', name) || addresses.length > 0)
      made.push(
        firewallStep(name, [
          ...after('network'),
          ...addresses.filter((key) => key !== at('addresses')),
          ...after('addresses'),
        ]),
      );
    // Groups made anew are not those that machines were given.
    const all = is('firewall', name, 'missing') || is('network', name);
    const touched = peers
      .map((peer) => peer.name)
      .filter(
        (peer) => all || namesIn('instance', name).includes(peer) || namesIn('address', name).includes(peer),
      );
    if (touched.length > 0)
      made.push(
        step('instances', `Mend ${touched.join(', ')} in ${name}`, {
          dependsOn: after('network', 'addresses', 'firewall'),
          input: { peers: touched },
        }),
      );
    const anew = namesIn('instance', name, 'missing').filter((peer) => touched.includes(peer));
    if (anew.length > 0)
      made.push(
        step('join', `Wait until ${anew.join(', ')} ${anew.length === 1 ? 'has' : 'have'} joined ${name}`, {
          dependsOn: after('instances'),
          input: { peers: anew },
        }),
      );
    return made;
  });
  return [...steps, ...peeringSteps(pairsOf(ailing), steps), ...nameSteps(ailing, steps)];
}

/** Each pair once, whichever half is off: one step mends both. */
function pairsOf(ailing: readonly Ailing[]): Pair[] {
  const pairs = ailing.flatMap((one) => {
    if (one.kind !== 'peering' || one.cluster === null || one.peeredWith === undefined) return [];
    const [a, b] = [one.cluster, one.peeredWith].sort();
    return a !== undefined && b !== undefined ? [[a, b] as const] : [];
  });
  return [...new Map(pairs.map((pair) => [pair.join(' '), pair])).values()];
}

/** Zones stand in VPCs; records name nodes and addresses. */
function nameSteps(ailing: readonly Ailing[], before: readonly PlannedStep[]): PlannedStep[] {
  const keys = (...kinds: string[]) =>
    before.filter((step) => kinds.includes(step.kind)).map((step) => step.key);
  const zones = ailing.some((one) => one.kind === 'zone') || keys('network').length > 0;
  const named = ailing.some((one) => one.kind === 'record') || keys('addresses', 'instances').length > 0;
  const zoneStep = planned('zones', {
    key: 'zones',
    title: 'Mend the DNS zones',
    cluster: null,
    dependsOn: keys('network'),
  });
  return [
    ...(zones ? [zoneStep] : []),
    ...(zones || named
      ? [recordsStep([...(zones ? ['zones'] : []), ...keys('addresses', 'instances', 'join')])]
      : []),
  ];
}
