/** Azure DNS by the official SDKs, against the lab. */
import { DnsManagementClient, type RecordType } from '@azure/arm-dns';
import { PrivateDnsManagementClient } from '@azure/arm-privatedns';
import { ResourceManagementClient } from '@azure/arm-resources';
import { ClientSecretCredential } from '@azure/identity';
import { azure } from '@skein/clouds/azure/azure.ts';
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import { AzureSecret } from '@skein/contract/rest/account.ts';
import { azureDns } from '@skein/dns/azure-dns/azure-dns.ts';
import { placeOfState } from '@skein/dns/azure-dns/place.ts';
import { dnsCompliance } from '@skein/dns/compliance.ts';
import type { ZoneState } from '@skein/dns/provider.ts';
import { startPaperLab } from './lab.ts';
import { NO_IDENTITY } from './own-identity.ts';

const region = 'westeurope';
const BY_HAND = 'by-hand';

interface Written {
  name: string;
  type: string;
  values: string[];
}

/** A record set as Azure writes it. */
function bodyOf({ type, values }: Written) {
  switch (type) {
    case 'A':
      return { ttl: 60, aRecords: values.map((ipv4Address) => ({ ipv4Address })) };
    case 'MX':
      return {
        ttl: 60,
        mxRecords: values.map((value) => {
          const [preference, exchange = ''] = value.split(' ');
          return { preference: Number(preference), exchange };
        }),
      };
    default:
      return { ttl: 60, txtRecords: values.map((value) => ({ value: [value.replace(/^"|"$/g, '')] })) };
  }
}

dnsCompliance('Azure DNS', [], async () => {
  const lab = await startPaperLab();
  const credentials = AzureSecret.parse(lab.accounts.azure);
  const endpoint = lab.azureUrl;
  const { tenantId, clientId, clientSecret, subscriptionId } = credentials;
  const token = new ClientSecretCredential(tenantId, clientId, clientSecret, {
    authorityHost: endpoint,
    disableInstanceDiscovery: true,
  });
  const zones = new DnsManagementClient(token, subscriptionId, { endpoint });
  const privateZones = new PrivateDnsManagementClient(token, subscriptionId, { endpoint });
  const groups = new ResourceManagementClient(token, subscriptionId, { endpoint });

  const cloud = azure.connect({ credentials, endpoint, region, identity: NO_IDENTITY });
  const vpcs: { id: string; region: string }[] = [];
  for (const [clusterId, cidr] of [
    ['clu_one', '10.64.0.0/20'],
    ['clu_two', '10.64.16.0/20'],
  ] as const) {
    const owner = { organizationId: 'org_x', networkId: 'net_x', clusterId };
    const context = {
      signal: AbortSignal.timeout(60_000),
      waitingFor: () => {},
      attempt: 1,
      resume: resumeInMemory(),
    };
    const made = await cloud.networks.reconcile({ owner, key: 'network', name: clusterId, cidr }, context);
    vpcs.push({ id: made.externalId, region });
  }
  const at = (zone: ZoneState, { name, type }: Written) => ({
    ...placeOfState(zone),
    relative: name === zone.name ? '@' : name.slice(0, -zone.name.length - 1),
    type: type as Exclude<RecordType, 'NS' | 'CAA'>,
  });

  return {
    connect: (which) =>
      azureDns.connect({
        credentials: which === 'right' ? credentials : { ...credentials, clientSecret: 'wrong' },
        endpoint,
        identity: NO_IDENTITY,
      }),
    servedZones: null,
    manyNames: 60,
    waiting: null,
    vpcs,
    foreign: {
      async write(state, record) {
        const { group, zone, visibility, relative, type } = at(state, record);
        if (visibility === 'public')
          await zones.recordSets.createOrUpdate(group, zone, relative, type, bodyOf(record));
        else await privateZones.recordSets.createOrUpdate(group, zone, type, relative, bodyOf(record));
      },
      async remove(state, record) {
        const { group, zone, visibility, relative, type } = at(state, record);
        if (visibility === 'public') await zones.recordSets.delete(group, zone, relative, type);
        else await privateZones.recordSets.delete(group, zone, type, relative);
      },
      async read(state) {
        const { group, zone } = placeOfState(state);
        const lines: string[] = [];
        for await (const set of zones.recordSets.listAllByDnsZone(group, zone)) {
          const type = set.type?.replace(/^.*\//, '');
          if (type === 'NS' || type === 'SOA') continue;
          const values = [
            ...(set.aRecords ?? []).map((one) => one.ipv4Address),
            ...(set.txtRecords ?? []).map((one) => `"${one.value?.join('')}"`),
            ...(set.mxRecords ?? []).map((one) => `${one.preference} ${one.exchange}`),
          ];
          lines.push([`${set.name}.${zone}`, type, ...values.sort()].join(' '));
        }
        return lines.sort();
      },
      async boundTo(state) {
        const { group, zone } = placeOfState(state);
        const ids: string[] = [];
        for await (const link of privateZones.virtualNetworkLinks.list(group, zone)) {
          const id = link.virtualNetwork?.id?.toLowerCase();
          ids.push(vpcs.find((one) => one.id.toLowerCase() === id)?.id ?? `${id}`);
        }
        return ids.sort();
      },
      async makeZone(name) {
        await groups.resourceGroups.createOrUpdate(BY_HAND, { location: region });
        await zones.zones.createOrUpdate(BY_HAND, name, { location: 'global' });
        return async () => (await zones.zones.get(BY_HAND, name)).name === name;
      },
    },
    close: () => lab.close(),
  };
});
