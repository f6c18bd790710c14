import type {
  AddressState,
  Cloud,
  FirewallState,
  InstanceState,
  NetworkState,
  PeeringState,
  Resource,
} from '@skein/clouds/provider.ts';

type State = NetworkState | PeeringState | FirewallState | AddressState | InstanceState;
/** A collection of a cloud, as far as looking and deleting go: the same for every kind. */
export type Shelf = Pick<Resource<never, State>, 'observe' | 'list' | 'delete'>;

export const SHELVES = {
  network: (cloud) => cloud.networks,
  peering: (cloud) => cloud.peerings,
  firewall: (cloud) => cloud.firewalls,
  address: (cloud) => cloud.addresses,
  instance: (cloud) => cloud.instances,
} as const satisfies Record<string, (cloud: Cloud) => Shelf>;
export type Shelved = keyof typeof SHELVES;

export const isShelved = (kind: string): kind is Shelved => Object.hasOwn(SHELVES, kind);
export const shelfOf = (cloud: Cloud, kind: Shelved): Shelf => SHELVES[kind](cloud);
