/**
 * Kinds of resources, and the calls that every kind has: PUT, PATCH of tags, GET, DELETE, lists. A kind says what its
 * body is, what it keeps of it, how it is shown, and what stands in the way of its end.
 */
import type { z } from 'zod';
import type { MachineOf } from '../fault/passage.ts';
import type { Call, Linked } from './pipeline.ts';
import type { Resource, Subscription } from './state.ts';

/** What every parsed resource body has (see `resourceBody`). */
export interface Body {
  location?: string | undefined;
  tags?: Record<string, string> | undefined;
}

/** A resource as a kind wants it to be. */
export interface Plan<P> {
  properties: P;
  /** Fields beside `properties`, as they are shown. */
  extra?: Record<string, unknown>;
  /** All of its children of one type, where the body names them: others of this type go. */
  children?: { kind: Kind; wanted: { name: string; properties: unknown }[] };
}

export interface Write<B, P> {
  call: Call<B>;
  body: B;
  /** Its id and name, also where it is not there yet. */
  id: string;
  name: string;
  location: string | null;
  guid: string;
  present: Resource<P> | undefined;
  /** Of a child. */
  parent: Resource | undefined;
}

export interface View {
  subscription: Subscription;
  machine: MachineOf;
  baseUrl: string;
  query: URLSearchParams;
}

// Kinds of different bodies stand in one table, and handle only their own.
// biome-ignore lint/suspicious/noExplicitAny: see above
export interface Kind<B extends Body = any, P = any> {
  /** Such as `Microsoft.Network/virtualNetworks/subnets`. */
  type: string;
  apiVersions: readonly string[];
  /** Where it stands: in a location, nowhere (`global`), or where its parent does. */
  place: 'regional' | 'global' | 'child';
  /** Of a child that is told by itself in lists of resources: where it says to stand. */
  location?: 'global';
  /** Its changes and its end are done when they are answered. */
  instant: boolean;
  /** Its changes are done when they are answered; its end takes time. */
  immediate?: boolean;
  /** Where its operations are followed, if not where its namespace's are. */
  follow?: 'dnsOperation' | 'privateDnsOperation';
  body: z.ZodType<B>;
  /** Plans what is asked for. @throws ArmError where it cannot be */
  write(it: Write<B, P>): Plan<P>;
  /** Its `properties`, without the provisioning state. */
  show(it: Resource<P>, view: View): Record<string, unknown>;
  /** Ids of what uses it, and therefore stands in the way of its end. */
  holders(it: Resource<P>, subscription: Subscription): string[];
  /** Ids of its own children that stand in the way of its end, unless the whole group goes. */
  nested?(it: Resource<P>, subscription: Subscription): string[];
  /** How Azure refuses to delete what is held. */
  held(it: Resource<P>, holders: readonly string[]): Error;
  /** Further resources that go with it, beside its children. */
  takesAlong?(it: Resource<P>, subscription: Subscription): string[];
  /** Permissions that its body needs on others. */
  linked?(body: B, subscription: Subscription): Linked[];
  /** It is provisioned when its machine runs. */
  machine?: boolean;
  /** What a valid name is, beside Azure's usual rule. */
  name?: RegExp;
}

/** Names the types of body and properties. */
export const kind = <B extends Body, P>(it: Kind<B, P>): Kind => it as unknown as Kind;
