/** Google Cloud's state, projected onto the ground. Pure: the same state gives the same ground. */
import type { Ground, GroundPeering, GroundZone, Machine, Realm } from '../ground/ground.ts';
import { parseAddress } from '../ground/ranges.ts';
import { regionOf } from './catalog.ts';
import { activePeer } from './compute/peerings.ts';
import { routerOf } from './compute/subnetworks.ts';
import { metadataOf } from './metadata.ts';
import { rulesOf } from './reach.ts';
import { type GcpState, type Instance, type ManagedZone, type Project, sorted } from './state.ts';

/** Metadata and name service of every instance. */
const SERVICE_ADDRESS = '169.254.169.254';
const TYPES = ['A', 'AAAA', 'TXT', 'CNAME', 'NS', 'SOA', 'SRV', 'MX'] as const;

/** The kernel's part of all projects. Instances that are stopped or leaving have no machine. */
export function projectGcp(state: GcpState): Ground {
  const projects = Object.keys(state.projects)
    .sort()
    .map((id) => ({ id, project: state.projects[id] as Project }));
  const realms = projects.flatMap(({ project }) =>
    sorted(project.networks).map((each) => realmOf(project, each.id, each.name)),
  );
  return {
    realms,
    peerings: projects.flatMap(({ id, project }) => peeringsOf(state, id, project)),
    machines: projects.flatMap(({ id, project }) =>
      sorted(project.instances)
        .filter(stands)
        .map((each) => machineOf(id, project, each)),
    ),
    zones: [
      ...projects.flatMap(({ project }) => sorted(project.zones).map((each) => zoneOf(project, each))),
      ...projects.flatMap(({ id, project }) => internalZones(id, project)),
    ],
  };
}

const realmId = (networkId: string) => `gcp-${networkId}`;
const stands = (it: Instance) => it.status === 'PROVISIONING' || it.status === 'RUNNING';

function realmOf(project: Project, id: string, name: string): Realm {
  return {
    id: realmId(id),
    cloud: 'gcp',
    subnets: sorted(project.subnetworks)
      .filter((each) => each.network === name)
      .map((each) => ({ id: `gcp-${each.id}`, cidr: each.cidr, router: routerOf(each.cidr) })),
    resolver: SERVICE_ADDRESS,
    internet: true,
  };
}

/** Active ones, each once: the half whose network's id comes first stands for both. */
function peeringsOf(state: GcpState, projectId: string, project: Project): GroundPeering[] {
  const cidrs = (of: Project, network: string) =>
    sorted(of.subnetworks).flatMap((each) => (each.network === network ? each.cidr : []));
  return sorted(project.networks).flatMap((near) =>
    (near.peerings ?? []).flatMap((peering): GroundPeering[] => {
      const far = activePeer(state, projectId, near, peering);
      if (!far || near.id > far.network.id) return [];
      return [
        {
          id: `gcp-${near.id}-${far.network.id}`,
          ends: [
            { realmId: realmId(near.id), routes: cidrs(far.project, far.network.name) },
            { realmId: realmId(far.network.id), routes: cidrs(project, near.name) },
          ],
        },
      ];
    }),
  );
}

function machineOf(projectId: string, project: Project, it: Instance): Machine {
  const network = project.networks[it.network];
  const subnet = project.subnetworks[`${regionOf(it.zone)}/${it.subnetwork}`];
  if (!network || !subnet)
    throw new Error(`instance ${it.name} stands in a network or subnetwork that is not there`);
  const script =
    it.metadata.find((each) => each.key === 'startup-script') ??
    it.metadata.find((each) => each.key === 'user-data');
  return {
    id: it.id,
    hostname: it.hostname ?? it.name,
    realmId: realmId(network.id),
    subnetId: `gcp-${subnet.id}`,
    privateAddress: it.privateAddress,
    macAddress: macOf(it.privateAddress),
    publicAddress: it.external?.natIP ?? null,
    ...rulesOf(project, it),
    forwards: it.canIpForward,
    userData: script?.value ?? null,
    metadata: metadataOf(projectId, it),
  };
}

/** Google makes them of `42:01` and the private address. */
export const macOf = (address: string): string => {
  const value = parseAddress(address) ?? 0;
  const bytes = [0x42, 0x01, ...[24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256)];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
};

function zoneOf(project: Project, it: ManagedZone): GroundZone {
  return {
    id: `gcp-${it.id}`,
    name: bare(it.dnsName),
    visibility: it.visibility,
    realmIds: it.networks.flatMap((name) =>
      project.networks[name] ? [realmId(project.networks[name].id)] : [],
    ),
    records: it.recordSets.flatMap((each) => {
      const type = TYPES.find((known) => known === each.type);
      return type ? [{ name: bare(each.name), type, ttlSeconds: each.ttl, values: each.rrdatas }] : [];
    }),
  };
}

/** The names Google gives by itself: instances among themselves, and the metadata service. */
function internalZones(projectId: string, project: Project): GroundZone[] {
  return sorted(project.networks).flatMap((network) => {
    const instances = sorted(project.instances).filter(
      (each) => each.network === network.name && stands(each),
    );
    const suffix = `c.${projectId}.internal`;
    const record = (name: string, address: string) => ({
      name,
      type: 'A' as const,
      ttlSeconds: 300,
      values: [address],
    });
    return [
      {
        id: `gcp-${network.id}-internal`,
        name: suffix,
        visibility: 'private' as const,
        realmIds: [realmId(network.id)],
        records: instances.map((each) => record(`${each.name}.${each.zone}.${suffix}`, each.privateAddress)),
      },
      {
        id: `gcp-${network.id}-metadata`,
        name: 'google.internal',
        visibility: 'private' as const,
        realmIds: [realmId(network.id)],
        records: [record('metadata.google.internal', SERVICE_ADDRESS)],
      },
    ];
  });
}

const bare = (name: string) => name.replace(/\.$/, '').toLowerCase();
