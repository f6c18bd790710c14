/** The rules of a role: firewall objects that target its tag. The tag is what stands for the group. */
import { allOf, waitFor } from '../bounded-wait.ts';
import type { CallContext, FirewallSpec, FirewallState, Keyed, Resource } from '../provider.ts';
import { permissionsOf } from '../rule-set.ts';
import { within } from '../within.ts';
import type { Connection } from './connection.ts';
import { make, oursOnly } from './find-or-make.ts';
import { type Firewall, heldRules, SOURCES_A_RULE, sameFirewall, wantedFirewalls } from './firewall-rules.ts';
import { unlessGone } from './network.ts';
import { describe, isOf, nameFor, ownerIn } from './ownership.ts';

export function firewalls(connection: Connection): Resource<FirewallSpec, FirewallState> {
  const { project, region } = connection;

  const objectsOf = async (at: Keyed, context: CallContext): Promise<Firewall[]> => {
    const filter = `name eq ${nameFor(at)}-.*`;
    const found = await connection.askAll('listing firewall rules', context, (on, options) =>
      on.firewalls.listAsync({ project, filter }, options),
    );
    return found.filter((one) => isOf(one.description, at));
  };
  const get = (firewall: string, context: CallContext) =>
    connection.askUnlessGone('reading the firewall rule', context, (on, options) =>
      on.firewalls.get({ project, firewall }, options),
    );
  const stateOf = (at: Keyed, held: readonly Firewall[]): FirewallState => ({
    externalId: nameFor(at),
    more: [],
    ...heldRules(held),
  });

  const remove = (firewall: string, context: CallContext) =>
    unlessGone(
      connection.change('deleting a firewall rule', context, (on, requestId, options) =>
        on.firewalls.delete({ project, firewall, requestId }, options),
      ),
    );

  async function ensure(name: string, wanted: Firewall, spec: FirewallSpec, context: CallContext) {
    const kind = 'firewall rule';
    const steps = {
      kind,
      at: spec,
      get: () => get(name, context),
      insert: () =>
        connection.change('creating a firewall rule', context, (on, requestId, options) =>
          on.firewalls.insert({ project, requestId, firewallResource: wanted }, options),
        ),
    };
    const found = oursOnly(await steps.get(), spec, kind) ?? (await make(steps, context));
    if (!found || sameFirewall(found, wanted)) return;
    // Update, not patch: what the wanted form leaves out (source tags, say) must go.
    await connection.change('changing a firewall rule', context, (on, requestId, options) =>
      on.firewalls.update({ project, firewall: name, requestId, firewallResource: wanted }, options),
    );
  }

  return {
    async observe(at, context) {
      const held = await objectsOf(at, context);
      return held.length > 0 ? stateOf(at, held) : undefined;
    },

    async reconcile(spec, context) {
      const tag = nameFor(spec);
      const permissions = permissionsOf(spec.rules);
      // Where one object holds all, what is in which need not be known.
      const held = permissions.length > SOURCES_A_RULE ? await objectsOf(spec, context) : [];
      const network = spec.network.externalId;
      const description = (note: string) => describe(spec, region, note);
      const wanted = wantedFirewalls(permissions, { tag, network, description }, held);
      await allOf([...wanted].map(([name, one]) => ensure(name, one, spec, context)));
      let seen: Firewall[] | undefined = await objectsOf(spec, context);
      for (const one of seen) if (one.name && !wanted.has(one.name)) await remove(one.name, context);
      return waitFor(
        async () => {
          const held = seen ?? (await objectsOf(spec, context));
          seen = undefined;
          const asPlanned =
            held.length === wanted.size &&
            held.every((one) => sameFirewall(one, wanted.get(one.name ?? '') ?? {}));
          return asPlanned ? stateOf(spec, held) : undefined;
        },
        { what: `the firewall rules of ${tag} to be as planned`, limitSeconds: 60, context },
      );
    },

    async delete(at, context) {
      for (const one of await objectsOf(at, context)) {
        if (oursOnly(one, at, 'firewall rule')?.name) await remove(one.name ?? '', context);
      }
    },

    async list(owner, context) {
      const all = await connection.askAll('listing firewall rules', context, (on, options) =>
        on.firewalls.listAsync({ project, filter: 'name eq skein-.*' }, options),
      );
      const groups = new Map<string, { at: Keyed; held: Firewall[] }>();
      for (const one of all) {
        const by = ownerIn(one.description);
        if (!by || by.region !== region || !within(by.owner, owner)) continue;
        const at = { owner: by.owner, key: by.key };
        const group = groups.get(nameFor(at)) ?? { at, held: [] };
        group.held.push(one);
        groups.set(nameFor(at), group);
      }
      return [...groups.values()].map(({ at, held }) => ({ ...stateOf(at, held), ...at }));
    },
  };
}
