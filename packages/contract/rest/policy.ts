/**
 * Who may begin what with whom. Rules are read from the top, the first that matches decides, and where none does a
 * default: one for traffic within a cluster, one for all other. What was begun rightly is answered freely. Names at
 * gateways and the probes of Skein's own agents are always open.
 */
import { z } from 'zod';
import { Label, Labels, PolicyAction, PolicyProtocol, Port } from '../primitive.ts';

const NAME = '[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?';
const SELECTOR = new RegExp(
  [
    'any',
    `cluster:${NAME}`,
    `peer:${NAME}\\.${NAME}`,
    `range:${NAME}\\.${NAME}`,
    'service:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?',
    `pods:${NAME}`,
    'label:[a-z](?:[a-z0-9_-]{0,38}[a-z0-9])?=[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?',
    `group:${NAME}`,
  ]
    .map((form) => `^${form}$`)
    .join('|'),
);

/**
 * Peers, ranges and pods in a word: all, those of a cluster, one peer, one range, a cluster's pods, the hosts of a service,
 * peers with a label, those of a group of the policy.
 */
export const Selector = z
  .string()
  .regex(
    SELECTOR,
    'must be any, cluster:NAME, peer:NAME.CLUSTER, range:NAME.CLUSTER, pods:CLUSTER, service:NAMESPACE/NAME, label:KEY=VALUE or group:NAME',
  );
export type Selector = z.infer<typeof Selector>;

/** One port, or the first and the last of several: `8000-8099`. */
const Ports = z.union([
  Port,
  z
    .string()
    .regex(/^[1-9]\d{0,4}-[1-9]\d{0,4}$/, 'must be a port, or two such as "8000-8099"')
    .refine((text) => {
      const [first = 0, last = 0] = text.split('-').map(Number);
      return first <= last && last <= 65535;
    }, 'must go from the lower to the higher, up to 65535'),
]);

/** Rules that a policy may hold, and what each may. */
export const MOST_RULES = 200;
const Selectors = z.array(Selector).min(1).max(32);

export const PolicyRule = z
  .object({
    name: z.string().min(1).max(80).optional(),
    action: PolicyAction,
    from: Selectors,
    to: Selectors,
    protocol: PolicyProtocol.default('any'),
    ports: z.array(Ports).max(32).default([]).describe('All where there are none'),
  })
  .refine((rule) => rule.ports.length === 0 || rule.protocol === 'tcp' || rule.protocol === 'udp', {
    path: ['ports'],
    message: 'only tcp and udp have ports',
  });
export type PolicyRule = z.infer<typeof PolicyRule>;

/** What must hold between all of `from` and all of `to`, or the policy is not saved. */
export const PolicyTest = z
  .object({
    from: Selector,
    to: Selector,
    protocol: PolicyProtocol.exclude(['any']),
    port: Port.optional(),
    expect: PolicyAction,
  })
  .refine((test) => (test.protocol === 'icmp') === (test.port === undefined), {
    path: ['port'],
    message: 'is needed with tcp and udp, and means nothing with icmp',
  });
export type PolicyTest = z.infer<typeof PolicyTest>;

export const Policy = z
  .object({
    default: PolicyAction.describe('Between clusters, where no rule matches'),
    withinCluster: PolicyAction.default('allow').describe(
      'Between peers of one cluster, where no rule matches',
    ),
    groups: z
      .record(
        Label,
        z
          .array(Selector.refine((text) => !text.startsWith('group:'), 'a group holds no other group'))
          .max(200),
      )
      .refine((groups) => Object.keys(groups).length <= 100, 'must be no more than 100 groups')
      .default({}),
    rules: z.array(PolicyRule).max(MOST_RULES),
    tests: z.array(PolicyTest).max(200).default([]),
  })
  .superRefine(({ groups, rules, tests }, context) => {
    const named = (text: string, path: (string | number)[]) => {
      const group = text.startsWith('group:') ? text.slice(6) : undefined;
      if (group !== undefined && !Object.hasOwn(groups, group))
        context.addIssue({ code: 'custom', path, message: `there is no group ${group} in this policy` });
    };
    for (const [index, rule] of rules.entries())
      for (const side of ['from', 'to'] as const)
        for (const [at, text] of rule[side].entries()) named(text, ['rules', index, side, at]);
    for (const [index, test] of tests.entries())
      for (const side of ['from', 'to'] as const) named(test[side], ['tests', index, side]);
  });
export type Policy = z.infer<typeof Policy>;

/** A network's policy. `number` rises with every change, and whoever changes it says which one they have seen. */
export const PolicyView = z.object({ number: z.int(), policy: Policy });
export type PolicyView = z.infer<typeof PolicyView>;

/** A policy that was saved. Agents have it once they have applied the network's `revision`. */
export const SavedPolicy = PolicyView.extend({ revision: z.int() });
export type SavedPolicy = z.infer<typeof SavedPolicy>;

export const SavePolicy = z.object({
  policy: Policy,
  seen: z.int().min(0).describe('The `number` of the policy that was changed into this one'),
});

/** What decides about a flow: a rule by its place in `rules`, from 0, a default, or that it is Skein's own. */
export const PolicyDecision = z.object({
  verdict: PolicyAction,
  by: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('rule'), index: z.int(), name: z.string().nullable() }),
    z.object({ kind: z.literal('within-cluster') }),
    z.object({ kind: z.literal('default') }),
    z.object({ kind: z.literal('own-service'), service: z.enum(['names', 'probes']) }),
  ]),
});
export type PolicyDecision = z.infer<typeof PolicyDecision>;

/** How a test of a policy came out. */
export const PolicyTestResult = z.object({
  index: z.int(),
  passed: z.boolean(),
  /** In words: which pair is decided otherwise, and by what. */
  message: z.string(),
});
export type PolicyTestResult = z.infer<typeof PolicyTestResult>;

/** Flows that a policy opens or cuts, where the one before decided otherwise. */
export const PolicyFlow = z.object({
  from: z.string().describe('In words: a cluster, or peers of it'),
  to: z.string(),
  protocol: PolicyProtocol,
  ports: z.string().describe('`5432`, `8000-8099`, or empty for all'),
  effect: z.enum(['opened', 'cut']),
});
export type PolicyFlow = z.infer<typeof PolicyFlow>;

/** What saving a policy would come to. */
export const PolicyTrial = z.object({
  tests: z.array(PolicyTestResult),
  flows: z.array(PolicyFlow),
  /** Flows are too many to tell them all. */
  more: z.boolean(),
  warnings: z.array(z.string()),
});
export type PolicyTrial = z.infer<typeof PolicyTrial>;

export const PolicyQuestion = z
  .object({
    policy: Policy.optional().describe('The network’s own when left out'),
    from: Selector.default('any'),
    to: Selector,
    protocol: PolicyProtocol.exclude(['any']),
    port: Port.optional(),
  })
  .refine((asked) => (asked.protocol === 'icmp') === (asked.port === undefined), {
    path: ['port'],
    message: 'is needed with tcp and udp, and means nothing with icmp',
  });
export type PolicyQuestion = z.infer<typeof PolicyQuestion>;

/**
 * Who may begin this with whom: `NAME.CLUSTER` of a peer, `range:NAME.CLUSTER` of a range, `pods:CLUSTER` of pods, and what
 * decides.
 */
export const PolicyAnswer = z.object({
  pairs: z.array(z.object({ from: z.string(), to: z.string(), decision: PolicyDecision })),
  /** Pairs are too many to tell them all. */
  more: z.boolean(),
});
export type PolicyAnswer = z.infer<typeof PolicyAnswer>;

/** Labels of a peer or a cluster, all of them. */
export const LabelChange = z.object({ labels: Labels });
