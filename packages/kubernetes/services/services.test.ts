import { ImportedService, MOST_ENDPOINTS } from '@skein/contract/agent/service.ts';
import { describe, expect, it } from 'vitest';
import { exportConditions, withTimes } from './conditions.ts';
import { CUSTOM_KEY, serverBlock, unwire, type Wiring, wire, withoutOurs } from './coredns.ts';
import { exportOf } from './export.ts';
import { derivedName, derivedService, heldSlice, importObject, importSlice } from './import.ts';
import type { EndpointSliceObject, ServiceObject } from './objects.ts';

const WISH = { metadata: { namespace: 'shop', name: 'cart', creationTimestamp: '2026-11-21T12:00:00Z' } };
const service = (spec: Partial<ServiceObject['spec']> = {}): ServiceObject => ({
  metadata: { namespace: 'shop', name: 'cart' },
  spec: {
    clusterIP: '10.0.0.1',
    ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 'web' }],
    ...spec,
  },
});
const slice = (
  port: number,
  endpoints: NonNullable<EndpointSliceObject['endpoints']>,
  more: Partial<EndpointSliceObject> = {},
): EndpointSliceObject => ({
  metadata: { namespace: 'shop', name: `cart-${port}` },
  addressType: 'IPv4',
  ports: [{ name: 'http', port }],
  endpoints,
  ...more,
});
const exported = (...args: Parameters<typeof exportOf>) => {
  const found = exportOf(...args);
  if (!found.valid) throw new Error(found.message);
  return found;
};

describe('reading an export', () => {
  it('takes what the Service says, and the ports at which most endpoints listen', () => {
    const some = [
      slice(8080, [{ addresses: ['10.1.0.1'] }, { addresses: ['10.1.0.2'], conditions: { ready: false } }]),
      slice(9090, [{ addresses: ['10.1.0.3'], hostname: 'pet-0', nodeName: 'n1', zone: 'z' }]),
      slice(8080, [{ addresses: ['fd00::1'] }], { addressType: 'IPv6' }),
    ];
    const found = exported(WISH, service(), some);
    expect(found.export).toMatchObject({
      type: 'ClusterSetIP',
      exportedAt: '2026-11-21T12:00:00.000Z',
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
      sessionAffinity: 'None',
      sessionAffinitySeconds: null,
      internalTrafficPolicy: 'Cluster',
    });
    expect(found.endpoints).toEqual([
      { address: '10.1.0.1', ready: true },
      { address: '10.1.0.2', ready: false },
      { address: '10.1.0.3', ready: true, hostname: 'pet-0', node: 'n1', zone: 'z', ports: { http: 9090 } },
    ]);
  });

  it('knows headless ones, affinity, and labels that are exported', () => {
    const wish = { ...WISH, spec: { exportedLabels: { tier: 'web' }, exportedAnnotations: { a: 'b' } } };
    const affine = {
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10 } },
    };
    expect(exported(wish, service({ clusterIP: 'None', ...affine }), []).export).toMatchObject({
      type: 'Headless',
      sessionAffinity: 'ClientIP',
      sessionAffinitySeconds: 10,
      labels: { tier: 'web' },
      annotations: { a: 'b' },
      // Without endpoints nobody knows where `web` is.
      ports: [{ targetPort: 80 }],
    });
  });

  it('takes an address that is in two slices once, ready if it is in one', () => {
    const twice = [
      slice(8080, [{ addresses: ['10.1.0.1'], conditions: { ready: false } }]),
      slice(8080, [{ addresses: ['10.1.0.1'] }]),
    ];
    for (const some of [twice, [...twice].reverse()])
      expect(exported(WISH, service(), some).endpoints).toEqual([{ address: '10.1.0.1', ready: true }]);
  });

  it('tells the ready ones where there are more than may be told', () => {
    const many = Array.from({ length: MOST_ENDPOINTS + 10 }, (_, at) => ({
      addresses: [`10.1.${at >> 8}.${at & 255}`],
      conditions: { ready: at >= 10 },
    }));
    const { endpoints } = exported(WISH, service(), [slice(8080, many)]);
    expect(endpoints).toHaveLength(MOST_ENDPOINTS);
    expect(endpoints.every(({ ready }) => ready)).toBe(true);
  });

  it.each([
    [undefined, 'NoService'],
    [service({ type: 'ExternalName' }), 'InvalidServiceType'],
    [service({ ports: [{ port: 0 }] }), 'NotExportable'],
  ])('says why it is none', (one, reason) =>
    expect(exportOf(WISH, one, [])).toMatchObject({ valid: false, reason }),
  );
});

const IMPORT = ImportedService.parse({
  namespace: 'shop',
  name: 'cart',
  type: 'ClusterSetIP',
  sessionAffinity: 'None',
  sessionAffinitySeconds: null,
  internalTrafficPolicy: 'Cluster',
  trafficDistribution: null,
  labels: {},
  annotations: {},
  ports: [
    { name: 'http', protocol: 'TCP', port: 80, appProtocol: null },
    { name: 'admin', protocol: 'TCP', port: 81, appProtocol: 'http' },
  ],
  conflict: null,
  sources: [
    {
      cluster: 'east',
      distance: 0,
      gone: false,
      ports: [
        { name: 'http', protocol: 'TCP', port: 80, appProtocol: null, targetPort: 8080 },
        { name: 'admin', protocol: 'TCP', port: 81, appProtocol: null, targetPort: 8181 },
      ],
    },
  ],
});
const OWNER = { uid: 'u1' };

describe('objects of an import', () => {
  const [http] = IMPORT.ports;
  if (!http) throw new Error('no port');
  const endpoints = [{ address: '10.1.0.1', ready: true, hostname: 'pet-0', node: 'n1' }];

  it('a derived Service is named by a hash, the same for the same service', () => {
    expect(derivedName(IMPORT)).toBe(derivedName({ namespace: 'shop', name: 'cart' }));
    expect(derivedName(IMPORT)).not.toBe(derivedName({ namespace: 'shop', name: 'other' }));
    expect(derivedService(IMPORT, OWNER)).toMatchObject({
      metadata: { ownerReferences: [{ kind: 'ServiceImport', name: 'cart', uid: 'u1' }] },
      spec: {
        type: 'ClusterIP',
        ports: [
          { name: 'http', port: 80 },
          { name: 'admin', appProtocol: 'http' },
        ],
      },
    });
    expect(derivedService(IMPORT, OWNER)).not.toHaveProperty('spec.selector');
  });

  it('a headless import has no address', () => {
    expect(importObject(IMPORT, ['10.0.0.9'])).toMatchObject({ spec: { ips: ['10.0.0.9'] } });
    expect(importObject({ ...IMPORT, type: 'Headless' }, [])).not.toHaveProperty('spec.ips');
  });

  it('a slice leads where it is chosen, at the ports for which it is, and is seen where it is not', () => {
    const made = (ports: typeof IMPORT.ports, odd = '') =>
      importSlice(IMPORT, 'east', { number: 3, ports: odd, endpoints }, ports, OWNER);
    const chosen = made([http]);
    expect(chosen).toMatchObject({
      metadata: {
        name: `${derivedName(IMPORT)}-east-3`,
        labels: { 'kubernetes.io/service-name': derivedName(IMPORT) },
      },
      ports: [{ name: 'http', port: 8080 }],
      endpoints: [{ addresses: ['10.1.0.1'], hostname: 'pet-0', nodeName: 'n1' }],
    });
    const passedOver = made([]);
    expect(passedOver.metadata.labels).not.toHaveProperty('kubernetes.io/service-name');
    expect(passedOver.metadata.labels).toMatchObject({ 'service.kubernetes.io/service-proxy-name': 'skein' });
    expect(passedOver.ports).toHaveLength(2);
    expect(made([http], '[["http",9090]]').ports).toMatchObject([{ name: 'http', port: 9090 }]);
  });

  it('a slice is read back as it was planned, and no stranger’s is', () => {
    const made = importSlice(IMPORT, 'east', { number: 3, ports: '[["http",9090]]', endpoints }, [], OWNER);
    const read = made as unknown as EndpointSliceObject;
    expect(heldSlice(read)).toEqual({
      cluster: 'east',
      number: 3,
      ports: '[["http",9090]]',
      addresses: ['10.1.0.1'],
    });
    expect(heldSlice(slice(8080, []))).toBeUndefined();
  });
});

describe('conditions', () => {
  const valid = exported(WISH, service(), []);
  const conflict = { reasons: ['PortConflict', 'TypeConflict'], message: 'why' };
  const gist = (...args: Parameters<typeof exportConditions>) =>
    exportConditions(...args).map(({ type, status, reason }) => `${type} ${status} ${reason}`);

  it.each([
    [undefined, ['Valid True Valid', 'Ready False Pending', 'Conflict False NoConflicts']],
    [{ conflict, counted: false }, ['Valid True Valid', 'Ready False Pending', 'Conflict False NoConflicts']],
    [
      { conflict, counted: true },
      ['Valid True Valid', 'Ready True Exported', 'Conflict True PortConflict,TypeConflict'],
    ],
  ])('follow what the network says', (imported, wanted) => expect(gist(valid, imported)).toEqual(wanted));

  it('keep their time until they change', () => {
    const said = exportConditions(valid, undefined);
    const first = withTimes(said, [], 1, new Date('2026-11-21T12:00:00.500Z'));
    expect(first[0]?.lastTransitionTime).toBe('2026-11-21T12:00:00Z');
    const later = new Date('2026-11-21T13:00:00Z');
    expect(withTimes(said, first, 1, later)).toEqual(first);
    const ready = withTimes(exportConditions(valid, { conflict: null, counted: true }), first, 1, later);
    expect(ready.map(({ lastTransitionTime }) => lastTransitionTime.slice(11, 13))).toEqual([
      '12',
      '13',
      '12',
    ]);
  });
});

describe('the cluster’s DNS', () => {
  const corefile = '.:53 {\n    kubernetes cluster.local\n}\n';
  const none = { coredns: null, custom: null, kubeDns: null };
  const kubeadm = { ...none, coredns: { Corefile: corefile } };
  const k3s = { ...none, coredns: { Corefile: `${corefile}import /etc/coredns/custom/*.server\n` } };
  const aks = { ...none, coredns: { Corefile: `${corefile}import custom/*.server\n` }, custom: {} };
  const gke = { ...none, kubeDns: { stubDomains: '{"corp.example":["10.9.9.9"]}' } };
  const value = (wiring: Wiring) => (wiring.kind === 'set' ? wiring.value : undefined);

  it('k3s and AKS get a key of coredns-custom', () => {
    for (const maps of [k3s, aks])
      expect(wire(maps, '10.0.0.53')).toEqual({
        kind: 'set',
        map: 'coredns-custom',
        key: CUSTOM_KEY,
        value: serverBlock('10.0.0.53'),
      });
    const wired = { ...k3s, custom: { [CUSTOM_KEY]: serverBlock('10.0.0.53'), other: 'x' } };
    expect(wire(wired, '10.0.0.53')).toEqual({ kind: 'done' });
    expect(wire(wired, '10.0.0.54')).toMatchObject({ kind: 'set' });
    expect(unwire(wired)).toMatchObject({ map: 'coredns-custom', key: CUSTOM_KEY, value: null });
  });

  it('kubeadm and EKS get a block of their Corefile, which is taken back to the letter', () => {
    for (const text of [corefile, corefile.trimEnd()]) {
      const wired = value(wire({ ...none, coredns: { Corefile: text } }, '10.0.0.53')) ?? '';
      expect(wired.startsWith(text)).toBe(true);
      expect(wire({ ...none, coredns: { Corefile: wired } }, '10.0.0.53')).toEqual({ kind: 'done' });
      expect(withoutOurs(wired).trimEnd()).toBe(text.trimEnd());
      expect(value(unwire({ ...none, coredns: { Corefile: wired } }))?.trimEnd()).toBe(text.trimEnd());
      // Another address replaces the block, and does not add one.
      const moved = value(wire({ ...none, coredns: { Corefile: wired } }, '10.0.0.54')) ?? '';
      expect(moved.match(/clusterset\.local/g)).toHaveLength(1);
    }
  });

  it('GKE gets a stub domain beside those that are there', () => {
    const wired = value(wire(gke, '10.0.0.53'));
    expect(JSON.parse(wired ?? '')).toEqual({
      'corp.example': ['10.9.9.9'],
      'clusterset.local': ['10.0.0.53'],
    });
    const marked = { stubDomains: wired ?? '', 'skein.dev-stub-domain': 'true' };
    expect(wire({ ...none, kubeDns: marked }, '10.0.0.53')).toEqual({ kind: 'done' });
    expect(JSON.parse(value(unwire({ ...none, kubeDns: marked })) ?? '')).toEqual({
      'corp.example': ['10.9.9.9'],
    });
  });

  it.each([
    ['a block of its own', { ...none, coredns: { Corefile: `${corefile}clusterset.local:53 {\n}\n` } }],
    [
      'CoreDNS’s own plugin',
      { ...none, coredns: { Corefile: '.:53 {\n    multicluster clusterset.local\n}\n' } },
    ],
    ['a key of coredns-custom', { ...k3s, custom: { 'x.server': 'clusterset.local {\n}\n' } }],
    ['a stub domain', { ...none, kubeDns: { stubDomains: '{"clusterset.local":["10.9.9.9"]}' } }],
    ['stub domains that cannot be read', { ...none, kubeDns: { stubDomains: 'no JSON' } }],
  ])('%s of somebody else stays as it is', (_, maps) => {
    expect(wire(maps, '10.0.0.53').kind).toBe('problem');
    expect(unwire(maps)).toEqual({ kind: 'done' });
  });

  it('a comment that names the zone is nobody’s', () =>
    expect(
      wire({ ...none, coredns: { Corefile: `# clusterset.local\n${corefile}` } }, '10.0.0.53').kind,
    ).toBe('set'));

  it('says so where there is no DNS that it knows', () => {
    expect(wire(none, '10.0.0.53').kind).toBe('problem');
    expect(unwire(kubeadm)).toEqual({ kind: 'done' });
  });
});
