/** Makes machines through Google's API and looks from inside them, for machines.lab.test.ts, in a sealed place. */
import { readdir } from 'node:fs/promises';
import { kernelRealiser } from '../ground/realise.ts';
import { startLab } from '../start.ts';
import { fetchToken } from './fixture-token.ts';

export interface Seen {
  serial: string;
  /** What machines see, by what was asked. */
  from: Record<string, string>;
  reach: Record<string, boolean>;
  stoppedAndStarted: { stopped: boolean; runsAgain: string };
  gone: { statuses: number[]; namespaces: string[] };
  log: string[];
}

const SCRIPT = `#!/bin/sh
curl -sm 2 -H Metadata-Flavor:Google http://metadata.google.internal/computeMetadata/v1/instance/attributes/role
echo " boots"
`;

export default async function machines({ directory }: { directory: string }): Promise<Seen> {
  const log: string[] = [];
  const realiser = await kernelRealiser({ directory: `${directory}/ground`, log: (line) => log.push(line) });
  const lab = await startLab({ directory, realiser });
  const token = await fetchToken(lab.accounts.gcp);
  const root = '/compute/v1/projects/skein-lab';
  const zone = 'us-central1-a';

  async function ask(method: string, path: string, body?: unknown) {
    const response = await fetch(lab.gcpUrl + path, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, json: (text ? JSON.parse(text) : {}) as Record<string, unknown> };
  }
  /** Changes something and waits for its operation. @throws Error when it fails. */
  async function change(method: string, path: string, body?: unknown) {
    const started = await ask(method, path, body);
    const ended =
      started.status === 200
        ? await ask('POST', `${new URL(String(started.json.selfLink)).pathname}/wait`)
        : started;
    if (ended.status !== 200 || ended.json.error)
      throw new Error(`${method} ${path}: ${JSON.stringify(ended.json)}`);
  }
  const firewall = (name: string, more: object) =>
    change('POST', `${root}/global/firewalls`, { name, network: 'global/networks/net', ...more });

  await change('POST', `${root}/global/networks`, { name: 'net', autoCreateSubnetworks: false });
  for (const [region, ipCidrRange] of [
    ['us-central1', '10.64.0.0/24'],
    ['us-east1', '10.64.1.0/24'],
  ])
    await change('POST', `${root}/regions/${region}/subnetworks`, {
      name: 'sub',
      network: 'global/networks/net',
      ipCidrRange,
    });
  await change('POST', `${root}/regions/us-central1/addresses`, { name: 'addr' });
  const natIP = String((await ask('GET', `${root}/regions/us-central1/addresses/addr`)).json.address);
  const tcp = (port: string) => [{ IPProtocol: 'tcp', ports: [port] }];
  await firewall('tagged', { allowed: tcp('7000'), sourceTags: ['client'], targetTags: ['server'] });
  await firewall('world', {
    allowed: [{ IPProtocol: 'icmp' }],
    sourceRanges: ['0.0.0.0/0'],
    targetTags: ['server'],
  });
  await firewall('not-you', {
    denied: [{ IPProtocol: 'icmp' }],
    sourceRanges: ['10.64.1.0/24'],
    priority: 10,
  });

  const make = (name: string, at: string, tags: string[], access: object[]) =>
    change('POST', `${root}/zones/${at}/instances`, {
      name,
      machineType: `zones/${at}/machineTypes/e2-small`,
      disks: [
        {
          boot: true,
          initializeParams: { sourceImage: 'projects/debian-cloud/global/images/family/debian-12' },
        },
      ],
      networkInterfaces: [
        { subnetwork: `regions/${at.slice(0, -2)}/subnetworks/sub`, accessConfigs: access },
      ],
      metadata: {
        items: [
          { key: 'startup-script', value: SCRIPT },
          { key: 'role', value: name },
        ],
      },
      tags: { items: tags },
    });
  await make('server', zone, ['server'], [{ natIP }]);
  await make('client', zone, ['client'], [{}]);
  await make('far', 'us-east1-b', ['other'], []);
  const id = async (name: string, at = zone) =>
    String((await ask('GET', `${root}/zones/${at}/instances/${name}`)).json.id);
  const [server, client, far] = [await id('server'), await id('client'), await id('far', 'us-east1-b')];

  const dns = '/dns/v1/projects/skein-lab/managedZones';
  const networkUrl = `https://www.googleapis.com/compute/v1/projects/skein-lab/global/networks/net`;
  const rrdatas = { public: [natIP], private: ['10.64.0.2'] };
  for (const visibility of ['public', 'private'] as const) {
    await ask('POST', dns, {
      name: visibility,
      dnsName: 'shop.skein.test.',
      description: '',
      visibility,
      ...(visibility === 'private' ? { privateVisibilityConfig: { networks: [{ networkUrl }] } } : {}),
    });
    const record = { name: 'gw.shop.skein.test.', type: 'A', ttl: 60, rrdatas: rrdatas[visibility] };
    await ask('POST', `${dns}/${visibility}/changes`, { additions: [record] });
  }

  const sh = async (machine: string, script: string) =>
    (await realiser.run(machine, ['sh', '-c', script])).stdout.trim();
  const passes = async (machine: string, script: string) =>
    (await realiser.run(machine, ['sh', '-c', script])).exit === 0;
  await realiser.run(server, [
    'sh',
    '-c',
    "socat TCP-LISTEN:7000,fork,reuseaddr EXEC:'echo heard' > /dev/null 2>&1 &",
  ]);
  const until = async (good: () => Promise<boolean>) => {
    for (let tries = 0; tries < 100 && !(await good()); tries++)
      await new Promise((resolve) => setTimeout(resolve, 50));
  };
  const ping = (address: string) => `ping -c 1 -W 1 ${address}`;
  const connect = (address: string) =>
    `socat -T 1 - TCP:${address}:7000,connect-timeout=1 < /dev/null | grep -q heard`;
  // The last change reaches the kernel some time after its answer.
  await until(
    async () => (await sh(client, 'dig +time=1 +tries=1 +short gw.shop.skein.test')) === '10.64.0.2',
  );
  await until(() => passes(client, connect('10.64.0.2')));

  const from = {
    'private name in the network': await sh(client, 'dig +time=1 +tries=1 +short gw.shop.skein.test'),
    'public name from the public resolver': await sh(
      client,
      'dig +time=1 +tries=1 +short @192.0.2.53 gw.shop.skein.test',
    ),
    'instance name': await sh(client, `dig +time=1 +tries=1 +short far.us-east1-b.c.skein-lab.internal`),
    'own address': await sh(server, "ip -4 -br addr show scope global | awk '{print $3}' | cut -d/ -f1"),
    'external address by metadata': await sh(
      server,
      'curl -sm 2 -H Metadata-Flavor:Google http://169.254.169.254/computeMetadata/v1/instance/network-interfaces/0/access-configs/0/external-ip',
    ),
  };
  const reach = {
    'client to server, the allowed port': await passes(client, connect('10.64.0.2')),
    'far to server, the allowed port': await passes(far, connect('10.64.0.2')),
    'client to server, ping': await passes(client, ping('10.64.0.2')),
    'far to server, ping denied by priority': await passes(far, ping('10.64.0.2')),
    'server to client, ping not allowed': await passes(server, ping('10.64.0.3')),
    'client to the server’s public address, ping': await passes(client, ping(natIP)),
  };
  await until(async () =>
    String((await ask('GET', `${root}/zones/${zone}/instances/server/serialPort`)).json.contents).includes(
      'boots',
    ),
  );
  const serial = String(
    (await ask('GET', `${root}/zones/${zone}/instances/server/serialPort`)).json.contents,
  );

  await change('POST', `${root}/zones/${zone}/instances/server/stop`);
  const stopped = realiser.status(server) === undefined;
  await change('POST', `${root}/zones/${zone}/instances/server/start`);
  const runsAgain = String((await ask('GET', `${root}/zones/${zone}/instances/server`)).json.status);

  await change('DELETE', `${root}/zones/${zone}/instances/server`);
  await change('DELETE', `${root}/zones/${zone}/instances/client`);
  await change('DELETE', `${root}/zones/us-east1-b/instances/far`);
  for (const name of ['tagged', 'world', 'not-you'])
    await change('DELETE', `${root}/global/firewalls/${name}`);
  await change('DELETE', `${root}/regions/us-central1/addresses/addr`);
  for (const region of ['us-central1', 'us-east1'])
    await change('DELETE', `${root}/regions/${region}/subnetworks/sub`);
  await change('DELETE', `${root}/global/networks/net`);
  const statuses = [];
  for (const path of [
    'global/networks/net',
    `zones/${zone}/instances/server`,
    'regions/us-central1/addresses/addr',
  ])
    statuses.push((await ask('GET', `${root}/${path}`)).status);
  const own = (names: string[]) => names.filter((name) => /^(node|edge)-/.test(name));
  await until(async () => own(await readdir('/run/netns')).length === 0);
  const gone = { statuses, namespaces: own(await readdir('/run/netns')) };
  await lab.close();
  await realiser.close();
  return { serial, from, reach, stoppedAndStarted: { stopped, runsAgain }, gone, log };
}
