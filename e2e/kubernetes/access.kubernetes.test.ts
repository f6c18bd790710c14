/** The agent's account, and what it may ask, at a real API server. */
import { scopedAccess } from '@skein/agent/kubernetes/account.ts';
import { newAnswers } from '@skein/agent/kubernetes/answer.ts';
import { type KubernetesApi, openKubernetes } from '@skein/agent/kubernetes/api.ts';
import { gatherKubernetes } from '@skein/agent/kubernetes/facts.ts';
import { readKubeconfig } from '@skein/agent/kubernetes/kubeconfig.ts';
import type { KubernetesQuestion } from '@skein/contract/agent/kubernetes.ts';
import { flannelObjects } from '@skein/kubernetes/flannel.ts';
import { tokenSecret } from '@skein/kubernetes/k3s.ts';
import { APPLY, applyPath, type KubernetesObject, MERGE, pathOf } from '@skein/kubernetes/object.ts';
import { probeObject } from '@skein/kubernetes/probe.ts';
import { accountObjects } from '@skein/kubernetes/roles.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from './api-server.ts';
import { buildBinaries } from './binaries/build.ts';

let server: ApiServer;
let admin: KubernetesApi;
let scoped: KubernetesApi;
const wish = { podCidr: '10.128.0.0/18', backend: 'vxlan' as const };
const hour = () => new Date(Date.now() + 3600e3);

beforeAll(async () => {
  const { kubernetes } = await buildBinaries((line) => process.stderr.write(`${line}\n`));
  server = await startApiServer(kubernetes);
  admin = openKubernetes(server.admin);
  scoped = openKubernetes(await scopedAccess(() => readKubeconfig(server.kubeconfig), Date.now));
  await admin.request('POST', '/api/v1/nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'gw-1', labels: { 'skein.dev/gateway': 'true' } },
    spec: { podCIDR: '10.128.0.0/24', podCIDRs: ['10.128.0.0/24'] },
  });
});
afterAll(async () => {
  scoped?.close();
  admin?.close();
  await server?.close();
});

const cluster = () => ({
  api: scoped,
  node: 'gw-1',
  distribution: 'k3s' as const,
  scoped: true,
  caHash: 'a'.repeat(64),
});
const answers = newAnswers({
  run: async () => ({ ok: false, message: 'nothing is run here' }),
  log: () => undefined,
  cluster,
  podCidrs: () => [],
});
/** As the control plane asks, through the agent. */
async function asked(
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body: unknown = null,
  contentType: string | null = null,
) {
  const question: KubernetesQuestion = { ask: 'request', method, path, contentType, body };
  const reply = await answers(question);
  if (reply.answer !== 'response') throw new Error(`${method} ${path}: ${JSON.stringify(reply)}`);
  return reply as { status: number; body: { metadata: { resourceVersion: string }; message?: string } };
}
const apply = (object: KubernetesObject) => asked('PATCH', applyPath(object), object, APPLY);
const keyOf = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.name}`;
const WHO = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const whoIs = async (api: KubernetesApi) => {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const { body } = await api.request('POST', WHO, review);
  return (body as { status: { userInfo: { username: string } } }).status.userInfo.username;
};

test('the account has the rights that the list says, and is no administrator', async () => {
  expect(await whoIs(scoped)).toBe('system:serviceaccount:skein-system:skein-agent');
  for (const path of [
    '/api/v1/secrets',
    '/api/v1/namespaces/kube-system/secrets',
    '/api/v1/namespaces/kube-system/secrets/bootstrap-token-skein0',
    '/api/v1/configmaps',
    '/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin',
  ])
    expect((await scoped.request('GET', path)).status, path).toBe(403);
  const wide = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'flannel' },
    rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
  };
  expect((await scoped.request('PATCH', applyPath(wide), wide, APPLY)).status).toBe(403);
});

test('flannel applied twice changes nothing', async () => {
  const versions = async () => {
    const found: Record<string, string> = {};
    for (const object of flannelObjects(wish)) {
      const { status, body } = await apply(object);
      expect([200, 201], `${keyOf(object)}: ${body.message}`).toContain(status);
      found[keyOf(object)] = body.metadata.resourceVersion;
    }
    return found;
  };
  const first = await versions();
  expect(await versions()).toEqual(first);
  // Another backend changes what holds it, and nothing else.
  const changed: string[] = [];
  for (const object of flannelObjects({ ...wish, backend: 'wireguard' }))
    if ((await apply(object)).body.metadata.resourceVersion !== first[keyOf(object)])
      changed.push(object.kind);
  expect(changed).toEqual(['ConfigMap', 'DaemonSet']);
});

test('everything else that the control plane asks is granted too', async () => {
  const token = tokenSecret({ id: 'skein0', secret: '0123456789abcdef', until: hour() });
  expect((await apply(token)).status).toBe(201);
  expect((await asked('DELETE', pathOf(token))).status).toBe(200);
  expect((await apply(probeObject())).status).toBe(201);
  expect((await asked('DELETE', pathOf(probeObject()))).status).toBe(200);
  for (const path of [
    '/version',
    '/readyz',
    '/api/v1/nodes',
    '/api/v1/nodes/gw-1',
    '/apis/apps/v1/namespaces/kube-flannel/daemonsets/kube-flannel-ds',
    '/api/v1/pods?fieldSelector=spec.nodeName%3Dgw-1',
    '/api/v1/namespaces/skein-system/pods?labelSelector=app%3Dskein-probe',
  ])
    expect((await asked('GET', path)).status, path).toBe(200);
  const cordoned = await asked('PATCH', '/api/v1/nodes/gw-1', { spec: { unschedulable: true } }, MERGE);
  expect(cordoned.body).toMatchObject({ spec: { unschedulable: true } });
  // There is no such pod, which only who may evict is told.
  const eviction = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: 'a', namespace: 'default' },
  };
  expect((await asked('POST', '/api/v1/namespaces/default/pods/a/eviction', eviction)).status).toBe(404);
});

test('a token for nodes is one to the API server, until it is wiped', async () => {
  const token = tokenSecret({ id: 'skein1', secret: 'abcdefghijklmnop', until: hour() });
  await apply(token);
  const bootstrap = openKubernetes({
    ...server.admin,
    credential: async () => ({ token: 'skein1.abcdefghijklmnop' }),
  });
  expect(await whoIs(bootstrap)).toBe('system:bootstrap:skein1');
  await asked('DELETE', pathOf(token));
  // API servers remember for ten seconds whom they let in.
  await expect
    .poll(async () => (await bootstrap.request('GET', WHO)).status, { timeout: 30_000, interval: 500 })
    .toBe(401);
  bootstrap.close();
});

test('in a cluster of somebody else’s the account is less', async () => {
  for (const object of accountObjects(false)) {
    const { status, body } = await admin.request('PATCH', applyPath(object), object, APPLY);
    expect([200, 201], JSON.stringify(body)).toContain(status);
  }
  await expect
    .poll(async () => (await scoped.request('PATCH', '/api/v1/nodes/gw-1', {}, MERGE)).status)
    .toBe(403);
  expect((await scoped.request('GET', '/api/v1/nodes/gw-1')).status).toBe(200);
  for (const object of accountObjects(true)) await admin.request('PATCH', applyPath(object), object, APPLY);
});

test('the facts of a node', async () => {
  expect(await gatherKubernetes(cluster(), ['vxlan'])).toMatchObject({
    node: 'gw-1',
    podCidrs: ['10.128.0.0/24'],
    ready: false,
    answers: true,
    gateway: true,
    kernel: ['vxlan'],
    problem: null,
  });
  const nobody = await gatherKubernetes({ ...cluster(), node: 'nobody' }, []);
  expect(nobody).toMatchObject({ answers: false, problem: expect.stringContaining('nobody') });
});

test('a watch tells of changes', async () => {
  const path = '/api/v1/namespaces/default/configmaps';
  const { body } = await admin.request('GET', path);
  const { resourceVersion } = (body as { metadata: { resourceVersion: string } }).metadata;
  const ended = new AbortController();
  const seen: string[] = [];
  const watching = (async () => {
    for await (const { type } of admin.watch(path, resourceVersion, ended.signal)) {
      seen.push(type);
      if (type === 'DELETED') return;
    }
  })();
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { key: 'one' } };
  await admin.request('POST', path, map);
  await admin.request('PATCH', `${path}/a`, { data: { key: 'two' } }, MERGE);
  await admin.request('DELETE', `${path}/a`);
  await watching;
  ended.abort();
  expect(seen).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
});
