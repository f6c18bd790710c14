/** Cloud DNS by the official SDK, against the lab. */

import { generateKeyPairSync } from 'node:crypto';
import { DNS } from '@google-cloud/dns';
import { gcp } from '@skein/clouds/gcp/gcp.ts';
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import { GcpKey } from '@skein/contract/rest/account.ts';
import { cloudDns } from '@skein/dns/cloud-dns/cloud-dns.ts';
import { dnsCompliance } from '@skein/dns/compliance.ts';
import { JWT } from 'google-auth-library';
import { startPaperLab } from './lab.ts';
import { NO_IDENTITY } from './own-identity.ts';

const region = 'us-central1';

dnsCompliance('Cloud DNS', [], async () => {
  const lab = await startPaperLab();
  const credentials = GcpKey.parse(lab.accounts.gcp);
  const anotherKey = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey;
  const authClient = new JWT({
    email: credentials.client_email,
    key: credentials.private_key,
    scopes: ['https://www.googleapis.com/auth/cloud-platform'],
  });
  authClient.useJWTAccessWithScope = true;
  const dns = new DNS({ projectId: credentials.project_id, authClient });
  dns.baseUrl = `${lab.gcpUrl}/dns/v1`;

  const cloud = gcp.connect({ credentials, endpoint: lab.gcpUrl, region, identity: NO_IDENTITY });
  const vpcs = [];
  for (const clusterId of ['clu_one', 'clu_two']) {
    const owner = { organizationId: 'org_x', networkId: 'net_x', clusterId };
    const spec = { owner, key: 'network', name: clusterId, cidr: '10.64.0.0/20' };
    const context = {
      signal: AbortSignal.timeout(30_000),
      waitingFor: () => {},
      attempt: 1,
      resume: resumeInMemory(),
    };
    vpcs.push({ id: (await cloud.networks.reconcile(spec, context)).externalId, region });
  }
  const recordOf = (zone: string, { name, type, values }: { name: string; type: string; values: string[] }) =>
    dns.zone(zone).record(type, { name: `${name}.`, ttl: 60, data: values });

  return {
    connect: (which) =>
      cloudDns.connect({
        credentials: which === 'right' ? credentials : { ...credentials, private_key: anotherKey },
        endpoint: lab.gcpUrl,
        identity: NO_IDENTITY,
      }),
    servedZones: null,
    manyNames: 700,
    waiting: /^Cloud DNS to answer with the new records of zone skein-\w+ everywhere$/,
    vpcs,
    foreign: {
      async write({ externalId }, record) {
        await dns.zone(externalId).createChange({ add: recordOf(externalId, record) });
      },
      async remove({ externalId }, record) {
        await dns.zone(externalId).createChange({ delete: recordOf(externalId, record) });
      },
      async read({ externalId }) {
        const [records] = await dns.zone(externalId).getRecords();
        return records
          .filter(({ type }) => type !== 'NS' && type !== 'SOA')
          .map(({ metadata, type, data }) =>
            [metadata.name.replace(/\.$/, ''), type, ...[...(data ?? [])].sort()].join(' '),
          )
          .sort();
      },
      async boundTo({ externalId }) {
        const [metadata] = await dns.zone(externalId).getMetadata();
        const networks: { networkUrl: string }[] = metadata.privateVisibilityConfig?.networks ?? [];
        return networks.map(({ networkUrl }) => networkUrl.slice(networkUrl.indexOf('projects/'))).sort();
      },
      async makeZone(name) {
        const id = `by-hand-${name.slice(0, 12)}`;
        await dns.createZone(id, { dnsName: `${name}.`, description: 'made by hand' });
        return async () => (await dns.zone(id).getMetadata())[0].name === id;
      },
    },
    close: () => lab.close(),
  };
});
