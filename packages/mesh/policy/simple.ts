/** The simple form of a policy: ping and some ports are open between all clusters, within a cluster everything is. */
import type { AllowedPort } from '@skein/contract/primitive.ts';
import type { Policy, PolicyRule } from '@skein/contract/rest/policy.ts';

/** The policy that opens these ports. Equal sets of ports give equal policies. */
export function simplePolicy(ports: readonly AllowedPort[]): Policy {
  const everyone = { action: 'allow', from: ['any'], to: ['any'] } satisfies Partial<PolicyRule>;
  const rules: PolicyRule[] = [{ name: 'ping', ...everyone, protocol: 'icmp', ports: [] }];
  for (const protocol of ['tcp', 'udp'] as const) {
    const own = ports.filter((one) => one.protocol === protocol).map((one) => one.port);
    // A rule holds no more ports than the contract lets it.
    const sorted = [...new Set(own)].sort((a, b) => a - b);
    for (let at = 0; at < sorted.length; at += 32)
      rules.push({ name: `open ${protocol} ports`, ...everyone, protocol, ports: sorted.slice(at, at + 32) });
  }
  return { default: 'deny', withinCluster: 'allow', groups: {}, rules, tests: [] };
}

/** The ports of a policy in the simple form, or null where it says more than that. */
export function simplePortsOf(policy: Policy): AllowedPort[] | null {
  const ports = policy.rules.flatMap(({ protocol, ports: own }) =>
    protocol === 'tcp' || protocol === 'udp'
      ? own.flatMap((port) => (typeof port === 'number' ? [{ protocol, port }] : []))
      : [],
  );
  return textOf(policy) === textOf(simplePolicy(ports)) ? ports : null;
}

/** A policy in a text that does not depend on the order of keys. */
function textOf({ default: elsewhere, withinCluster, groups, rules, tests }: Policy): string {
  return JSON.stringify([
    elsewhere,
    withinCluster,
    groups,
    tests,
    rules.map(({ name, action, from, to, protocol, ports }) => [name, action, from, to, protocol, ports]),
  ]);
}
