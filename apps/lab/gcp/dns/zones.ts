/** `dns.managedZones` and `dns.projects`: Cloud DNS's zones, public and private. */
import { type ManagedZone, nextId, type Project, sorted } from '../state.ts';
import { GoogleError } from '../wire/errors.ts';
import { type Call, type Method, method } from '../wire/method.ts';
import { checkLabels, link } from '../wire/names.ts';
import { pageOf } from '../wire/page.ts';

export const ROOT = '/dns/v1/projects/:project';
const PATH = `${ROOT}/managedZones`;

const SHAPE = {
  name: 'string',
  dnsName: 'string',
  description: 'string',
  visibility: 'string',
  labels: 'labels',
  privateVisibilityConfig: {
    kind: 'output',
    networks: [{ kind: 'output', networkUrl: 'string' }],
    gkeClusters: 'absent',
  },
  dnssecConfig: 'kept',
  cloudLoggingConfig: 'kept',
  forwardingConfig: 'absent',
  peeringConfig: 'absent',
  reverseLookupConfig: 'absent',
  serviceDirectoryConfig: 'absent',
  nameServerSet: 'absent',
  creationTime: 'output',
  id: 'output',
  kind: 'output',
  nameServers: 'output',
} as const;

const invalid = (entity: string, value: unknown) =>
  new GoogleError(400, 'invalid', `Invalid value for '${entity}': '${String(value)}'`);
const required = (entity: string) =>
  new GoogleError(400, 'required', `The '${entity}' parameter is required but was missing.`);

/** The zone a path names, by name or id. @throws GoogleError 404. */
export function zoneOf(call: Call): ManagedZone {
  const wanted = call.params.managedZone ?? '';
  const found = sorted(call.project.zones).find((each) => each.name === wanted || each.id === wanted);
  if (!found)
    throw new GoogleError(
      404,
      'notFound',
      `The 'parameters.managedZone' resource named '${wanted}' does not exist.`,
    );
  return found;
}

function show(projectId: string, it: ManagedZone): Record<string, unknown> {
  return {
    kind: 'dns#managedZone',
    name: it.name,
    dnsName: it.dnsName,
    description: it.description,
    id: it.id,
    nameServers: it.nameServers,
    creationTime: it.createdAt,
    visibility: it.visibility,
    ...(it.visibility === 'private'
      ? {
          privateVisibilityConfig: {
            kind: 'dns#managedZonePrivateVisibilityConfig',
            networks: it.networks.map((name) => ({
              kind: 'dns#managedZonePrivateVisibilityConfigNetwork',
              networkUrl: link(`projects/${projectId}/global/networks/${name}`),
            })),
          },
        }
      : { cloudLoggingConfig: { kind: 'dns#managedZoneCloudLoggingConfig' } }),
    labels: it.labels,
  };
}

function networksOf(
  project: Project,
  projectId: string,
  list: readonly { networkUrl?: string | undefined }[],
): string[] {
  return list.map((each, index) => {
    const entity = `entity.managedZone.privateVisibilityConfig.networks[${index}].networkUrl`;
    if (!each.networkUrl) throw required(entity);
    const match =
      /^https:\/\/(?:www\.googleapis\.com|compute\.googleapis\.com)\/compute\/(?:v1|beta)\/projects\/([^/]+)\/global\/networks\/([^/]+)$/.exec(
        each.networkUrl,
      );
    if (match?.[1] !== projectId || !Object.hasOwn(project.networks, match[2] ?? ''))
      throw invalid(entity, each.networkUrl);
    return match[2] ?? '';
  });
}

/** A zone's own records, which it is born with and keeps. */
function apex(dnsName: string, nameServers: readonly string[]): ManagedZone['recordSets'] {
  return [
    { name: dnsName, type: 'NS', ttl: 21600, rrdatas: [...nameServers] },
    {
      name: dnsName,
      type: 'SOA',
      ttl: 21600,
      rrdatas: [`${nameServers[0]} cloud-dns-hostmaster.google.com. 1 21600 3600 259200 300`],
    },
  ];
}

export const zones: readonly Method[] = [
  method({
    id: 'dns.managedZones.create',
    http: 'POST',
    path: PATH,
    permission: 'dns.managedZones.create',
    query: ['clientOperationId'],
    body: SHAPE,
    root: 'managed_zone',
    changes: true,
    handle(call) {
      const { body, project } = call;
      if (!body.name) throw required('entity.managedZone.name');
      if (!/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(body.name))
        throw invalid('entity.managedZone.name', body.name);
      if (!body.dnsName) throw required('entity.managedZone.dnsName');
      if (!/^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+$/i.test(body.dnsName))
        throw invalid('entity.managedZone.dnsName', body.dnsName);
      // Google asks for a description, if only an empty one.
      if (body.description === undefined) throw required('entity.managedZone.description');
      const visibility = body.visibility?.toLowerCase() || 'public';
      if (visibility !== 'public' && visibility !== 'private')
        throw invalid('entity.managedZone.visibility', body.visibility);
      if (visibility === 'public' && body.privateVisibilityConfig)
        throw invalid('entity.managedZone.privateVisibilityConfig', '');
      if (Object.hasOwn(project.zones, body.name))
        throw new GoogleError(
          409,
          'alreadyExists',
          `The resource 'entity.managedZone' named '${body.name}' already exists`,
        );
      const dnsName = body.dnsName.toLowerCase();
      const networks = networksOf(project, call.projectId, body.privateVisibilityConfig?.networks ?? []);
      checkUnbound(project, dnsName, networks);
      const id = nextId(call.state);
      const group = 'abcde'[Number(BigInt(id) % 5n)];
      const nameServers =
        visibility === 'private'
          ? ['ns-gcp-private.googledomains.com.']
          : [1, 2, 3, 4].map((number) => `ns-cloud-${group}${number}.googledomains.com.`);
      const recordSets = apex(dnsName, nameServers);
      const zone: ManagedZone = {
        id,
        name: body.name,
        createdAt: call.now.toISOString(),
        description: body.description,
        dnsName,
        visibility,
        labels: checkLabels(body.labels),
        networks,
        nameServers,
        recordSets,
        changes: [
          {
            id: '0',
            startedAt: call.now.toISOString(),
            dueAt: call.now.getTime(),
            additions: recordSets,
            deletions: [],
          },
        ],
      };
      project.zones[body.name] = zone;
      return show(call.projectId, zone);
    },
  }),
  method({
    id: 'dns.managedZones.get',
    http: 'GET',
    path: `${PATH}/:managedZone`,
    permission: 'dns.managedZones.get',
    query: ['clientOperationId'],
    changes: false,
    handle: (call) => show(call.projectId, zoneOf(call)),
  }),
  method({
    id: 'dns.managedZones.list',
    http: 'GET',
    path: PATH,
    permission: 'dns.managedZones.list',
    query: ['maxResults', 'pageToken', 'dnsName'],
    changes: false,
    handle(call) {
      const dnsName = call.query.get('dnsName');
      const wanted = sorted(call.project.zones).filter((each) => !dnsName || each.dnsName === dnsName);
      const page = pageOf(wanted, call.query, (each) => each.name);
      return {
        kind: 'dns#managedZonesListResponse',
        managedZones: page.items.map((each) => show(call.projectId, each)),
        ...(page.nextPageToken ? { nextPageToken: page.nextPageToken } : {}),
      };
    },
  }),
  method({
    id: 'dns.managedZones.patch',
    http: 'PATCH',
    path: `${PATH}/:managedZone`,
    permission: 'dns.managedZones.update',
    query: ['clientOperationId'],
    body: SHAPE,
    root: 'managed_zone',
    changes: true,
    handle(call) {
      const { body, project } = call;
      const zone = zoneOf(call);
      if (body.name !== undefined && body.name !== zone.name)
        throw invalid('entity.managedZone.name', body.name);
      if (body.dnsName !== undefined && body.dnsName !== zone.dnsName)
        throw invalid('entity.managedZone.dnsName', body.dnsName);
      if (body.visibility !== undefined && body.visibility !== zone.visibility)
        throw invalid('entity.managedZone.visibility', body.visibility);
      if (body.description !== undefined) zone.description = body.description;
      if (body.labels !== undefined) zone.labels = checkLabels(body.labels);
      if (body.privateVisibilityConfig) {
        if (zone.visibility !== 'private') throw invalid('entity.managedZone.privateVisibilityConfig', '');
        zone.networks = networksOf(project, call.projectId, body.privateVisibilityConfig.networks ?? []);
        checkUnbound(project, zone.dnsName, zone.networks, zone);
      }
      // Unlike creating, changing a zone answers an operation; Cloud DNS's are done at once.
      return {
        kind: 'dns#operation',
        id: nextId(call.state),
        startTime: call.now.toISOString(),
        status: 'done',
        user: call.user,
        type: 'update',
        zoneContext: { newValue: show(call.projectId, zone) },
      };
    },
  }),
  method({
    id: 'dns.managedZones.delete',
    http: 'DELETE',
    path: `${PATH}/:managedZone`,
    permission: 'dns.managedZones.delete',
    query: ['clientOperationId'],
    changes: true,
    handle(call) {
      const zone = zoneOf(call);
      const own = (each: { name: string; type: string }) =>
        each.name === zone.dnsName && ['NS', 'SOA'].includes(each.type);
      if (!zone.recordSets.every(own))
        throw new GoogleError(
          400,
          'containerNotEmpty',
          `The resource named '${zone.name}' cannot be deleted because it contains one or more 'resource records'.`,
        );
      delete call.project.zones[zone.name];
      return undefined;
    },
  }),
  method({
    id: 'dns.projects.get',
    http: 'GET',
    path: ROOT,
    permission: 'dns.projects.get',
    query: ['clientOperationId'],
    changes: false,
    handle: (call) => ({
      kind: 'dns#project',
      id: call.projectId,
      quota: {
        kind: 'dns#quota',
        managedZones: 10000,
        resourceRecordsPerRrset: 10000,
        rrsetsPerManagedZone: 10000,
        rrsetAdditionsPerChange: MOST_PER_CHANGE,
        rrsetDeletionsPerChange: MOST_PER_CHANGE,
      },
    }),
  }),
];

/** Record sets a change may add, and may delete. */
export const MOST_PER_CHANGE = 1000;

/** A network sees one private zone of a name. */
function checkUnbound(
  project: Project,
  dnsName: string,
  networks: readonly string[],
  except?: ManagedZone,
): void {
  for (const other of sorted(project.zones)) {
    const shared =
      other === except || other.dnsName !== dnsName
        ? undefined
        : networks.find((each) => other.networks.includes(each));
    if (shared)
      throw new GoogleError(
        400,
        'invalid',
        `The network '${shared}' is already bound to the private zone '${other.name}' of the DNS name '${dnsName}'.`,
      );
  }
}
