/** What the kernel must hold for a ground: namespaces, lines for `ip -batch` and filter text; and how to get there. Pure. */
import { type Ground, INTERNET, type Machine, type Realm, SERVICES } from './ground.ts';
import {
  addressAfter,
  edgeMac,
  edgeNamespace,
  INTERNET_BRIDGE,
  INTERNET_NAMESPACE,
  linkName,
  machineNamespace,
  OUTSIDE_ADDRESS,
  OUTSIDE_NAMESPACE,
  SERVICES_LINK,
  TRANSIT,
} from './names.ts';
import type { Numbers } from './numbers.ts';
import { renderEdge, UPLINK } from './plan-filter.ts';
import { OUTSIDE_NUMBER, renderInternet } from './plan-internet.ts';
import { type EdgePeering, peeringFacts, peeringLinks, peeringsOf } from './plan-peering.ts';

/** One thing `ip` makes; `remove` is null where it goes together with another. Equal keys: the same thing, changed. */
export interface Fact {
  key: string;
  add: string;
  remove: string | null;
}

export interface Plan {
  namespaces: readonly string[];
  /** In the order in which they are made; '' is the sealed place's own namespace. */
  facts: Readonly<Record<string, readonly Fact[]>>;
  /** nftables text by namespace. */
  filters: Readonly<Record<string, string>>;
  /** By edge: private address to public one, as flows that are under way were translated. */
  translations: Readonly<Record<string, Readonly<Record<string, string | null>>>>;
}

export const EMPTY_PLAN: Plan = { namespaces: [], facts: {}, filters: {}, translations: {} };

export interface Change {
  removeNamespaces: string[];
  addNamespaces: string[];
  filters: { namespace: string; text: string }[];
  batches: { namespace: string; lines: string[] }[];
  /** By edge: private addresses whose flows were translated as is no longer true. */
  forget: { namespace: string; addresses: string[] }[];
}

export function planOf(ground: Ground, numbers: Numbers): Plan {
  const byRealm = Map.groupBy(ground.machines, ({ realmId }) => realmId);
  const edges = ground.realms.map((realm) => ({
    realm,
    name: edgeNamespace(realm.id),
    machines: byRealm.get(realm.id) ?? [],
    number: numbers.realms[realm.id] as number,
    peerings: peeringsOf(ground, realm),
  }));
  return {
    namespaces: [
      INTERNET_NAMESPACE,
      OUTSIDE_NAMESPACE,
      ...edges.map(({ name }) => name),
      ...edges.flatMap(({ machines }) => machines.map(({ id }) => machineNamespace(id))),
    ],
    facts: {
      '': [
        ...servicesBase(),
        ...edges.flatMap((edge) => servicesOf(edge, numbers)),
        ...peeringLinks(ground, numbers.realms),
      ],
      [INTERNET_NAMESPACE]: [...internetBase(), ...edges.flatMap(internetOf)],
      [OUTSIDE_NAMESPACE]: outside(),
      ...Object.fromEntries(
        edges.map((edge) => [edge.name, [...edgeOf(edge), ...peeringFacts(edge.peerings, numbers.realms)]]),
      ),
    },
    filters: {
      [INTERNET_NAMESPACE]: renderInternet(ground, numbers.realms),
      ...Object.fromEntries(
        edges.map(({ realm, name, machines, peerings }) => [
          name,
          renderEdge(realm, machines, numbers.machines, peerings),
        ]),
      ),
    },
    translations: Object.fromEntries(
      edges.map(({ name, machines }) => [
        name,
        Object.fromEntries(machines.map((m) => [m.privateAddress, m.publicAddress])),
      ]),
    ),
  };
}

interface Edge {
  realm: Realm;
  name: string;
  machines: readonly Machine[];
  number: number;
  peerings: readonly EdgePeering[];
}

const fact = (key: string, add: string, remove: string | null = null): Fact => ({ key, add, remove });
const link = (name: string, rest: string, up: string): Fact[] => [
  fact(`link ${name}`, `link add ${name} ${rest}`, `link delete ${name}`),
  fact(`up ${name}`, `link set ${name} ${up}`),
];
const route = (to: string, rest: string): Fact =>
  fact(`route ${to}`, `route replace ${to} ${rest}`, `route delete ${to}`);

function servicesBase(): Fact[] {
  return [
    ...link(SERVICES_LINK, 'type bridge', 'up'),
    fact('address', `address replace ${TRANSIT.gateway}/${TRANSIT.prefix} dev ${SERVICES_LINK}`),
  ];
}

function servicesOf({ realm, name, machines, number }: Edge, numbers: Numbers): Fact[] {
  const near = linkName('s', realm.id);
  const via = `via ${addressAfter(TRANSIT.edges, number)} dev ${SERVICES_LINK}`;
  return [
    ...link(near, `type veth peer name ${SERVICES_LINK} netns ${name}`, `master ${SERVICES_LINK} up`),
    ...machines.map(({ id }) => route(addressAfter(TRANSIT.machines, numbers.machines[id] as number), via)),
    ...publicAddresses(realm, machines).map((address) => route(address, via)),
  ];
}

function internetBase(): Fact[] {
  return [
    fact('lo', 'link set lo up'),
    ...link(INTERNET_BRIDGE, 'type bridge', 'up'),
    fact('address', `address replace ${INTERNET.router}/18 dev ${INTERNET_BRIDGE}`),
    // What nobody owns is swallowed, as the internet does.
    fact('nowhere', 'route replace blackhole default'),
    ...link(
      'outside',
      `type veth peer name eth0 address ${edgeMac(OUTSIDE_NUMBER)} netns ${OUTSIDE_NAMESPACE}`,
      `master ${INTERNET_BRIDGE} up`,
    ),
    route(OUTSIDE_ADDRESS, `dev ${INTERNET_BRIDGE}`),
  ];
}

function internetOf({ realm, name, machines, number }: Edge): Fact[] {
  const near = linkName('i', realm.id);
  return [
    ...link(
      near,
      `type veth peer name ${UPLINK} address ${edgeMac(number)} netns ${name}`,
      `master ${INTERNET_BRIDGE} up`,
    ),
    ...publicAddresses(realm, machines).map((address) =>
      route(address, `via ${uplinkAddress(number)} dev ${INTERNET_BRIDGE}`),
    ),
  ];
}

function outside(): Fact[] {
  return [
    fact('lo', 'link set lo up'),
    fact('up', 'link set eth0 up'),
    fact('address', `address replace ${OUTSIDE_ADDRESS}/32 dev eth0`),
    fact('router', `route replace ${INTERNET.router} dev eth0`),
    fact('default', `route replace default via ${INTERNET.router} dev eth0`),
  ];
}

function edgeOf({ realm, machines, number }: Edge): Fact[] {
  return [
    fact('lo', 'link set lo up'),
    fact('up internet', `link set ${UPLINK} up`),
    fact('address internet', `address replace ${uplinkAddress(number)}/18 dev ${UPLINK}`),
    fact('default', `route replace default via ${INTERNET.router} dev ${UPLINK}`),
    fact('up services', `link set ${SERVICES_LINK} up`),
    fact(
      'address services',
      `address replace ${addressAfter(TRANSIT.edges, number)}/${TRANSIT.prefix} dev ${SERVICES_LINK}`,
    ),
    fact('services', `route replace ${SERVICES.cidr} via ${TRANSIT.gateway} dev ${SERVICES_LINK}`),
    ...realm.subnets.flatMap(({ cidr, router }) => [
      fact(`router ${router}`, `address replace ${router}/32 dev lo`, `address delete ${router}/32 dev lo`),
      // An address of the subnet that no machine has must not leave by the default route.
      fact(`subnet ${cidr}`, `route replace blackhole ${cidr}`, `route delete blackhole ${cidr}`),
    ]),
    ...machines.flatMap((machine) => machineLink(machine)),
  ];
}

/** Neighbour and route name the machine's one address: nothing else is ever sent over its link. */
function machineLink({ id, macAddress, privateAddress }: Machine): Fact[] {
  const near = linkName('m', id);
  return [
    ...link(near, `type veth peer name eth0 address ${macAddress} netns ${machineNamespace(id)}`, 'up'),
    fact(
      `neighbour ${near}`,
      `neigh replace ${privateAddress} lladdr ${macAddress} dev ${near} nud permanent`,
    ),
    fact(`machine ${near}`, `route replace ${privateAddress} dev ${near} scope link`),
  ];
}

function publicAddresses(realm: Realm, machines: readonly Machine[]): string[] {
  return realm.internet ? machines.flatMap(({ publicAddress }) => publicAddress ?? []) : [];
}

function uplinkAddress(number: number): string {
  return addressAfter(INTERNET.router, number - 1);
}

/**
 * What to do to come from one plan to another. With `everything`, all of `after` is made again (the lines must then be
 * run so that one which fails does not stop the rest): for when it is not known how far the last change came.
 */
export function changeBetween(before: Plan, after: Plan, everything = false): Change {
  const gone = before.namespaces.filter((name) => !after.namespaces.includes(name));
  const added = after.namespaces.filter((name) => !before.namespaces.includes(name));
  return {
    removeNamespaces: gone,
    addNamespaces: added,
    filters: Object.entries(after.filters)
      .filter(([name, text]) => everything || before.filters[name] !== text)
      .map(([namespace, text]) => ({ namespace, text })),
    batches: Object.entries(after.facts)
      .map(([namespace, facts]) => ({
        namespace,
        lines: linesBetween(before.facts[namespace] ?? [], facts, everything),
      }))
      .filter(({ lines }) => lines.length > 0),
    forget: Object.entries(before.translations)
      .filter(([namespace]) => !gone.includes(namespace))
      .map(([namespace, was]) => ({
        namespace,
        addresses: Object.entries(was).flatMap(([address, translated]) =>
          after.translations[namespace]?.[address] === translated ? [] : [address],
        ),
      }))
      .filter(({ addresses }) => addresses.length > 0),
  };
}

function linesBetween(before: readonly Fact[], after: readonly Fact[], everything: boolean): string[] {
  const wanted = new Map(after.map((item) => [item.key, item.add]));
  const stands = new Map(before.map((item) => [item.key, item.add]));
  const removed = before.filter(({ key, add, remove }) => remove !== null && wanted.get(key) !== add);
  // A link made anew has lost what was set on it: its other facts are made again too.
  const remade = new Set(
    removed.filter(({ key }) => key.startsWith('link ') && wanted.has(key)).map(({ key }) => key.slice(5)),
  );
  const added = after.filter(
    ({ key, add }) => everything || stands.get(key) !== add || remade.has(key.split(' ')[1] ?? ''),
  );
  return [...removed.reverse().map(({ remove }) => remove as string), ...added.map(({ add }) => add)];
}
