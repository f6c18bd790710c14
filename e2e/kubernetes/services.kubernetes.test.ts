/**
 * Services across two real API servers: agents' own code on both, a real coordinator and a real Postgres between them. No
 * node and no controller runs, so what kubelets and Kubernetes' controllers would write is written here.
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Channel, keepChannel } from '@skein/agent/channel/channel.ts';
import { clustersetBody } from '@skein/agent/dns/clusterset.ts';
import { type KubernetesApi, openKubernetes } from '@skein/agent/kubernetes/api.ts';
import { newWriter } from '@skein/agent/kubernetes/services/apply.ts';
import { servePods } from '@skein/agent/kubernetes/services/pods.ts';
import {
  ensureKinds,
  type KubernetesServices,
  startKubernetesServices,
} from '@skein/agent/kubernetes/services/start.ts';
import { announce, keepWired, takeBack } from '@skein/agent/kubernetes/services/wiring.ts';
import { newServiceKeeper } from '@skein/agent/service/keeper.ts';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { makeMesh, type SeededMesh, type SeededPeer } from '@skein/control/testing/mesh-rows.ts';
import { type Coordinator, startCoordinator } from '@skein/coordinator/coordinator.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import type {} from '@skein/database/testing/provided.ts';
import { AGENT_ACCOUNT, APPLY, NAMESPACE, pathOf } from '@skein/kubernetes/object.ts';
import { accountObjects } from '@skein/kubernetes/roles.ts';
import { DNS_PORT, dnsSliceName, serverBlock } from '@skein/kubernetes/services/coredns.ts';
import { derivedName } from '@skein/kubernetes/services/import.ts';
import type {
  Condition,
  EndpointSliceObject,
  ServiceImportObject,
  ServiceObject,
} from '@skein/kubernetes/services/objects.ts';
import { openPrivateKey, openPublicKey } from '@skein/mesh/map/sign.ts';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { startApiServer } from './api-server.ts';
import { buildBinaries } from './binaries/build.ts';

const MCS = '/apis/multicluster.x-k8s.io/v1beta1';
const LEASE_TIMES = { seconds: 2, everyMilliseconds: 300 };
/** What a person may wait for a change in another cluster. */
const LIMIT_MILLISECONDS = 2000;

let fresh: FreshDatabase;
let coordinator: Coordinator;
/** Folder of CoreDNS. */
let networkPrograms: string;
let distribution: string;
let mesh: SeededMesh;
/** As an administrator, and as Skein's account, with the rights that it was given and no others. */
interface Server {
  api: KubernetesApi;
  agent: KubernetesApi;
  close(): Promise<void>;
}
const servers: Server[] = [];
interface Agent {
  channel: Channel;
  services: KubernetesServices;
  close(): Promise<void>;
}
const agents = new Set<Agent>();
/** The last words of agents. */
const said: string[] = [];
let namespaces = 0;

beforeAll(async () => {
  const { kubernetes, network } = await buildBinaries(() => undefined);
  networkPrograms = network;
  fresh = await freshDatabase(inject('databaseUrl'));
  distribution = await mkdtemp(join(tmpdir(), 'skein-distribution-'));
  const masterKey = randomBytes(32);
  const sealer = createSealer(masterKey, (bytes) => crypto.getRandomValues(bytes));
  coordinator = await startCoordinator({
    databaseUrl: fresh.url,
    masterKey,
    coordinatorUrl: 'http://192.0.2.10:7401',
    agentDistribution: distribution,
    host: '127.0.0.1',
    port: 0,
    tls: null,
    agentImage: 'skein-agent:test',
  });
  mesh = await makeMesh(fresh.database, sealer, await makeOrganization(fresh.database), {
    clusters: 2,
    peersPerCluster: 2,
  });
  await fresh.database.cluster.updateMany({
    where: { networkId: mesh.networkId },
    data: { kubernetes: { distribution: 'existing' } },
  });
  servers.push(...(await Promise.all([0, 1].map(() => openServer(kubernetes)))));
  for (const cluster of [0, 1]) agents.add(await startAgent(cluster, 0));
  await until('both to lead', async () => [...agents].every(({ services }) => services.leads()), 20_000);
});
afterEach(async () => {
  for (const { api } of servers) {
    const { items } = await get<{ items: { metadata: { name: string; namespace: string } }[] }>(
      api,
      `${MCS}/serviceexports`,
    );
    for (const { metadata } of items)
      await api.request('DELETE', `${MCS}/namespaces/${metadata.namespace}/serviceexports/${metadata.name}`);
  }
});
afterAll(async () => {
  for (const agent of agents) await agent.close();
  await Promise.all(servers.map((server) => server.close()));
  await coordinator?.close();
  await fresh?.drop();
  await rm(distribution, { recursive: true, force: true });
});

async function openServer(programs: string): Promise<Server> {
  const { admin, close } = await startApiServer(programs);
  const api = openKubernetes(admin);
  for (const object of accountObjects(false)) await put(api, object);
  const { status, body } = await api.request(
    'POST',
    `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${AGENT_ACCOUNT}/token`,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
  );
  if (status !== 201) throw new Error(`no token: ${JSON.stringify(body)}`);
  const { token } = (body as { status: { token: string } }).status;
  const agent = openKubernetes({ ...admin, credential: async () => ({ token }) });
  await ensureKinds(agent);
  return {
    api,
    agent,
    close: async () => {
      api.close();
      agent.close();
      await close();
    },
  };
}

async function startAgent(cluster: number, member: number): Promise<Agent> {
  const { id: peerId, identitySeed } = mesh.peers[cluster * 2 + member] as SeededPeer;
  let channel: Channel | undefined;
  const send = (frame: Parameters<Channel['send']>[0]) =>
    channel?.connected() === true && channel.send(frame);
  const keeper = newServiceKeeper({ send, now: () => performance.now(), random: () => 0 });
  const services = startKubernetesServices({
    api: serverOf(cluster).agent,
    peerId,
    cluster: () => `cluster-${cluster + 1}`,
    address: null,
    keeper,
    send,
    log: (line) => said.push(`${peerId}: ${line}`),
    random: () => 0,
    leaseTimes: LEASE_TIMES,
  });
  channel = keepChannel({
    coordinatorUrl: `http://127.0.0.1:${coordinator.port}`,
    own: { networkId: mesh.networkId, peerId, mapKey: openPublicKey(mesh.mapKey) },
    identity: openPrivateKey(identitySeed),
    log: () => undefined,
    random: Math.random,
    have: () => null,
    onReady: () => {
      keeper.connected();
      services.connected();
    },
    onMap: () => undefined,
    onPathTest: () => undefined,
    onKubernetes: () => undefined,
    onServices: keeper.take,
    onExportsUnknown: services.exportsUnknown,
    onRemoved: () => undefined,
  });
  const agent: Agent = {
    channel,
    services,
    close: async () => {
      agents.delete(agent);
      await services.close();
      keeper.close();
      channel?.close();
    },
  };
  return agent;
}

const serverOf = (cluster: number) => servers[cluster] as Server;
const apiOf = (cluster: number) => serverOf(cluster).api;

async function get<T>(api: KubernetesApi, path: string): Promise<T> {
  const { status, body } = await api.request('GET', path);
  if (status !== 200) throw new Error(`${path}: ${status}`);
  return body as T;
}
const found = async <T>(cluster: number, path: string): Promise<T | undefined> => {
  const { status, body } = await apiOf(cluster).request('GET', path);
  return status === 200 ? (body as T) : undefined;
};
async function put(api: KubernetesApi, object: Parameters<typeof pathOf>[0] & object): Promise<void> {
  const { status, body } = await api.request(
    'PATCH',
    `${pathOf(object)}?fieldManager=test&force=true`,
    object,
    APPLY,
  );
  if (status !== 200 && status !== 201) throw new Error(`${pathOf(object)}: ${JSON.stringify(body)}`);
}

/** Answers how long it took. */
async function until(
  what: string,
  holds: () => Promise<boolean>,
  limit = LIMIT_MILLISECONDS,
): Promise<number> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > limit)
      throw new Error(`waited ${limit} ms in vain for ${what}; agents said:\n${said.slice(-10).join('\n')}`);
    await wait(20);
  }
  return performance.now() - began;
}

/** A namespace that both clusters have, and no test before. */
async function namespace(): Promise<string> {
  namespaces += 1;
  const name = `shop-${namespaces}`;
  for (const { api } of servers) await put(api, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return name;
}

const PORTS = [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }];
interface Wish {
  ports?: typeof PORTS;
  spec?: object;
  endpoints?: { addresses: string[]; ready?: boolean; hostname?: string }[];
  exported?: object;
}

async function deploy(cluster: number, inNamespace: string, wish: Wish = {}): Promise<void> {
  const metadata = { namespace: inNamespace, name: 'cart' };
  await put(apiOf(cluster), {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { ports: wish.ports ?? PORTS, selector: { app: 'cart' }, ...wish.spec },
  } as never);
  const [first = PORTS[0]] = wish.ports ?? PORTS;
  await setEndpoints(
    cluster,
    inNamespace,
    wish.endpoints ?? [{ addresses: [`10.128.${cluster * 64}.5`] }],
    first?.name,
  );
}
/** As the endpoint slice controller does. */
async function setEndpoints(
  cluster: number,
  inNamespace: string,
  endpoints: NonNullable<Wish['endpoints']>,
  portName = 'http',
) {
  await put(apiOf(cluster), {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: inNamespace,
      name: 'cart-abcde',
      labels: {
        'kubernetes.io/service-name': 'cart',
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      },
    },
    addressType: 'IPv4',
    ports: [{ name: portName, protocol: 'TCP', port: 8080 }],
    endpoints: endpoints.map(({ ready = true, ...endpoint }) => ({ ...endpoint, conditions: { ready } })),
  } as never);
}
const exportIn = (cluster: number, inNamespace: string, spec: object = {}) =>
  put(apiOf(cluster), {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceExport',
    metadata: { namespace: inNamespace, name: 'cart' },
    spec,
  } as never);
const importIn = (cluster: number, inNamespace: string) =>
  found<ServiceImportObject>(cluster, `${MCS}/namespaces/${inNamespace}/serviceimports/cart`);
const derivedIn = (cluster: number, inNamespace: string) =>
  found<ServiceObject>(
    cluster,
    `/api/v1/namespaces/${inNamespace}/services/${derivedName({ namespace: inNamespace, name: 'cart' })}`,
  );
async function slicesIn(cluster: number, inNamespace: string): Promise<EndpointSliceObject[]> {
  const selector = 'multicluster.kubernetes.io/service-name=cart';
  const { items } = await get<{ items: EndpointSliceObject[] }>(
    apiOf(cluster),
    `/apis/discovery.k8s.io/v1/namespaces/${inNamespace}/endpointslices?labelSelector=${selector}`,
  );
  return items;
}
/** Which clusters kube-proxy is to send to. */
const answersFrom = async (cluster: number, inNamespace: string) =>
  (await slicesIn(cluster, inNamespace))
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] !== undefined)
    .map(({ metadata }) => metadata.labels?.['multicluster.kubernetes.io/source-cluster']);
async function conditionsOf(cluster: number, inNamespace: string): Promise<Record<string, string>> {
  const wish = await found<{ status?: { conditions?: Condition[] } }>(
    cluster,
    `${MCS}/namespaces/${inNamespace}/serviceexports/cart`,
  );
  return Object.fromEntries(
    (wish?.status?.conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]),
  );
}
/** As pods of the cluster are answered. */
async function ask(cluster: number, name: string, type = 'A'): Promise<{ code: string; data: unknown[] }> {
  const agent = [...agents][cluster] as Agent;
  const body = await clustersetBody(agent.services.clusterset, {
    name: `${name}.svc.clusterset.local`,
    type,
  });
  return { code: body.code, data: body.answers.map((answer) => ('data' in answer ? answer.data : null)) };
}

test('an export of one API server is an import of the other within two seconds', async () => {
  const shop = await namespace();
  await deploy(0, shop, {
    spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 10 } } },
  });
  await exportIn(0, shop, { exportedLabels: { tier: 'web' }, exportedAnnotations: { note: 'x' } });
  const took = await until('the import', async () => {
    const some = await Promise.all([0, 1].map((cluster) => importIn(cluster, shop)));
    const ready = some.every((one) => one?.status?.conditions?.[0]?.status === 'True');
    return ready && (await answersFrom(1, shop)).length > 0;
  });
  console.log(`export to import with slices: ${Math.round(took)} ms`);
  for (const cluster of [0, 1]) {
    const derived = await derivedIn(cluster, shop);
    expect(await importIn(cluster, shop)).toMatchObject({
      metadata: { labels: { tier: 'web' }, annotations: { note: 'x' } },
      spec: {
        type: 'ClusterSetIP',
        ips: [derived?.spec.clusterIP],
        ipFamilies: ['IPv4'],
        ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 10 } },
        internalTrafficPolicy: 'Cluster',
      },
      status: { clusters: [{ cluster: 'cluster-1' }] },
    });
    expect(await slicesIn(cluster, shop)).toMatchObject([
      {
        metadata: {
          labels: {
            'multicluster.kubernetes.io/service-name': 'cart',
            'multicluster.kubernetes.io/source-cluster': 'cluster-1',
            'endpointslice.kubernetes.io/managed-by': 'services.skein.dev',
          },
          ownerReferences: [{ kind: 'ServiceImport', name: 'cart' }],
        },
        ports: [{ name: 'http', port: 8080 }],
        endpoints: [{ addresses: ['10.128.0.5'], conditions: { ready: true } }],
      },
    ]);
    expect(await ask(cluster, `cart.${shop}`)).toEqual({ code: 'NOERROR', data: [derived?.spec.clusterIP] });
  }
  expect((await derivedIn(0, shop))?.spec.clusterIP).toMatch(/^10\.192\.(\d|1[0-5])\./);
  expect(await conditionsOf(0, shop)).toEqual({
    Valid: 'True Valid',
    Ready: 'True Exported',
    Conflict: 'False NoConflicts',
  });
  // The Service itself is nobody's but its owner's.
  expect(
    (await found<ServiceObject>(0, `/api/v1/namespaces/${shop}/services/cart`))?.metadata.labels,
  ).toBeUndefined();

  await apiOf(0).request('DELETE', `${MCS}/namespaces/${shop}/serviceexports/cart`);
  for (const cluster of [0, 1])
    await until('nothing to be left', async () => {
      const left = [await importIn(cluster, shop), await derivedIn(cluster, shop)];
      return left.every((one) => one === undefined) && (await slicesIn(cluster, shop)).length === 0;
    });
  expect(await ask(1, `cart.${shop}`)).toEqual({ code: 'NXDOMAIN', data: [] });
});

test('without the last ready endpoint the other cluster answers within two seconds, and nearer ones do again', async () => {
  const shop = await namespace();
  for (const cluster of [0, 1]) {
    await deploy(cluster, shop);
    await exportIn(cluster, shop);
  }
  for (const cluster of [0, 1])
    await until(
      'each to be answered from its own',
      async () =>
        (await slicesIn(cluster, shop)).length === 2 &&
        (await answersFrom(cluster, shop)).join() === `cluster-${cluster + 1}`,
    );
  const address = (await importIn(0, shop))?.spec.ips;
  await setEndpoints(0, shop, [{ addresses: ['10.128.0.5'], ready: false }]);
  const took = await until('failover', async () => (await answersFrom(0, shop)).join() === 'cluster-2');
  console.log(`last ready endpoint gone to failover in slices: ${Math.round(took)} ms`);
  await setEndpoints(0, shop, []);
  await wait(300);
  expect(await answersFrom(0, shop)).toEqual(['cluster-2']);
  await setEndpoints(0, shop, [{ addresses: ['10.128.0.6'] }]);
  await until('the nearer one again', async () => (await answersFrom(0, shop)).join() === 'cluster-1');
  expect((await importIn(0, shop))?.spec.ips).toEqual(address);
  expect(await answersFrom(1, shop)).toEqual(['cluster-2']);
});

test('exports that differ say so in both clusters, and each port leads where it is served', async () => {
  const shop = await namespace();
  await deploy(0, shop);
  await exportIn(0, shop);
  await until('the import', async () => (await importIn(1, shop)) !== undefined);
  // Times of creation have seconds.
  await wait(1100);
  await deploy(1, shop, { ports: [{ name: 'other', protocol: 'TCP', port: 4242, targetPort: 8080 }] });
  await exportIn(1, shop);
  for (const cluster of [0, 1])
    await until(
      'the conflict',
      async () => (await conditionsOf(cluster, shop)).Conflict === 'True PortConflict',
    );
  for (const cluster of [0, 1]) {
    await until('both ports', async () => (await importIn(cluster, shop))?.spec.ports.length === 2);
    await until('both to answer', async () => (await answersFrom(cluster, shop)).length === 2);
    const ports = (await slicesIn(cluster, shop)).map(({ ports }) => ports?.map(({ name }) => name));
    expect(ports).toEqual([['http'], ['other']]);
  }
  await apiOf(1).request('DELETE', `${MCS}/namespaces/${shop}/serviceexports/cart`);
  await until('no conflict', async () => (await conditionsOf(0, shop)).Conflict === 'False NoConflicts');
});

test('a headless service has no address, and names for each of its pods', async () => {
  const shop = await namespace();
  const endpoints = [0, 1].map((at) => ({ addresses: [`10.128.0.${at + 5}`], hostname: `cart-${at}` }));
  await deploy(0, shop, { spec: { clusterIP: 'None' }, endpoints });
  await exportIn(0, shop);
  await until('the import', async () => (await slicesIn(1, shop))[0]?.endpoints?.length === 2);
  expect((await importIn(1, shop))?.spec).toMatchObject({ type: 'Headless', ipFamilies: ['IPv4'] });
  expect((await importIn(1, shop))?.spec.ips).toBeUndefined();
  expect(await derivedIn(1, shop)).toBeUndefined();
  expect((await ask(1, `cart.${shop}`)).data.sort()).toEqual(['10.128.0.5', '10.128.0.6']);
  expect(await ask(1, `cart-1.cluster-1.cart.${shop}`)).toEqual({ code: 'NOERROR', data: ['10.128.0.6'] });
  expect((await ask(1, `_http._tcp.cart.${shop}`, 'SRV')).data).toHaveLength(2);
});

test('CoreDNS takes the block that it is given, and passes pods’ questions on', async () => {
  const shop = await namespace();
  const endpoints = [0, 1].map((at) => ({ addresses: [`10.128.0.${at + 5}`], hostname: `cart-${at}` }));
  await deploy(0, shop, { spec: { clusterIP: 'None' }, endpoints });
  await exportIn(0, shop);
  await until('the import', async () => (await slicesIn(1, shop))[0]?.endpoints?.length === 2);
  const [, agent] = [...agents];
  const directory = await mkdtemp(join(tmpdir(), 'skein-coredns-'));
  const server = await servePods('127.0.0.1', (agent as Agent).services.clusterset);
  const port = 15353;
  await writeFile(
    join(directory, 'Corefile'),
    serverBlock(`127.0.0.1:${DNS_PORT}`).replace(':53 {', `:${port} {\n    bind 127.0.0.1`),
  );
  const coredns = spawn(join(networkPrograms, 'coredns'), ['-conf', join(directory, 'Corefile')], {
    stdio: 'ignore',
  });
  try {
    const dig = async (...words: string[]) =>
      (
        await promisify(execFile)('dig', [
          '@127.0.0.1',
          '-p',
          `${port}`,
          '+time=1',
          '+tries=1',
          '+noall',
          ...words,
        ]).catch(() => ({ stdout: '' }))
      ).stdout.trim();
    const name = `cart.${shop}.svc.clusterset.local`;
    const addresses = async () => (await dig('+short', '+answer', name)).split('\n').sort();
    await until('CoreDNS', async () => (await addresses()).length === 2, 10_000);
    expect(await addresses()).toEqual(['10.128.0.5', '10.128.0.6']);
    expect(await dig('+short', '+answer', `cart-0.cluster-1.${name}`)).toBe('10.128.0.5');
    expect((await dig('+short', '+answer', 'SRV', name)).split('\n')).toHaveLength(2);
    expect(await dig('+comments', `nothing.${shop}.svc.clusterset.local`)).toContain('status: NXDOMAIN');
    expect(await dig('+short', '+answer', 'TXT', 'dns-version.clusterset.local')).toBe('"1.0.0"');
  } finally {
    coredns.kill('SIGKILL');
    await server.close();
    await rm(directory, { recursive: true, force: true });
  }
});

test('what cannot be exported says why, and is no import', async () => {
  const shop = await namespace();
  await exportIn(0, shop);
  await until('the word', async () => (await conditionsOf(0, shop)).Valid === 'False NoService');
  await put(apiOf(0), {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: shop, name: 'cart' },
    spec: { type: 'ExternalName', externalName: 'example.com' },
  } as never);
  await until(
    'the other word',
    async () => (await conditionsOf(0, shop)).Valid === 'False InvalidServiceType',
  );
  expect(await importIn(0, shop)).toBeUndefined();
});

test('a cluster imports into namespaces that it has, once it has them', async () => {
  const name = `late-${namespaces}`;
  await put(apiOf(0), { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await deploy(0, name);
  await exportIn(0, name);
  await until('the import at home', async () => (await importIn(0, name)) !== undefined);
  expect(await importIn(1, name)).toBeUndefined();
  await put(apiOf(1), { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await until('the import', async () => (await answersFrom(1, name)).length === 1);
});

test('another agent takes over and changes nothing; what somebody breaks is mended', async () => {
  const shop = await namespace();
  await deploy(0, shop);
  await exportIn(0, shop);
  await until(
    'the import',
    async () => (await importIn(1, shop))?.status?.conditions?.[0]?.status === 'True',
  );
  await until('slices', async () => (await answersFrom(1, shop)).length === 1);
  const versions = async () =>
    [await importIn(1, shop), await derivedIn(1, shop), ...(await slicesIn(1, shop))].map(
      (one) => one?.metadata.resourceVersion,
    );
  const before = await versions();
  const [, first] = [...agents];
  const second = await startAgent(1, 1);
  await first?.close();
  agents.add(second);
  await until('the other to lead', async () => second.services.leads(), 5000);
  await wait(1500);
  expect(await versions()).toEqual(before);

  const [slice] = await slicesIn(1, shop);
  const path = `/apis/discovery.k8s.io/v1/namespaces/${shop}/endpointslices/${slice?.metadata.name}`;
  await apiOf(1).request('DELETE', path);
  await until('the slice again', async () => (await answersFrom(1, shop)).length === 1);
  await apiOf(1).request(
    'DELETE',
    `/api/v1/namespaces/${shop}/services/${derivedName({ namespace: shop, name: 'cart' })}`,
  );
  await until('the Service again', async () => {
    const [service, object] = [await derivedIn(1, shop), await importIn(1, shop)];
    return service !== undefined && object?.spec.ips?.[0] === service.spec.clusterIP;
  });
  // And its own changes go on from what the other left.
  await setEndpoints(0, shop, [{ addresses: ['10.128.0.5'] }, { addresses: ['10.128.0.6'] }]);
  await until('two endpoints in one slice', async () => {
    const slices = await slicesIn(1, shop);
    return slices.length === 1 && slices[0]?.endpoints?.length === 2;
  });
});

test('the cluster’s DNS is told of the agents, keeps what is others’, and forgets the last agent', async () => {
  const { agent, api } = serverOf(0);
  const writer = newWriter(agent);
  const corefile = '.:53 {\n    errors\n    kubernetes cluster.local\n    reload\n}\n';
  const map = (name: string, data: Record<string, string>) =>
    put(api, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'kube-system', name },
      data,
    } as never);
  const dataOf = async (name: string) =>
    (await found<{ data?: Record<string, string> }>(0, `/api/v1/namespaces/kube-system/configmaps/${name}`))
      ?.data;
  expect(await keepWired(agent, writer, () => true)).toContain('Neither CoreDNS nor kube-dns was found');
  await map('coredns', { Corefile: corefile });
  const peers = mesh.peers.slice(0, 2).map(({ id }) => id);
  for (const [at, id] of peers.entries()) await announce(writer, id, `10.64.0.${at + 10}`);
  expect(await keepWired(agent, writer, () => true)).toBeNull();
  const service = await found<ServiceObject>(0, '/api/v1/namespaces/skein-system/services/skein-dns');
  const wired = (await dataOf('coredns'))?.Corefile ?? '';
  expect(wired.startsWith(corefile)).toBe(true);
  expect(wired).toContain(`forward . ${service?.spec.clusterIP}`);
  // Twice is once, and a dead agent is asked no more.
  expect(await keepWired(agent, writer, (name) => name !== dnsSliceName(peers[0] ?? ''))).toBeNull();
  expect((await dataOf('coredns'))?.Corefile).toBe(wired);
  const { items } = await get<{ items: EndpointSliceObject[] }>(
    api,
    '/apis/discovery.k8s.io/v1/namespaces/skein-system/endpointslices?labelSelector=kubernetes.io/service-name=skein-dns',
  );
  expect(items.map(({ endpoints }) => endpoints?.[0]?.addresses)).toEqual([['10.64.0.11']]);
  await takeBack(agent, writer, peers[1] ?? '');
  expect((await dataOf('coredns'))?.Corefile).toBe(corefile);
  expect(await found(0, '/api/v1/namespaces/skein-system/services/skein-dns')).toBeUndefined();

  // As k3s and AKS have it: a ConfigMap of its own, in which others may have keys.
  await map('coredns', { Corefile: `${corefile}import /etc/coredns/custom/*.server\n` });
  expect(await keepWired(agent, writer, () => true)).toBeNull();
  await map('coredns-custom', { 'other.server': 'example.org:53 {\n}\n' });
  expect(await keepWired(agent, writer, () => true)).toBeNull();
  expect(Object.keys((await dataOf('coredns-custom')) ?? {}).sort()).toEqual([
    'other.server',
    'skein.server',
  ]);
  await takeBack(agent, writer, peers[1] ?? '');
  expect(Object.keys((await dataOf('coredns-custom')) ?? {})).toEqual(['other.server']);
  // Somebody else’s zone stays somebody else’s.
  await map('coredns-custom', { 'other.server': 'clusterset.local:53 {\n}\n' });
  expect(await keepWired(agent, writer, () => true)).toContain('serves clusterset.local already');
  expect(Object.keys((await dataOf('coredns-custom')) ?? {})).toEqual(['other.server']);
});
