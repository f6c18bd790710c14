import type { AllowedPort } from '@skein/contract/primitive.ts';
import type { NetworkPlan } from '@skein/contract/rest/network.ts';
import { overlaps, parseCidr } from '@skein/mesh/ipam/cidr.ts';
import { simplePortsOf } from '@skein/mesh/policy/simple.ts';
import type { KnownAccount, Shape } from './shape.ts';

type Warning = NetworkPlan['warnings'][number];
type Told = Pick<NetworkPlan, 'resources' | 'rules'>;

/** A source at least this wide is as good as the whole world. */
const WORLD_PREFIX = 7;
/** Ports by which machines are ruled rather than used. */
const RULING_PORTS = new Map([
  ['tcp 22', 'SSH'],
  ['tcp 2379', 'etcd'],
  ['tcp 2380', 'etcd'],
  ['tcp 3389', 'Remote Desktop'],
  ['tcp 5985', 'WinRM'],
  ['tcp 5986', 'WinRM'],
  ['tcp 6443', 'the Kubernetes API'],
  ['tcp 10250', 'the kubelet'],
]);

/**
 * What a person should know of what the change brings. What was so before and stays so is not told again.
 * @param otherRanges overlay ranges of the organization's other networks
 */
export function plannedWarnings(
  before: Shape,
  after: Shape,
  accounts: ReadonlyMap<string, KnownAccount>,
  otherRanges: readonly string[],
  told: Told,
): Warning[] {
  const known = new Set(standing(before, otherRanges).map((one) => one.message));
  return [
    ...standing(after, otherRanges).filter((one) => !known.has(one.message)),
    ...worldOpen(told),
    ...staticKeys(before, after, accounts, told),
  ];
}

function standing(shape: Shape, otherRanges: readonly string[]): Warning[] {
  // Nothing is there, or nothing will be: there is nothing to warn of.
  if (shape.clusters.length === 0) return [];
  return [
    ...publicZone(shape),
    ...shape.clusters.flatMap(nodes),
    ...singleGateways(shape),
    ...rulingPorts(simplePortsOf(shape.policy) ?? []),
    ...overlapping(shape, otherRanges),
  ];
}

function publicZone(shape: Shape): Warning[] {
  if (shape.dns) return [];
  return [
    {
      code: 'no-public-zone',
      message: 'No account holds a public zone: names answer inside the network only.',
    },
  ];
}

function nodes(cluster: Shape['clusters'][number]): Warning[] {
  if (cluster.peers.length > 0) return [];
  const message =
    cluster.cloudAccountId === null
      ? `${cluster.name} has no cloud account: add its nodes with the join command; the first becomes its gateway.`
      : `${cluster.name} has no nodes: only its VPC is made.`;
  return [{ code: 'no-nodes', message }];
}

function singleGateways(shape: Shape): Warning[] {
  return shape.clusters
    .filter((cluster) => cluster.peers.length > 1)
    .filter((cluster) => cluster.peers.filter((peer) => peer.role === 'gateway').length === 1)
    .map((cluster) => ({
      code: 'single-gateway' as const,
      message: `${cluster.name} has one gateway: while that is down, its other nodes reach no other cluster.`,
    }));
}

function rulingPorts(ports: readonly AllowedPort[]): Warning[] {
  return ports.flatMap(({ protocol, port }) => {
    const what = RULING_PORTS.get(`${protocol} ${port}`);
    const words = `${protocol.toUpperCase()} ${port} (${what}) is open to every peer of every other cluster.`;
    return what ? [{ code: 'world-open' as const, message: words }] : [];
  });
}

function overlapping(shape: Shape, otherRanges: readonly string[]): Warning[] {
  return shape.clusters.flatMap(({ name, vpcCidr }) =>
    otherRanges
      .filter((range) => vpcCidr !== null && overlaps(vpcCidr, range))
      .map((range) => ({
        code: 'overlap' as const,
        message: `The VPC range ${vpcCidr} of ${name} overlaps ${range}, the overlay range of another network: no node can be in both.`,
      })),
  );
}

function worldOpen({ rules }: Told): Warning[] {
  return rules
    .filter((rule) => rule.action === 'create' && isWide(rule.source))
    .map((rule) => ({
      code: 'world-open' as const,
      message: `${rule.cluster} lets in ${rule.protocol.toUpperCase()} ${rule.fromPort} from ${rule.source}: that is wider than a /8.`,
    }));
}

/** Words stand where no range is known yet; what they stand for is one address. */
function isWide(source: string): boolean {
  return /^[\d.]+\/\d+$/.test(source) && parseCidr(source).prefixLength <= WORLD_PREFIX;
}

/** Accounts that are opened by a static key and in which something new is made. */
function staticKeys(
  before: Shape,
  after: Shape,
  accounts: ReadonlyMap<string, KnownAccount>,
  { resources }: Told,
): Warning[] {
  const used = new Set<string>();
  const added = after.clusters.filter((one) => !before.clusters.some((old) => old.id === one.id));
  for (const { cloudAccountId } of added) if (cloudAccountId !== null) used.add(cloudAccountId);
  const makesZone = resources.some((one) => one.key === 'zone/public' && one.action === 'create');
  if (after.dns && makesZone) used.add(after.dns.cloudAccountId);
  return [...used].flatMap((id) => {
    const account = accounts.get(id);
    // A name server knows no other way than a shared secret.
    if (!account || account.keyless || account.provider === 'rfc2136' || account.provider === 'powerdns')
      return [];
    return [
      {
        code: 'static-key' as const,
        message: `${account.name} is opened by a static key, which is good until somebody revokes it. Keyless credentials are safer.`,
      },
    ];
  });
}
