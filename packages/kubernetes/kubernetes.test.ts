import { execFileSync } from 'node:child_process';
import type { ClusterKubernetes } from '@skein/contract/rest/kubernetes.ts';
import { describe, expect, it, test } from 'vitest';
import { refusalOf } from './allowed.ts';
import { cniOf, cniPlanOf, kubernetesPorts } from './cni.ts';
import { flannelNetwork, flannelObjects } from './flannel.ts';
import { joinToken, type K3sNode, k3sUserData, tokenSecret } from './k3s.ts';
import { NEEDS, TOKEN_IDS } from './needs.ts';
import { applyPath, pathOf } from './object.ts';
import { probeObject } from './probe.ts';
import { accountObjects } from './roles.ts';

const k3s: K3sNode['kubernetes'] = {
  distribution: 'k3s',
  version: 'v1.34.2+k3s1',
  cni: 'flannel',
  flannelBackend: 'vxlan',
  podCidr: '10.128.0.0/18',
  serviceCidr: '10.192.0.0/20',
  server: 'gw-1',
};
const node: K3sNode = {
  kubernetes: k3s,
  name: 'gw-1',
  gateway: true,
  overlayAddress: '100.64.0.1',
  joins: null,
  installer: 'https://get.k3s.test',
};
const member: K3sNode = {
  ...node,
  name: 'node-1',
  gateway: false,
  joins: { server: 'https://10.64.0.4:6443', token: joinToken('a'.repeat(64), 'skein0', '0123456789abcdef') },
};

describe('user-data', () => {
  const shells = [node, member, { ...node, kubernetes: { ...k3s, cni: 'calico' as const } }].map(k3sUserData);

  it('is plain sh, the script that it leaves behind too', () => {
    for (const text of shells) {
      expect(execFileSync('sh', ['-n'], { input: text, encoding: 'utf8' })).toBe('');
      const script = /<<'SKEIN'\n(#!\/bin\/sh[\s\S]*?)\nSKEIN/.exec(text)?.[1] ?? '';
      expect(script).toContain('INSTALL_K3S_VERSION');
      expect(execFileSync('sh', ['-n'], { input: script, encoding: 'utf8' })).toBe('');
    }
  });

  it('a server is given no token, has no flannel of its own, and its ranges', () => {
    const [server = ''] = shells;
    expect(server).not.toMatch(/K10|K3S_TOKEN='/);
    for (const flag of [
      'server',
      '--flannel-backend=none',
      '--cluster-cidr 10.128.0.0/18',
      '--service-cidr 10.192.0.0/20',
      '--node-name gw-1',
      '--node-label skein.dev/gateway=true',
      '--tls-san 100.64.0.1',
      '--disable traefik',
    ])
      expect(server).toContain(flag);
    expect(server).toContain('/usr/local/lib/skein/k3s.sh v1.34.2+k3s1');
  });

  it('a node joins by its token, which the script left on it does not hold', () => {
    const text = k3sUserData(member);
    expect(text).toContain(`K3S_TOKEN='K10${'a'.repeat(64)}::skein0.0123456789abcdef' /usr/local/lib`);
    expect(text.split('SKEIN')[1]).not.toContain('skein0.');
    expect(text).toContain('--server https://10.64.0.4:6443');
    expect(text).not.toMatch(/--cluster-cidr|gateway=true/);
  });

  it('Calico and Cilium come by what k3s applies itself, and enforce policies themselves', () => {
    const cilium = k3sUserData({ ...node, kubernetes: { ...k3s, cni: 'cilium', flannelBackend: null } });
    expect(cilium).toContain('kind: HelmChart');
    expect(cilium).toContain('--disable-network-policy');
    expect(shells[2]).toContain('kind: Installation');
    expect(shells[2]).toContain('cidr: "10.128.0.0/18"');
    expect(k3sUserData({ ...node, kubernetes: { ...k3s, cni: 'k3s-flannel' } })).toContain(
      '--flannel-backend=vxlan',
    );
  });
});

describe('what is passed on', () => {
  const asked = (method: string, path: string, body: unknown = null, made = true) =>
    refusalOf({ method, path, body }, made);

  it('everything that the control plane builds', () => {
    const token = tokenSecret({ id: 'skein0', secret: '0123456789abcdef', until: new Date(0) });
    for (const object of [
      ...flannelObjects({ podCidr: k3s.podCidr, backend: 'vxlan' }),
      probeObject(),
      token,
    ])
      expect(asked('PATCH', applyPath(object), object), object.kind).toBeNull();
    expect(asked('DELETE', pathOf(probeObject()))).toBeNull();
    expect(asked('DELETE', pathOf(token))).toBeNull();
    for (const path of [
      '/version',
      '/readyz',
      '/api/v1/nodes',
      '/api/v1/nodes?limit=500',
      '/apis/apps/v1/daemonsets',
      '/api/v1/pods?fieldSelector=spec.nodeName%3Dgw-1',
      '/api/v1/namespaces/skein-system/pods?labelSelector=app%3Dskein-probe',
      '/apis/apps/v1/namespaces/kube-flannel/daemonsets/kube-flannel-ds',
    ])
      expect(asked('GET', path), path).toBeNull();
    expect(asked('POST', '/api/v1/namespaces/a/pods/b/eviction', {})).toBeNull();
  });

  it.each([
    ['GET', '/api/v1/namespaces/kube-system/secrets'],
    ['GET', '/api/v1/namespaces/kube-system/secrets/bootstrap-token-skein0'],
    ['PATCH', '/api/v1/namespaces/kube-system/secrets/k3s-serving'],
    ['DELETE', '/api/v1/namespaces/default/secrets/bootstrap-token-skein0'],
    ['GET', '/api/v1/secrets'],
    ['GET', '/api/v1/namespaces/kube-system/configmaps/coredns'],
    ['POST', '/api/v1/namespaces/skein-system/serviceaccounts/skein-agent/token'],
    ['DELETE', '/api/v1/nodes'],
    ['DELETE', '/api/v1/nodes/gw-1/status'],
    ['PATCH', '/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin'],
    ['GET', '/api/v1/namespaces/a/pods/b/exec'],
    ['GET', '/api/v1/nodes/gw-1/proxy'],
    ['GET', '/api/v1/nodes?watch=1'],
    ['PATCH', '/api/v1/nodes/gw-1?fieldManager=other'],
    ['GET', '/api/v1/namespaces/../secrets'],
    ['GET', '/api/v1/nodes/%2e%2e/secrets'],
    ['GET', '/api/v1//nodes'],
    ['GET', '//version'],
    ['POST', '/version'],
    ['GET', '/metrics'],
    ['GET', 'api/v1/nodes'],
    ['GET', '/api/v1/nodes#'],
    ['GET', '/api/v1/nodes?a=%'],
  ])('not %s %s', (method, path) => expect(asked(method, path)).not.toBeNull());

  it('what is created is known by its own name', () => {
    const path = '/api/v1/namespaces/kube-system/secrets';
    expect(asked('POST', path, { metadata: { name: 'bootstrap-token-skeinz' } })).toBeNull();
    expect(asked('POST', path, { metadata: { name: 'other' } })).not.toBeNull();
    expect(asked('POST', path, {})).not.toBeNull();
  });

  it('in clusters of others nothing is changed', () => {
    expect(asked('GET', '/api/v1/nodes', null, false)).toBeNull();
    for (const object of [...flannelObjects({ podCidr: k3s.podCidr, backend: 'vxlan' }), probeObject()])
      expect(asked('PATCH', applyPath(object), object, false), object.kind).not.toBeNull();
    expect(asked('PATCH', '/api/v1/nodes/a', {}, false)).not.toBeNull();
  });
});

describe('roles', () => {
  const rulesOf = (made: boolean) =>
    accountObjects(made).flatMap((one) =>
      ((one.rules ?? []) as { resources?: string[]; resourceNames?: string[]; verbs: string[] }[]).map(
        (rule) => ({ namespace: one.metadata.namespace ?? null, ...rule }),
      ),
    );

  it('give nothing away wholesale', () => {
    for (const rule of rulesOf(true)) {
      expect(JSON.stringify(rule)).not.toContain('*');
      expect(rule.verbs).not.toContain('escalate');
      expect(rule.verbs).not.toContain('impersonate');
      if (rule.resources?.includes('secrets')) {
        expect(rule.namespace).toBe('kube-system');
        expect(rule.verbs).not.toContain('get');
        if (!rule.verbs.includes('create')) expect(rule.resourceNames).toHaveLength(TOKEN_IDS.length);
      }
    }
  });

  it('in clusters of others hold no right to secrets, roles, workloads or nodes’ specs', () => {
    const rules = rulesOf(false);
    for (const resource of ['secrets', 'clusterroles', 'pods/eviction', 'serviceaccounts'])
      expect(
        rules.filter((rule) => rule.resources?.includes(resource)),
        resource,
      ).toEqual([]);
    const nodes = rules.filter((rule) => rule.resources?.includes('nodes'));
    expect(nodes.flatMap((rule) => rule.verbs).sort()).toEqual(['get', 'list']);
  });

  it('hold each right that flannel is given, or making its role would be refused', () => {
    const held = rulesOf(true).filter((rule) => rule.namespace === null && !rule.resourceNames);
    const role = flannelObjects({ podCidr: k3s.podCidr, backend: 'vxlan' }).find(
      (one) => one.kind === 'ClusterRole',
    );
    const rules = (role?.rules ?? []) as { resources: string[]; verbs: string[] }[];
    expect(rules).toHaveLength(3);
    for (const { resources, verbs } of rules)
      for (const verb of verbs)
        expect(
          held.some((rule) => rule.resources?.includes(resources[0] ?? '') && rule.verbs.includes(verb)),
          `${verb} ${resources}`,
        ).toBe(true);
  });

  it('each need says why', () => {
    for (const need of NEEDS) expect(need.why.length, need.resource).toBeGreaterThan(10);
  });
});

describe('CNI', () => {
  const plan = (change: Partial<ClusterKubernetes>) => cniPlanOf({ ...k3s, ...change });

  it('flannel’s backends need what they say, and open their port inside the cluster alone', () => {
    expect(plan({}).kernel).toEqual(['bridge-netfilter', 'vxlan']);
    expect(plan({ flannelBackend: 'wireguard' })).toMatchObject({
      kernel: ['bridge-netfilter', 'wireguard'],
      ports: [{ protocol: 'udp', port: 51840 }],
    });
    expect(plan({ flannelBackend: 'host-gw' })).toMatchObject({ kernel: ['bridge-netfilter'], ports: [] });
    expect(flannelNetwork('10.128.0.0/18', 'wireguard')).toEqual({
      Network: '10.128.0.0/18',
      Backend: { Type: 'wireguard', ListenPort: 51840 },
    });
  });

  it('an existing one is left alone', () => {
    expect(plan({ cni: 'existing', podCidr: null })).toEqual({
      kernel: [],
      podCidrs: false,
      objects: [],
      daemonSet: null,
      ports: [],
    });
    expect(kubernetesPorts({ ...k3s, distribution: 'existing', cni: 'existing' }, 'gateway')).toEqual([]);
  });

  it('the API is open at gateways, kubelets everywhere', () => {
    expect(kubernetesPorts(k3s, 'gateway').map(({ port }) => port)).toEqual([6443, 5399, 5399, 10250, 8472]);
    expect(kubernetesPorts(k3s, 'member').map(({ port }) => port)).toEqual([10250, 8472]);
  });

  test.each([
    ['none', [], null],
    [
      'flannel',
      [{ name: '10-flannel.conflist', text: '{"plugins":[{"type":"flannel"},{"type":"portmap"}]}' }],
      'flannel',
    ],
    [
      'the first by name',
      [
        { name: '20-x.conf', text: '{"type":"calico"}' },
        { name: '05-cilium.conflist', text: '{"plugins":[{"type":"cilium-cni"}]}' },
      ],
      'cilium',
    ],
    ['what nobody knows by its plugin', [{ name: '1.conf', text: '{"type":"bridge"}' }], 'bridge'],
    [
      'what is broken is passed over',
      [
        { name: '1.conf', text: '{' },
        { name: '2.conflist', text: '{"plugins":[{"type":"aws-cni"}]}' },
        { name: '0.kubeconfig', text: '{"type":"calico"}' },
      ],
      'aws-vpc-cni',
    ],
  ])('found: %s', (_, files, found) => expect(cniOf(files)).toBe(found));

  it('equal wishes are equal objects', () => {
    const wish = { podCidr: k3s.podCidr, backend: 'vxlan' as const };
    expect(JSON.stringify(flannelObjects(wish))).toBe(JSON.stringify(flannelObjects(wish)));
  });
});

test('a token for nodes ends by itself, and may sign nobody up for more than a node', () => {
  const secret = tokenSecret({
    id: 'skein7',
    secret: 'abcdefghijklmnop',
    until: new Date('2026-11-21T23:00:00.5Z'),
  });
  expect(secret.metadata.name).toBe('bootstrap-token-skein7');
  expect(secret.stringData).toMatchObject({ expiration: '2026-11-21T23:00:00Z', 'token-id': 'skein7' });
  for (const id of TOKEN_IDS) expect(id).toMatch(/^[a-z0-9]{6}$/);
});
