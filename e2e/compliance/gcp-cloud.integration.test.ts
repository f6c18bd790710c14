/** Compute Engine and testIamPermissions by the official SDK, against the lab. */
import { generateKeyPairSync } from 'node:crypto';
import { v1 } from '@google-cloud/compute';
import { cloudCompliance } from '@skein/clouds/compliance.ts';
import { gcp } from '@skein/clouds/gcp/gcp.ts';
import { nameFor } from '@skein/clouds/gcp/ownership.ts';
import { GcpKey } from '@skein/contract/rest/account.ts';
import { JWT } from 'google-auth-library';
import { startPaperLab } from './lab.ts';
import { NO_IDENTITY } from './own-identity.ts';

const region = 'europe-west1';

cloudCompliance('Google Cloud', async () => {
  const lab = await startPaperLab();
  const credentials = GcpKey.parse(lab.accounts.gcp);
  const project = credentials.project_id;
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
  const { hostname, port } = new URL(lab.gcpUrl);
  const firewalls = new v1.FirewallsClient({
    apiEndpoint: hostname,
    port: Number(port),
    protocol: 'http',
    authClient: authClient as never,
  });
  const read = async (firewall: string) => (await firewalls.get({ project, firewall }))[0];
  /** The lab's operations are done in a moment; the rule shows when they are. */
  async function shown<T>(look: () => Promise<T | undefined>): Promise<T> {
    for (let tries = 0; tries < 100; tries++) {
      const found = await look();
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('the change by hand does not show');
  }

  return {
    connect: (which) =>
      gcp.connect({
        credentials: which === 'right' ? credentials : { ...credentials, private_key: anotherKey },
        endpoint: lab.gcpUrl,
        region,
        identity: NO_IDENTITY,
      }),
    instanceType: gcp.defaultInstanceType,
    region,
    foreign: {
      holdInstances: lab.holdMachines,
      async openByHand({ externalId }) {
        const [ours] = (await firewalls.list({ project, filter: `name eq ${externalId}-.*` }))[0];
        if (!ours?.name) throw new Error('no rule to change');
        const firewall = ours.name;
        const allowed = [
          ...(ours.allowed ?? []),
          { IPProtocol: 'tcp', ports: ['22'] },
          { IPProtocol: 'icmp' },
        ];
        const firewallResource = { allowed, sourceRanges: ['203.0.113.9/32'] };
        await firewalls.patch({ project, firewall, firewallResource });
        await shown(async () =>
          (await read(firewall)).allowed?.length === allowed.length ? true : undefined,
        );
      },
      async takeName(spec) {
        const name = `${nameFor(spec)}-udp-51820`;
        const firewallResource = {
          name,
          description: 'made by hand',
          network: spec.network.externalId,
          sourceRanges: ['203.0.113.9/32'],
          allowed: [{ IPProtocol: 'tcp', ports: ['22'] }],
        };
        await firewalls.insert({ project, firewallResource });
        const before = await shown(() => read(name).catch(() => undefined));
        return async () => JSON.stringify(await read(name)) === JSON.stringify(before);
      },
    },
    close: async () => {
      await firewalls.close();
      await lab.close();
    },
  };
});
