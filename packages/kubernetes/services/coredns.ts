/**
 * How a cluster's DNS comes to ask the agents for `clusterset.local`. Only what is ours is written and taken back; where
 * somebody else serves that zone already it stays theirs.
 */
import { CLUSTERSET_ZONE } from '@skein/contract/agent/service.ts';
import { type KubernetesObject, MANAGED, NAMESPACE } from '../object.ts';

export const DNS_SERVICE = 'skein-dns';
/** Where agents answer pods, TCP and UDP; clear of resolvers on the node. */
export const DNS_PORT = 5399;
export const CUSTOM_KEY = 'skein.server';

const BEGIN = '# skein: begin';
const END = '# skein: end';

/** The server block of CoreDNS. The cache is as short as the answers, so that failover is seen in time. */
export function serverBlock(address: string): string {
  return `${CLUSTERSET_ZONE}:53 {
    errors
    cache 5 {
        denial 1000 2
    }
    forward . ${address} {
        policy sequential
        max_concurrent 1000
    }
}
`;
}

/** What a cluster's DNS is made of, as its ConfigMaps of kube-system say. */
export interface DnsMaps {
  coredns: Record<string, string> | null;
  custom: Record<string, string> | null;
  kubeDns: Record<string, string> | null;
}

export type Wiring =
  /** A key of a ConfigMap that is to have this value; null takes it away. */
  | { kind: 'set'; map: 'coredns' | 'coredns-custom' | 'kube-dns'; key: string; value: string | null }
  | { kind: 'done' }
  | { kind: 'problem'; message: string };

/**
 * k3s and AKS read further server blocks from `coredns-custom`; kubeadm and EKS have one Corefile; GKE's kube-dns has stub
 * domains.
 * @param address of the Service of agents
 */
export function wire({ coredns, custom, kubeDns }: DnsMaps, address: string): Wiring {
  const corefile = coredns?.Corefile;
  if (corefile !== undefined && /^\s*import\s+\S*custom\/\S*\.server/m.test(corefile)) {
    const others = Object.entries(custom ?? {}).filter(([key]) => key !== CUSTOM_KEY);
    const taken = others.find(([, text]) => servesZone(text));
    if (taken || servesZone(corefile)) return takenBy(taken ? `coredns-custom (${taken[0]})` : 'coredns');
    return change('coredns-custom', CUSTOM_KEY, custom?.[CUSTOM_KEY], serverBlock(address));
  }
  if (corefile !== undefined) {
    const bare = withoutOurs(corefile);
    if (servesZone(bare)) return takenBy('coredns (Corefile)');
    const ours = `${BEGIN}\n${serverBlock(address)}${END}\n`;
    const value = `${bare}${bare === '' || bare.endsWith('\n') ? '' : '\n'}${ours}`;
    return change('coredns', 'Corefile', corefile, value);
  }
  if (kubeDns) {
    const stubs = stubsOf(kubeDns.stubDomains);
    if (!stubs)
      return {
        kind: 'problem',
        message: 'The stub domains of kube-dns cannot be read: they stay as they are.',
      };
    const before = stubs[CLUSTERSET_ZONE];
    if (before !== undefined && kubeDns[STUB_MARK] === undefined) return takenBy('kube-dns (stubDomains)');
    return change(
      'kube-dns',
      'stubDomains',
      kubeDns.stubDomains,
      JSON.stringify({ ...stubs, [CLUSTERSET_ZONE]: [address] }),
    );
  }
  return {
    kind: 'problem',
    message: `Neither CoreDNS nor kube-dns was found: nothing forwards ${CLUSTERSET_ZONE}.`,
  };
}

/** Takes back what `wire` wrote, and nothing else. */
export function unwire({ coredns, custom, kubeDns }: DnsMaps): Wiring {
  if (custom?.[CUSTOM_KEY] !== undefined)
    return { kind: 'set', map: 'coredns-custom', key: CUSTOM_KEY, value: null };
  const corefile = coredns?.Corefile;
  if (corefile !== undefined && withoutOurs(corefile) !== corefile)
    return { kind: 'set', map: 'coredns', key: 'Corefile', value: withoutOurs(corefile) };
  const stubs = stubsOf(kubeDns?.stubDomains);
  if (kubeDns?.[STUB_MARK] !== undefined && stubs) {
    const { [CLUSTERSET_ZONE]: _, ...others } = stubs;
    const value = Object.keys(others).length > 0 ? JSON.stringify(others) : null;
    return { kind: 'set', map: 'kube-dns', key: 'stubDomains', value };
  }
  return { kind: 'done' };
}

/** Says in kube-dns's ConfigMap that the stub domain in it is ours: JSON has no comments. */
export const STUB_MARK = 'skein.dev-stub-domain';

/** The Service that the cluster's DNS asks. */
export function dnsService(): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: NAMESPACE, name: DNS_SERVICE, labels: { ...MANAGED } },
    spec: {
      type: 'ClusterIP',
      ipFamilyPolicy: 'SingleStack',
      ipFamilies: ['IPv4'],
      ports: ['UDP', 'TCP'].map((protocol) => ({
        name: `dns-${protocol.toLowerCase()}`,
        protocol,
        port: 53,
      })),
    },
  };
}

/** One agent that answers there. Each has a slice of its own, so that none writes what is another's. */
export function dnsSlice(peerId: string, address: string): KubernetesObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: NAMESPACE,
      name: dnsSliceName(peerId),
      labels: {
        ...MANAGED,
        'kubernetes.io/service-name': DNS_SERVICE,
        'endpointslice.kubernetes.io/managed-by': 'agent.skein.dev',
      },
    },
    addressType: 'IPv4',
    ports: ['UDP', 'TCP'].map((protocol) => ({
      name: `dns-${protocol.toLowerCase()}`,
      protocol,
      port: DNS_PORT,
    })),
    endpoints: [{ addresses: [address], conditions: { ready: true, serving: true, terminating: false } }],
  };
}

/** Ids have an underscore, which names of objects must not. */
export function dnsSliceName(peerId: string): string {
  return `${DNS_SERVICE}-${peerId.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-')}`;
}

/** A Corefile without what is ours. */
export function withoutOurs(corefile: string): string {
  const from = corefile.indexOf(BEGIN);
  const to = corefile.indexOf(END);
  if (from < 0 || to < from) return corefile;
  return corefile.slice(0, from) + corefile.slice(to + END.length).replace(/^\n/, '');
}

function servesZone(corefile: string): boolean {
  const bare = corefile.replaceAll(/#.*$/gm, '');
  // A server block of the zone, or a plugin that serves it, as CoreDNS's own for this standard does.
  return new RegExp(`(^|[\\s,])${CLUSTERSET_ZONE.replaceAll('.', '\\.')}\\.?(:\\d+)?([\\s,{]|$)`, 'm').test(
    bare,
  );
}

function stubsOf(text: string | undefined): Record<string, string[]> | undefined {
  if (text === undefined || text === '') return {};
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, string[]>)
      : undefined;
  } catch {
    return undefined;
  }
}

function change(
  map: 'coredns' | 'coredns-custom' | 'kube-dns',
  key: string,
  before: string | undefined,
  value: string,
): Wiring {
  return before === value ? { kind: 'done' } : { kind: 'set', map, key, value };
}

function takenBy(what: string): Wiring {
  return {
    kind: 'problem',
    message: `${what} of kube-system serves ${CLUSTERSET_ZONE} already, and not by Skein: it stays as it is.`,
  };
}
