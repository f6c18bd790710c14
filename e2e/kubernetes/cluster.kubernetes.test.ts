/** Clusters of tests are real ones: two of two nodes, with k3s's own flannel; and nothing stays when they end. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSite, type TestCluster, type TestSite } from './cluster.ts';
import { IMAGES } from './images/images.ts';

let site: TestSite;
let clusters: TestCluster[];
let figures: Record<string, number>;

beforeAll(async () => {
  site = await openSite(console.log);
  const started = performance.now();
  const wish = { nodes: 2, flannelBackend: 'vxlan' } as const;
  clusters = await Promise.all([
    site.openCluster({
      ...wish,
      name: 'east',
      subnet: '10.64.0.0/24',
      publicAddresses: ['198.18.64.11', '198.18.64.12'],
      podCidr: '10.128.0.0/18',
      serviceCidr: '10.192.0.0/20',
    }),
    site.openCluster({
      ...wish,
      name: 'west',
      subnet: '10.64.16.0/24',
      publicAddresses: ['198.18.64.21', '198.18.64.22'],
      podCidr: '10.128.64.0/18',
      serviceCidr: '10.192.16.0/20',
    }),
  ]);
  const joined = performance.now();
  await each((cluster) =>
    cluster.kubectl(['wait', '--for=condition=Ready', 'node', '--all', '--timeout=60s']),
  );
  const ready = performance.now();
  await each((cluster) =>
    cluster.kubectl(['--namespace=kube-system', 'rollout', 'status', 'deployment/coredns', '--timeout=60s']),
  );
  figures = {
    'seconds to joined': seconds(joined - started),
    'seconds to ready': seconds(ready - started),
    'seconds to names': seconds(performance.now() - started),
    'MB of memory': memory(),
  };
  console.log(figures);
});

afterAll(() => site?.close());

const each = <T>(act: (cluster: TestCluster) => Promise<T>) => Promise.all(clusters.map(act));
const seconds = (milliseconds: number) => Math.round(milliseconds / 100) / 10;

/** What processes hold for themselves alone, and their share of the rest. */
function memory(): number {
  let kilobytes = 0;
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const command = readFileSync(`/proc/${name}/comm`, 'utf8').trim();
      if (command === 'node' || command === 'postgres') continue;
      kilobytes += Number(
        /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/smaps_rollup`, 'utf8'))?.[1] ?? 0,
      );
    } catch {
      // It has ended meanwhile, or is a thread of the kernel's.
    }
  }
  return Math.round(kilobytes / 1024);
}

async function pods(cluster: TestCluster): Promise<{ name: string; node: string; address: string }[]> {
  const { items } = JSON.parse(
    await cluster.kubectl(['get', 'pods', '--selector=app=server', '--output=json']),
  ) as {
    items: { metadata: { name: string }; spec: { nodeName: string }; status: { podIP: string } }[];
  };
  return items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    node: spec.nodeName,
    address: status.podIP,
  }));
}

const SERVER = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: server}
spec:
  selector: {matchLabels: {app: server}}
  template:
    metadata: {labels: {app: server}}
    spec:
      terminationGracePeriodSeconds: 1
      tolerations: [{operator: Exists}]
      containers:
      - name: server
        image: ${IMAGES.server}
        env: [{name: NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
        readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1}
      - name: tools
        image: ${IMAGES.toolbox}
        command: [sleep, infinity]
---
apiVersion: v1
kind: Service
metadata: {name: server}
spec:
  selector: {app: server}
  ports: [{name: http, port: 80, targetPort: 8080}]
`;

test('nodes are of the release asked for, with ranges of the cluster’s own', async () => {
  const told = await each(async (cluster) => {
    const { items } = JSON.parse(await cluster.kubectl(['get', 'nodes', '--output=json'])) as {
      items: {
        metadata: { name: string };
        spec: { podCIDR: string };
        status: { nodeInfo: { kubeletVersion: string }; addresses: { type: string; address: string }[] };
      }[];
    };
    return items.map(({ metadata, spec, status }) => [
      metadata.name,
      spec.podCIDR.split('.').slice(0, 2).join('.'),
      status.nodeInfo.kubeletVersion,
      status.addresses.find(({ type }) => type === 'InternalIP')?.address,
    ]);
  });
  const release = site.distribution.releases.at(-1);
  expect(told).toEqual([
    [
      ['east-1', '10.128', release, '10.64.0.11'],
      ['east-2', '10.128', release, '10.64.0.12'],
    ],
    [
      ['west-1', '10.128', release, '10.64.16.11'],
      ['west-2', '10.128', release, '10.64.16.12'],
    ],
  ]);
});

test('pods run, talk across nodes with their own addresses, and find services by name; exec and logs work', async () => {
  await each((cluster) => cluster.kubectl(['apply', '--filename=-'], { input: SERVER }));
  await each((cluster) => cluster.kubectl(['rollout', 'status', 'daemonset/server', '--timeout=90s']));
  for (const cluster of clusters) {
    const [one, two] = await pods(cluster);
    if (!one || !two) throw new Error('a pod is missing');
    expect(one.node).not.toBe(two.node);
    const fetched = async (url: string) =>
      JSON.parse(
        await cluster.kubectl([
          'exec',
          one.name,
          '--container=tools',
          '--',
          'curl',
          '-sS',
          '--max-time',
          '5',
          url,
        ]),
      ) as { name: string; caller: string };
    expect(await fetched(`http://${two.address}:8080/`)).toMatchObject({
      name: two.node,
      caller: one.address,
    });
    const names = new Set<string>();
    for (let tries = 0; tries < 20 && names.size < 2; tries++)
      names.add((await fetched('http://server.default.svc.cluster.local/')).name);
    expect([...names].sort()).toEqual([`${cluster.name}-1`, `${cluster.name}-2`]);
    const said = await cluster.kubectl([
      'exec',
      one.name,
      '--container=tools',
      '--',
      'sh',
      '-c',
      'echo here; nc -w 1 ' +
        two.address +
        ' 7 < /dev/null; nslookup -type=SRV _http._tcp.server.default.svc.cluster.local.',
    ]);
    expect(said).toContain('here');
    expect(said).toContain(`${two.node} ${one.address}:`);
    expect(said).toMatch(/service = 0 \d+ 80 server\.default\.svc\.cluster\.local\./);
    expect(await cluster.kubectl(['logs', '--namespace=kube-system', 'deployment/coredns'])).toContain(
      'CoreDNS-1.',
    );
  }
});

test('the agent’s image holds the agent and what it calls', async () => {
  const [east] = clusters as [TestCluster];
  const script = 'skein-agent --help; for each in ip nft wg wireguard-go sysctl; do command -v $each; done';
  await east.kubectl([
    ...['run', 'agent', `--image=${IMAGES.agent}`, '--restart=Never', '--command'],
    ...['--', 'sh', '-c', script],
  ]);
  await east.kubectl(['wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/agent', '--timeout=50s']);
  const said = await east.kubectl(['logs', 'agent']);
  expect(said).toContain('skein-agent');
  expect(said.match(/^\/usr\/bin\//gm)).toHaveLength(5);
});

test('a node is added and removed', async () => {
  const [east] = clusters as [TestCluster];
  const node = await east.addNode('198.18.64.13');
  await east.kubectl(['wait', '--for=condition=Ready', `node/${node.name}`, '--timeout=60s']);
  await east.kubectl(['rollout', 'status', 'daemonset/server', '--timeout=60s']);
  expect((await pods(east)).map((pod) => pod.node).sort()).toEqual(['east-1', 'east-2', 'east-3']);
  await east.kubectl(['delete', 'node', node.name]);
  await east.removeNode(node.name);
  expect(east.nodes.map(({ name }) => name)).toEqual(['east-1', 'east-2']);
});

test('another release is installed over the one that runs, and pods go on', async () => {
  const [, west] = clusters as [TestCluster, TestCluster];
  const oldest = site.distribution.releases[0] as string;
  const before = await pods(west);
  const server = west.nodes[0];
  const ran = await server?.run(
    [
      'sh',
      '-c',
      `kept=$(sed -n "s/^exec.*k3s server/server/p" /usr/local/lib/k3s-start); eval "set -- $kept"; curl -sfL file:///opt/lab/k3s-install.sh > /tmp/install && INSTALL_K3S_VERSION=${oldest} sh /tmp/install "$@"`,
    ],
    { timeoutSeconds: 90 },
  );
  expect(ran).toMatchObject({ exit: 0, stdout: expect.stringContaining(`${oldest} runs as k3s`) });
  await expect
    .poll(
      () => west.kubectl(['get', 'node', 'west-1', '--output=jsonpath={.status.nodeInfo.kubeletVersion}']),
      { timeout: 30_000 },
    )
    .toBe(oldest);
  expect(await pods(west)).toEqual(before);
});

test('nothing is left when a cluster ends', async () => {
  const [east] = clusters as [TestCluster];
  const groups = () =>
    readdirSync('/sys/fs/cgroup/cpu').filter((name) => name.startsWith('skein-node-')).length;
  const namespaces = () => readdirSync('/run/netns').filter((name) => /east/.test(name));
  expect(namespaces().sort()).toEqual(['edge-east', 'node-east-1', 'node-east-2']);
  const before = groups();
  await east.close();
  expect(namespaces()).toEqual([]);
  expect(before - groups()).toBe(2);
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  expect(mounts).not.toContain('east');
});
