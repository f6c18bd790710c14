/** Our rules between our form and Google's: one firewall object a protocol and port range, or more for very many sources. Pure. */
import type { protos } from '@google-cloud/compute';
import type { FirewallRule } from '../provider.ts';
import { packRules } from '../rule-pack.ts';
import { type Permission, permissionsOf, rulesOf } from '../rule-set.ts';

export type Firewall = protos.google.cloud.compute.v1.IFirewall;

/** Source ranges that Google takes in one rule. */
export const SOURCES_A_RULE = 5000;

const portsOf = ({ fromPort, toPort }: FirewallRule) =>
  fromPort === toPort ? `${fromPort}` : `${fromPort}-${toPort}`;

/**
 * What each firewall object should hold, by its name. `tag` is the target tag and the names' beginning.
 * @param held the objects as they are: a source stays in the one that it is in
 */
export function wantedFirewalls(
  permissions: readonly Permission[],
  at: { tag: string; network: string; description: (note: string) => string },
  held: readonly Firewall[],
): Map<string, Firewall> {
  const wanted = rulesOf(permissions).flatMap((rule) => {
    const ports = portsOf(rule);
    const nameOf = (part: number) =>
      `${at.tag}-${rule.protocol}-${ports}${part === 0 ? '' : `-part${part + 1}`}`;
    const sources = permissionsOf([rule]);
    const parts = Array.from({ length: Math.ceil(sources.length / SOURCES_A_RULE) }, (_, part) => {
      const ranges = new Set(held.find((one) => one.name === nameOf(part))?.sourceRanges);
      return sources.filter((one) => ranges.has(one.cidr));
    });
    return packRules(sources, parts, SOURCES_A_RULE).map(
      (group, part): Firewall => ({
        name: nameOf(part),
        description: at.description(rule.description),
        network: at.network,
        direction: 'INGRESS',
        priority: 1000,
        disabled: false,
        sourceRanges: group.map((one) => one.cidr).sort(),
        targetTags: [at.tag],
        allowed: [{ IPProtocol: rule.protocol, ports: [ports] }],
      }),
    );
  });
  // A role without any rule has to show somewhere: its denial says what Google's implied rule says anyway.
  const denial: Firewall = {
    name: `${at.tag}-none`,
    description: at.description('no ingress'),
    network: at.network,
    direction: 'INGRESS',
    priority: 65534,
    disabled: false,
    sourceRanges: ['0.0.0.0/0'],
    targetTags: [at.tag],
    denied: [{ IPProtocol: 'all' }],
  };
  return new Map((wanted.length > 0 ? wanted : [denial]).map((one) => [one.name ?? '', one]));
}

/** Whether a firewall object lets in exactly what another does. Google keeps no order in its lists. */
export function sameFirewall(a: Firewall, b: Firewall): boolean {
  return formOf(a) === formOf(b);
}

function formOf(one: Firewall): string {
  const list = (values: readonly string[] | null | undefined) => [...(values ?? [])].sort();
  const protocols = (held: Firewall['allowed']) =>
    (held ?? []).map(({ IPProtocol, ports }) => `${IPProtocol?.toLowerCase()} ${list(ports).join()}`).sort();
  return JSON.stringify([
    one.direction ?? 'INGRESS',
    one.priority ?? 1000,
    one.disabled ?? false,
    list(one.sourceRanges),
    list(one.sourceTags),
    list(one.sourceServiceAccounts),
    list(one.targetTags),
    protocols(one.allowed),
    protocols(one.denied),
  ]);
}

/** What firewall objects let in, in our form, and in words what that form cannot say. */
export function heldRules(held: readonly Firewall[]): { rules: FirewallRule[]; foreign: string[] } {
  const permissions: Permission[] = [];
  const foreign: string[] = [];
  for (const one of held) {
    if (one.disabled) continue;
    if (one.sourceTags?.length || one.sourceServiceAccounts?.length)
      foreign.push(`${one.name}: from tags or service accounts`);
    for (const { IPProtocol, ports } of one.allowed ?? []) {
      if ((IPProtocol !== 'udp' && IPProtocol !== 'tcp') || !ports?.length) {
        foreign.push(`${one.name}: all of ${IPProtocol}`);
        continue;
      }
      for (const range of ports) {
        const [from, to] = range.split('-').map(Number);
        for (const cidr of one.sourceRanges ?? []) {
          permissions.push({
            protocol: IPProtocol,
            fromPort: from ?? 0,
            toPort: to ?? from ?? 0,
            cidr,
            description: one.description?.replace(/^.*? \| /s, '') ?? '',
          });
        }
      }
    }
  }
  return { rules: rulesOf(permissions), foreign };
}
