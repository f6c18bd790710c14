/** Resources whose SDK is loaded with their first call: a process that only shows forms need not carry it. */
import type { Keyed, Resource } from './provider.ts';

/** @param load is called with each call; it should remember what it loaded. */
export function lateResource<Spec extends Keyed, State>(
  load: () => Promise<Resource<Spec, State>>,
): Resource<Spec, State> {
  return {
    observe: async (at, context) => (await load()).observe(at, context),
    reconcile: async (spec, context) => (await load()).reconcile(spec, context),
    delete: async (at, context) => (await load()).delete(at, context),
    list: async (owner, context) => (await load()).list(owner, context),
  };
}
