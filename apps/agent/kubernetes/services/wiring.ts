/** The cluster's DNS asks agents for `clusterset.local`: which agents there are, and that it does. */
import { FIELD_MANAGER, MERGE, NAMESPACE } from '@skein/kubernetes/object.ts';
import {
  DNS_SERVICE,
  type DnsMaps,
  dnsService,
  dnsSlice,
  dnsSliceName,
  STUB_MARK,
  unwire,
  type Wiring,
  wire,
} from '@skein/kubernetes/services/coredns.ts';
import type { EndpointSliceObject, ServiceObject } from '@skein/kubernetes/services/objects.ts';
import { type KubernetesApi, reasonOf } from '../api.ts';
import { Refused, type Writer } from './apply.ts';

const MAPS = '/api/v1/namespaces/kube-system/configmaps';
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;
const SLICES = `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`;

/** An agent that answers pods at this address says so. */
export async function announce(writer: Writer, peerId: string, address: string): Promise<void> {
  await writer.apply(dnsSlice(peerId, address), undefined);
}

/**
 * The leader's part: the Service is there and the cluster's DNS asks it; agents that say no more that they are there are
 * asked no more. Answers what is in the way, in words, or null. Writes nothing where all is so already.
 */
export async function keepWired(
  api: KubernetesApi,
  writer: Writer,
  isAlive: (lease: string) => boolean,
): Promise<string | null> {
  const service = await writer.apply<ServiceObject>(dnsService(), await get(api, servicePath()));
  const address = service.spec.clusterIP;
  if (!address || address === 'None') return 'The Service of the agents’ DNS has no address.';
  for (const slice of await agentSlices(api))
    if (!isAlive(slice.metadata.name))
      await writer.remove({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { namespace: NAMESPACE, name: slice.metadata.name },
      });
  const maps = await readMaps(api);
  return await write(api, wire(maps.data, address), maps.versions);
}

/** This agent answers pods no more; the last one takes back what the cluster's DNS was told. */
export async function takeBack(api: KubernetesApi, writer: Writer, peerId: string): Promise<void> {
  const own = dnsSliceName(peerId);
  await writer.remove({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: NAMESPACE, name: own },
  });
  await api.request('DELETE', `${LEASES}/${own}`);
  if ((await agentSlices(api)).some(({ metadata }) => metadata.name !== own)) return;
  const maps = await readMaps(api);
  await write(api, unwire(maps.data), maps.versions);
  await writer.remove(dnsService());
}

function servicePath(): string {
  return `/api/v1/namespaces/${NAMESPACE}/services/${DNS_SERVICE}`;
}

async function agentSlices(api: KubernetesApi): Promise<EndpointSliceObject[]> {
  const { status, body } = await api.request(
    'GET',
    `${SLICES}?labelSelector=kubernetes.io/service-name=${DNS_SERVICE}`,
  );
  if (status !== 200) throw new Refused('agents of the DNS were not listed', status, body);
  return (body as { items: EndpointSliceObject[] }).items;
}

async function get<T>(api: KubernetesApi, path: string): Promise<T | undefined> {
  const { status, body } = await api.request('GET', path);
  if (status === 404) return undefined;
  if (status !== 200) throw new Refused(`${path} was not read`, status, body);
  return body as T;
}

async function readMaps(api: KubernetesApi): Promise<{ data: DnsMaps; versions: Map<string, string> }> {
  interface ConfigMap {
    metadata: { resourceVersion: string };
    data?: Record<string, string>;
  }
  const versions = new Map<string, string>();
  const read = async (name: string) => {
    const map = await get<ConfigMap>(api, `${MAPS}/${name}`);
    if (!map) return null;
    versions.set(name, map.metadata.resourceVersion);
    return map.data ?? {};
  };
  return {
    data: {
      coredns: await read('coredns'),
      custom: await read('coredns-custom'),
      kubeDns: await read('kube-dns'),
    },
    versions,
  };
}

/** Fails where somebody changed the map since it was read: it is looked at again soon. */
async function write(
  api: KubernetesApi,
  wiring: Wiring,
  versions: ReadonlyMap<string, string>,
): Promise<string | null> {
  if (wiring.kind === 'done') return null;
  if (wiring.kind === 'problem') return wiring.message;
  const { map, key, value } = wiring;
  const mark = map === 'kube-dns' ? { [STUB_MARK]: value?.includes('clusterset.local') ? 'true' : null } : {};
  const data = { [key]: value, ...mark };
  const resourceVersion = versions.get(map);
  if (resourceVersion === undefined) {
    // Only `coredns-custom` may be missing where something is to be written.
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: map, namespace: 'kube-system' },
      data,
    };
    const made = await api.request('POST', MAPS, object);
    if (made.status !== 201) throw new Refused(`${map} was not made`, made.status, made.body);
    return null;
  }
  const { status, body } = await api.request(
    'PATCH',
    `${MAPS}/${map}?fieldManager=${FIELD_MANAGER}`,
    { metadata: { resourceVersion }, data },
    MERGE,
  );
  if (status === 409) return `${map} was changed by somebody else at this moment: ${reasonOf(body)}`;
  if (status !== 200) throw new Refused(`${map} was not changed`, status, body);
  return null;
}
